import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { runFerryProcess } from '../../support/cli/ferry-command.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { startServeProcess } from '../../support/serve/serve-process.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';
import { type Behaviour, startCollector } from '../../support/telemetry/collector-stand-in.ts';
import { expectConventions } from '../../support/telemetry/conventions.ts';
import { type RealCollector, startRealCollector } from '../../support/telemetry/real-collector.ts';
import { pathsTo, type Received } from '../../support/telemetry/received.ts';

// OpenTelemetry's own Collector reads what Ferry sends: it refuses what is not OTLP, and writes what it has understood.

const PASSWORD = 'Kenn%wort "Vogelhaus"';
const TRACE = 'a'.repeat(32);
const CALLER = 'b'.repeat(16);
const traceparent = `00-${TRACE}-${CALLER}-01`;
const TOKEN = '0123456789abcdef0123456789abcdef';
/** In the data, and in the words of a failing query's error. */
const VALUE = 'Vogelhaus 4711';

let collector: RealCollector;
let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let folder: string;
beforeAll(async () => {
  [collector, postgres, polyteia, folder] = await Promise.all([
    startRealCollector(),
    startPostgres({ password: PASSWORD }),
    startPolyteiaStandIn({ datasets: [DATASET] }),
    mkdtemp(join(tmpdir(), 'ferry collector ü ')),
  ]);
  await postgres.query(
    `CREATE TABLE orders AS SELECT i AS id, '${VALUE}' AS t FROM generate_series(1, 100) i`,
  );
  await postgres.query(`COMMENT ON TABLE orders IS '${VALUE}'`);
  await postgres.query(`CREATE VIEW seen AS SELECT id FROM orders WHERE t <> '${VALUE}'`);
  const sync = { source: 'erp', dataset: DATASET, whenUnchanged: 'upload' };
  await writeFile(
    join(folder, 'ferry.yaml'),
    stringify({
      version: 1,
      sources: { erp: sourceConfig(postgres, 'erp') },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: {
        orders: { ...sync, query: 'SELECT id, t FROM orders' },
        broken: { ...sync, query: `SELECT id, (t || '')::int AS t FROM orders` },
      },
      extractions: { catalogs: { sources: ['erp'] } },
    }),
  );
  const secrets = {
    erp: { username: postgres.user, password: PASSWORD },
    polyteia: polyteia.personalAccessKey,
  };
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
});
afterAll(async () => {
  await collector?.[Symbol.asyncDispose]();
  await Promise.all([postgres?.stop(), polyteia?.stop()]);
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => collector.clear());

const environment = () => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=pr%C3%BCfung',
});

/** What holds of every run of `orders`, wherever it took place. */
function expectRun({ spans, metrics, logs }: Received, above: readonly string[]): void {
  const ofTrace = spans.filter(({ traceId }) => traceId === TRACE);
  const within = [...above, 'run', 'attempt'];
  for (const [name, phase] of [
    ['postgresql connect', 'connect'],
    ['postgresql read', 'export'],
    ['Polyteia', 'upload'],
  ] as const)
    expect(pathsTo(ofTrace, name, CALLER)).toContainEqual([...within, phase, name]);
  const upload = ofTrace.filter(({ name }) => name === 'Polyteia');
  expect(upload.at(-1)?.attributes).toMatchObject({ 'http.response.status_code': expect.any(Number) });
  const run = ofTrace.find(({ name }) => name === 'run');
  expect(run?.attributes).toMatchObject({ 'ferry.job.name': 'orders', 'ferry.run.state': 'succeeded' });

  const id = run?.attributes['ferry.run.id'];
  const started = logs.find(({ body }) => body === 'run started');
  const attempt = ofTrace.find(({ name }) => name === 'attempt');
  expect(started).toMatchObject({
    severity: 'INFO',
    traceId: TRACE,
    spanId: attempt?.spanId,
    attributes: { 'ferry.run.id': id, 'ferry.job.name': 'orders' },
  });

  const units = Object.fromEntries(metrics.map(({ name, unit }) => [name, unit]));
  expect(units).toMatchObject({
    'ferry.runs': '{run}',
    'ferry.run.duration': 's',
    'ferry.run.rows': '{row}',
    'ferry.run.io': 'By',
    'process.memory.usage': 'By',
    'process.cpu.time': 's',
    'process.uptime': 's',
  });
  const rows = metrics.findLast(({ name }) => name === 'ferry.run.rows');
  expect(rows).toMatchObject({
    kind: 'sum',
    points: [{ attributes: { 'ferry.job.kind': 'sync' }, value: 100 }],
  });
}

function expectNothingSecret(text: string): void {
  for (const secret of [
    'Vogelhaus',
    'Kenn%wort',
    JSON.stringify(PASSWORD).slice(1, -1),
    TOKEN,
    polyteia.personalAccessKey,
  ])
    expect([secret, text.includes(secret)]).toEqual([secret, false]);
  const words = /FROM orders|SELECT id|\bcast\b|invalid input syntax/i.exec(text);
  expect(words && text.slice(words.index - 100, words.index + 100)).toBeNull();
}

const ferry = (args: string, more: Readonly<Record<string, string>> = {}) =>
  runFerryProcess([...args.split(' '), '--secrets', 'secrets.json', '--state', 'state'], {
    folder,
    environment: { ...environment(), ...more },
  });

// The exporter's own patience: whoever waited for it would be seen.
const PATIENCE_MS = 60_000;

describe('a collector that', () => {
  it.each([
    'is down',
    'is silent',
    'stops in its answer',
    'answers 429',
    'answers garbage',
    'closes the connection',
  ] satisfies (Behaviour | 'is down')[])('%s fails no run, and holds none up', async (behaviour) => {
    await using other = await startCollector(behaviour === 'is down' ? 'accepts' : behaviour);
    if (behaviour === 'is down') await other[Symbol.asyncDispose]();
    const begun = performance.now();
    const { exitCode, stderr } = await ferry('run orders', {
      OTEL_EXPORTER_OTLP_ENDPOINT: other.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: String(PATIENCE_MS),
    });
    expect(performance.now() - begun).toBeLessThan(PATIENCE_MS / 2);
    expect(exitCode).toBe(0);
    const warnings = stderr.match(/the collector has not received/g) ?? [];
    expect(warnings).toHaveLength(behaviour === 'answers garbage' ? 0 : 1);
  });
});

describe('a collector receives', () => {
  it('a run of the command line: in the trace of its environment, with metrics, units, and ids in the log', async () => {
    const { exitCode, stderr } = await ferry('run orders', { TRACEPARENT: traceparent });
    expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining('collector')]);
    const got = collector.received();
    expectRun(got, []);
    expectConventions(got);
    expect(got.resources).toContainEqual({
      'service.name': 'ferry',
      'app.name': 'ferry',
      'deployment.environment.name': 'prüfung',
    });
    expectNothingSecret(collector.text());
  });

  it('a run that failed, with the class of its error and none of its words', async () => {
    const { exitCode } = await ferry('run broken');
    expect(exitCode).toBe(1);
    const { spans, metrics, logs } = collector.received();
    for (const name of ['run', 'attempt'])
      expect(spans.find((span) => span.name === name)).toMatchObject({
        status: { code: 2 },
        attributes: { 'error.type': 'QueryError' },
      });
    for (const { status } of spans) expect(status?.message ?? '').toBe('');
    const runs = metrics.findLast(({ name }) => name === 'ferry.runs');
    expect(runs?.points.map(({ attributes }) => attributes)).toEqual([
      { 'ferry.job.kind': 'sync', 'ferry.run.state': 'failed', 'error.type': 'QueryError' },
    ]);
    expect(logs.find(({ severity }) => severity === 'ERROR')?.traceId).toBe(spans[0]?.traceId);
    expectNothingSecret(collector.text());
  });

  it('an extraction: what it asks the catalog by names of its own, and nothing that is in there', async () => {
    const { exitCode } = await ferry('run catalogs', { TRACEPARENT: traceparent });
    expect(exitCode).toBe(0);
    const got = collector.received();
    const statements = got.spans.filter(({ name }) => name.startsWith('postgresql '));
    const names = new Set(statements.map(({ name }) => name));
    expect(names.size).toBeGreaterThan(2);
    for (const name of names)
      expect(pathsTo(got.spans, name, CALLER)[0]?.slice(0, 2)).toEqual(['run', 'attempt']);
    expect(got.metrics.findLast(({ name }) => name === 'ferry.runs')?.points[0]?.attributes).toEqual({
      'ferry.job.kind': 'extraction',
      'ferry.run.state': 'succeeded',
    });
    expectConventions(got);
    expectNothingSecret(collector.text());
  });

  it('a run that the API of ferry serve was asked for, in one trace from the request to the upload', async () => {
    await using serve = startServeProcess(
      folder,
      {
        ...environment(),
        FERRY_API_TOKEN: TOKEN,
        FERRY_API_PORT: '0',
        // Soon, because at its end the process sends for two seconds only, in which a busy machine does not send everything.
        OTEL_BSP_SCHEDULE_DELAY: '200',
        OTEL_BLRP_SCHEDULE_DELAY: '200',
        OTEL_METRIC_EXPORT_INTERVAL: '500',
      },
      ['--secrets', 'secrets.json', '--state', 'state'],
    );
    const [, url] = await serve.printed(/API: (http:\/\/[\d.]+:\d+)/);
    const answer = await fetch(`${url}/jobs/orders/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, traceparent },
    });
    expect(answer.status).toBe(202);
    await serve.printed(/run succeeded/);
    const got = await waitFor(
      'the end of the run',
      () => {
        const all = collector.received();
        const isTold = all.metrics.some(({ name }) => name === 'ferry.runs');
        return isTold && all.spans.some(({ name }) => name === 'run') ? all : undefined;
      },
      60_000,
    );
    serve.child.kill('SIGTERM');
    expect(await serve.ended()).toBe(0);
    expectRun(got, ['POST /jobs/{job}/runs']);
    // What is asked apart from runs has spans above it, too: nothing is a trace of its own.
    const roots = got.spans.filter(({ parentSpanId }) => parentSpanId === '').map(({ name }) => name);
    expect(new Set(roots)).toEqual(new Set(['check', 'watchdog']));
    expectConventions(got);
    const requests = got.metrics.findLast(({ name }) => name === 'http.server.request.duration');
    expect(requests).toMatchObject({ unit: 's', kind: 'histogram' });
    expectNothingSecret(collector.text());
  });
});
