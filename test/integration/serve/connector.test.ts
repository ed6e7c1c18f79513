import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { startServeProcess } from '../../support/serve/serve-process.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// The container of the Go connector, with ferry in it: its .env.example of both generations, and its environment.

const DATASET = 'ds_cv4t2cf0i6q1gflvu4m0';

let postgres: PostgresServer;
let polyteia: Record<'classic' | 'session', PolyteiaStandIn>;
let folder: string;
beforeAll(async () => {
  const [server, classic, session] = await Promise.all([
    startPostgres(),
    startPolyteiaStandIn({ datasets: [DATASET] }),
    startPolyteiaStandIn({ api: 'session', datasets: [DATASET] }),
  ]);
  postgres = server;
  polyteia = { classic, session };
  await postgres.query("CREATE TABLE events AS SELECT 1 AS id, 'Größe' AS name");
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), polyteia?.classic.stop(), polyteia?.session.stop()]);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry serve ü '));
  return () => rm(folder, { recursive: true, force: true });
});

/** The example as the connector ships it, quotes included, with the values that a person fills in. */
function example(api: 'classic' | 'session', changes: Record<string, string> = {}): string {
  const { personalAccessKey, baseUrl } = polyteia[api];
  const values: Record<string, string> = {
    PERSONAL_ACCESS_TOKEN: personalAccessKey,
    POLYTEIA_BASE_URL: baseUrl,
    ...(api === 'session'
      ? { POLYTEIA_ORGANIZATION_ID: 'org_test', INGEST_POLL_INTERVAL: '1s', INGEST_TIMEOUT: '30m' }
      : {}),
    LOG_FORMAT: 'json',
    LOG_LEVEL: 'debug',
    DATASET_ID: DATASET,
    CRON_SCHEDULE: "'@every 2s'",
    SOURCE_DATABASE_HOST: postgres.host,
    SOURCE_DATABASE_PORT: String(postgres.port),
    SOURCE_DATABASE_USER: postgres.user,
    SOURCE_DATABASE_PASSWORD: postgres.password,
    SOURCE_DATABASE_NAME: postgres.database,
    SOURCE_DATABASE_TYPE: 'postgres',
    SOURCE_DATABASE_SQL_QUERY: `'SELECT * FROM ${api === 'classic' ? 'db.' : ''}events'`,
    ...changes,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

const uploads = (api: 'classic' | 'session') => polyteia[api].datasets.get(DATASET)?.uploads ?? 0;

describe.each(['classic', 'session'] as const)('the connector’s .env (%s API)', (api) => {
  it('is all that is needed: each scheduled run uploads, and SIGTERM ends it in order', async () => {
    const before = uploads(api);
    await writeFile(join(folder, '.env'), example(api));
    await using serve = startServeProcess(folder, { TMPDIR: folder });
    await waitFor('two uploads', () => (uploads(api) - before >= 2 ? true : undefined), 40_000);
    const health = await serve.health();
    expect((await fetch(`${health}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${health}/readyz`)).text()).toBe('');
    serve.child.kill('SIGTERM');
    expect(await serve.ended()).toBe(0);
    const { content } = polyteia[api].datasets.get(DATASET) ?? {};
    if (api === 'classic') {
      const { rows } = await readParquetWithPyarrow(content?.file ?? '');
      expect(rows).toEqual([[1, 'Größe']]);
    } else expect(content?.contentType).toBe('text/csv');
    // JSON lines, as LOG_FORMAT says: nothing else is printed.
    for (const line of serve.output().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    expect(serve.output()).not.toContain(polyteia[api].personalAccessKey);
    polyteia[api].assertNoViolations();
    // State and nothing else.
    expect((await readdir(folder)).filter((name) => name.startsWith('ferry-'))).toEqual([]);
  });
});

describe('the connector’s environment', () => {
  const environment = (changes: Record<string, string> = {}) =>
    Object.fromEntries(
      example('classic', changes)
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string])
        .map(([name, value]) => [name, value.replace(/^'(.*)'$/s, '$1')]),
    );

  it('is enough without any file, and text is its log', async () => {
    const before = uploads('classic');
    await using serve = startServeProcess(folder, environment({ LOG_FORMAT: '', LOG_LEVEL: '' }));
    await waitFor('an upload', () => (uploads('classic') > before ? true : undefined), 40_000);
    await serve.printed(/^\S+Z INFO {2}run succeeded .*job=default.*rows=1/m);
    expect(serve.output()).toMatch(/^\S+Z INFO {2}ready job=default checks=\d+$/m);
    expect(serve.output()).toMatch(/^\S+Z INFO {2}job scheduled job=default cron="@every 2s" timezone=UTC$/m);
  });

  it('ends in order when its terminal is closed', async () => {
    await using serve = startServeProcess(folder, environment({ CRON_SCHEDULE: '0 4 1 * 1' }));
    await serve.printed(/job scheduled/);
    serve.child.kill('SIGHUP');
    expect(await serve.ended()).toBe(0);
    expect(serve.output()).toContain('"msg":"stopped"');
  });

  it('is overruled by a .env file', async () => {
    await writeFile(
      join(folder, '.env'),
      "CRON_SCHEDULE='0 4 1 * 1'\nTZ=Europe/Berlin\nLOG_FORMAT=text\nFERRY_STATE=kept\n",
    );
    await using serve = startServeProcess(folder, { ...environment(), FERRY_STATE: 'other' });
    await serve.printed(/job scheduled job=default cron="0 4 1 \* 1" timezone=Europe\/Berlin$/m);
    expect((await readdir(folder)).sort()).toEqual(['.env', 'kept']);
  });

  it.each([
    ['SOURCE_DATABASE_PASSWORD', 'wrong', /check failed: login: /],
    ['SOURCE_DATABASE_SQL_QUERY', 'SELECT * FROM db.nothing', /check failed: sync default: /],
    ['PERSONAL_ACCESS_TOKEN', 'pak_wrong', /check failed: dataset access: /],
  ])('ends with 1 when a check fails, after all of them: %s=%s', async (name, value, expected) => {
    await using serve = startServeProcess(folder, environment({ [name]: value }));
    expect(await serve.ended()).toBe(1);
    const output = serve.output();
    expect(output).toMatch(expected);
    expect(output).toContain('check ok: Polyteia TCP');
    expect(output).toContain('a start-up check failed');
    expect(output).not.toContain('job scheduled');
  });

  it.each([
    ['CRON_SCHEDULE', '61 * * * *', /CRON_SCHEDULE: .*expected a minute of 0–59/],
    ['LOG_LEVEL', 'loud', /LOG_LEVEL: expected debug, info, warn, error/],
    ['HEALTH_CHECK_PORT', 'http', /HEALTH_CHECK_PORT: expected a number from 0 to 65535/],
    ['DATASET_ID', '', /DATASET_ID: is empty\n/],
  ])('is refused with the name of the variable: %s=%s', async (name, value, expected) => {
    await using serve = startServeProcess(folder, environment({ [name]: value }));
    expect(await serve.ended()).toBe(2);
    expect(serve.output()).toMatch(expected);
  });

  it('that is empty says what is missing', async () => {
    await using serve = startServeProcess(folder);
    expect(await serve.ended()).toBe(2);
    expect(serve.output()).toContain('no configuration was found');
    expect(serve.output()).toContain('FERRY_CONFIG');
  });
});
