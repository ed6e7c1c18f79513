import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { startTelemetry } from '../../../shared/telemetry/start-telemetry.ts';
import type { Telemetry } from '../../../shared/telemetry/telemetry.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type Replica, startServe } from '../../support/serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';
import { recordSpans } from '../../support/telemetry/record-spans.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let folder: string;
let replica: Replica;
let telemetry: Telemetry;
beforeAll(async () => {
  [postgres, polyteia, folder] = await Promise.all([
    startPostgres(),
    startPolyteiaStandIn({ datasets: [DATASET] }),
    mkdtemp(join(tmpdir(), 'ferry api ü ')),
  ]);
  await postgres.query('CREATE TABLE orders AS SELECT 1 AS id');
  const sync = { source: 'erp', dataset: DATASET, whenUnchanged: 'upload' };
  telemetry = await startTelemetry({ FERRY_METRICS_BY_JOB: 'true' }, { scraped: true });
  replica = await startServe({
    scrape: telemetry.scrape,
    config: {
      version: 1,
      sources: { erp: sourceConfig(postgres, 'erp') },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: {
        orders: { ...sync, query: 'SELECT * FROM orders', schedule: { cron: '0 4 1 * 1' } },
        traced: { ...sync, query: 'SELECT * FROM orders' },
        slow: { ...sync, query: 'SELECT 1 AS id, pg_sleep(1)::text AS s' },
      },
    },
    secrets: {
      erp: { username: postgres.user, password: postgres.password },
      polyteia: polyteia.personalAccessKey,
    },
    documents: createFolderDocumentStore(join(folder, 'state')),
    workFolder: join(folder, 'work'),
    api: { host: '127.0.0.1', port: 0, access: { type: 'token', token: TOKEN } },
  });
});
afterAll(async () => {
  await replica?.stop();
  await telemetry?.end();
  await Promise.all([postgres?.stop(), polyteia?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const authorized = { authorization: `Bearer ${TOKEN}` };
const call = (path: string, init: RequestInit = {}) =>
  fetch(`${replica.api}${path}`, { ...init, headers: { ...authorized, ...init.headers } });
const portOf = (url: string) => Number(new URL(url).port);

/** Records spans, and metrics from now on. */
async function startRecording() {
  const spans = recordSpans();
  // The first one begins to count.
  await fetch(`${replica.health}/metrics`);
  return { spans, [Symbol.asyncDispose]: () => spans[Symbol.asyncDispose]() };
}

/** What a server answers to bytes, until it closes the connection. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

describe('the API of a process', () => {
  it('is that of the AWS stack: jobs, runs, errors', async () => {
    expect(await (await call('/jobs/orders')).json()).toMatchObject({
      name: 'orders',
      source: 'erp',
      // EventBridge has no such schedule, so it is shown as it was written.
      schedule: { expression: '0 4 1 * 1', timezone: 'UTC', enabled: true },
    });
    const started = await call('/jobs/orders/runs', { method: 'POST' });
    expect([started.status, started.headers.get('location')]).toEqual([
      202,
      expect.stringContaining('../../runs/'),
    ]);
    const { runId } = (await started.json()) as { runId: string };
    const run = await waitFor(
      'the end of the run',
      async () => {
        const found = (await (await call(`/runs/${runId}`)).json()) as { state: string };
        return found.state === 'succeeded' ? found : undefined;
      },
      20_000,
    );
    expect(run).toMatchObject({
      job: 'orders',
      trigger: 'api',
      triggeredBy: 'API token',
      outcome: 'uploaded',
    });
    expect((await call('/jobs/odrers')).status).toBe(404);
    for (const method of ['DELETE', 'PUT', 'PATCH', 'OPTIONS'])
      expect([method, (await call('/jobs/orders/runs', { method })).status]).toEqual([method, 405]);
  });

  it('leads from a request to the upload in one trace, that of the caller, and measures it', async () => {
    await using recording = await startRecording();
    const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
    const headers = { traceparent: `00-${parent.traceId}-${parent.spanId}-01` };
    // Runs of other tests may just be ending, and are counted, too.
    const started = await call('/jobs/traced/runs', { method: 'POST', headers });
    const { runId } = (await started.json()) as { runId: string };
    await call(`/runs/${runId}`);
    const { spans } = recording;
    await waitFor(
      'the end of the run',
      async () =>
        spans
          .all()
          .find(({ attributes }) => attributes['ferry.run.id'] === runId && attributes['ferry.job.name']),
      20_000,
    );
    // Start-up checks and the watchdog have traces of their own.
    const ofTrace = spans.all().filter((span) => span.spanContext().traceId === parent.traceId);
    const pathTo = (name: string): string[] => {
      const path: string[] = [];
      let span = ofTrace.find((one) => one.name === name);
      for (let above = ''; span; span = ofTrace.find((one) => one.spanContext().spanId === above)) {
        path.unshift(span.name);
        above = span.parentSpanContext?.spanId ?? '';
        if (above === parent.spanId) path.unshift('the caller');
      }
      return path;
    };
    const run = ['the caller', 'POST /jobs/{job}/runs', 'run', 'attempt'];
    expect(pathTo('postgresql connect')).toEqual([...run, 'connect', 'postgresql connect']);
    expect(pathTo('postgresql read')).toEqual([...run, 'export', 'postgresql read']);
    expect(pathTo('Polyteia')).toEqual([...run, expect.any(String), 'Polyteia']);
    expect(spans.named('postgresql read').attributes).toMatchObject({
      'db.system.name': 'postgresql',
      'db.operation.name': 'read',
      'server.port': postgres.port,
    });
    for (const { attributes, name } of spans.all())
      expect(JSON.stringify([name, attributes])).not.toMatch(/select|from orders/i);
    const metrics = await (await fetch(`${replica.health}/metrics`)).text();
    expect(metrics).toMatch(
      /^http_server_request_duration_seconds_count\{http_request_method="POST",url_scheme="http",http_route="\/jobs\/\{job\}\/runs",http_response_status_code="?202"?,app_name="ferry"\} 1$/m,
    );
    expect(metrics).toMatch(
      /^ferry_runs_total\{ferry_job_name="traced",ferry_job_kind="sync",ferry_run_state="succeeded",app_name="ferry"\} 1$/m,
    );
    expect((await fetch(`${replica.health}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it('starts one run of fifty requests at once, and names it to the others', async () => {
    const before = polyteia.datasets.get(DATASET)?.uploads ?? 0;
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const response = await call('/jobs/slow/runs', { method: 'POST' });
        return { status: response.status, ...((await response.json()) as { runId: string }) };
      }),
    );
    const ids = new Set(answers.map(({ runId }) => runId));
    expect(Map.groupBy(answers, ({ status }) => status).get(202)).toHaveLength(1);
    expect(Map.groupBy(answers, ({ status }) => status).get(409)).toHaveLength(49);
    expect(ids.size).toBe(1);
    await replica.logged(new RegExp(`run succeeded.*`.replace('.*', '')));
    await waitFor(
      'its end',
      async () => {
        const { runs } = (await (await call('/jobs/slow/runs')).json()) as { runs: { state: string }[] };
        return runs.length === 1 && runs[0]?.state === 'succeeded' ? runs : undefined;
      },
      20_000,
    );
    expect(polyteia.datasets.get(DATASET)?.uploads).toBe(before + 1);
  });

  it('answers the same idempotency key with the same run', async () => {
    const headers = { 'idempotency-key': 'once' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, async () =>
        (await call('/jobs/slow/runs', { method: 'POST', headers })).json(),
      ),
    );
    expect(new Set(answers.map((answer) => (answer as { runId: string }).runId)).size).toBe(1);
  });

  it('cancels a run within a heartbeat', async () => {
    await waitFor(
      'the job to be free',
      async () => {
        const { runs } = (await (await call('/jobs/slow/runs')).json()) as { runs: { state: string }[] };
        return runs[0]?.state === 'succeeded' ? true : undefined;
      },
      20_000,
    );
    const { runId } = (await (await call('/jobs/slow/runs', { method: 'POST' })).json()) as { runId: string };
    await waitFor(
      'the run to be cancelled',
      async () => {
        const { state } = (await (await call(`/runs/${runId}`)).json()) as { state: string };
        if (state === 'running') await call(`/runs/${runId}/cancel`, { method: 'POST' });
        return state === 'cancelled' ? true : undefined;
      },
      20_000,
    );
  });

  it('refuses everyone without the token, but says that it is alive', async () => {
    expect((await fetch(`${replica.api}/healthz`)).status).toBe(200);
    for (const path of [
      '/jobs',
      '/readyz',
      '/runs',
      '/nothing',
      '//healthz',
      '/healthz/../jobs',
      '/%2e%2e/jobs',
    ])
      expect([path, (await fetch(`${replica.api}${path}`)).status]).toEqual([path, 401]);
  });

  it.each([
    ['TRACE', `TRACE /jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, /^HTTP\/1\.1 405 /],
    ['CONNECT', `CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n`, /^$/],
    [
      'an upgrade',
      `GET /jobs HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
      /^$|^HTTP\/1\.1 401/,
    ],
    ['a method that there is not', `BREW /jobs HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 400 /],
    ['another protocol', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03`, /^HTTP\/1\.1 400 /],
    [
      'two lengths',
      `POST /jobs/orders/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a length and chunks',
      `POST /jobs/orders/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a start without a length',
      `POST /jobs/orders/cancel HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1\.1 404 /,
    ],
    [
      'a body in chunks',
      `POST /jobs/nothing/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 404 /,
    ],
    [
      'chunks without end',
      `POST /jobs/orders/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5000\r\n${'x'.repeat(0x5000)}\r\n`,
      /^HTTP\/1\.1 413 /,
    ],
    ['no host', `GET /jobs HTTP/1.1\r\nConnection: close\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [
      'a host of another',
      `GET http://evil.example/jobs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1\.1 40[014] /,
    ],
    [
      'a header of 20 KB',
      `GET /jobs HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 /,
    ],
    [
      'an address that cannot be decoded',
      `GET /jobs/%zz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a body of 1 MB',
      `POST /jobs/orders/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n${'x'.repeat(1_000_000)}`,
      /^HTTP\/1\.1 413 |^$/,
    ],
  ])('answers %s as it should', async (_what, bytes, expected) => {
    const answer = await exchange(portOf(replica.api), bytes);
    expect(answer).toMatch(expected);
    expect(answer).not.toContain('    at ');
    expect((await call('/jobs')).status).toBe(200);
  });

  it.each(['api', 'health'] as const)(
    'closes connections that send nothing, of the listener for %s',
    async (listener) => {
      const sockets: Socket[] = [];
      for (let n = 0; n < 700; n += 1) {
        const socket = connect(portOf(replica[listener]), '127.0.0.1');
        socket.on('error', () => {});
        // Only one that reads sees the end.
        socket.resume();
        sockets.push(socket);
      }
      await Promise.all(
        sockets
          .slice(-200)
          .map((socket) => (socket.connecting ? once(socket, 'connect').catch(() => {}) : undefined)),
      );
      const response = await (listener === 'api' ? call('/jobs') : fetch(`${replica.health}/readyz`));
      expect(response.status).toBe(200);
      await waitFor(
        'the oldest to be closed',
        () =>
          sockets.filter(({ closed, destroyed }) => closed || destroyed).length >= 200 ? true : undefined,
        20_000,
      );
      for (const socket of sockets) socket.destroy();
    },
  );
});

describe('the listener for probes', () => {
  it('answers GET and HEAD of its addresses, and nothing else', async () => {
    const answers = await Promise.all(
      (
        [
          ['GET', '/healthz'],
          ['HEAD', '/readyz'],
          ['GET', '/healthz?verbose'],
          ['POST', '/healthz'],
          ['GET', '/'],
          ['GET', '/jobs'],
          ['GET', '/metrics/'],
        ] as const
      ).map(async ([method, path]) => {
        const response = await fetch(`${replica.health}${path}`, { method });
        return `${method} ${path} ${response.status} ${await response.text()}`.trim();
      }),
    );
    expect(answers).toEqual([
      'GET /healthz 200',
      'HEAD /readyz 200',
      'GET /healthz?verbose 200',
      'POST /healthz 405',
      'GET / 404',
      'GET /jobs 404',
      'GET /metrics/ 404',
    ]);
  });
});
