import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { CancelledError } from '../../../shared/errors.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { startBreakableProxy } from '../../support/network/breakable-proxy.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import type { PostgresServer } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { sessionOptions } from '../../support/source/source-session.ts';
import { DATASET, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

// What ends a run in the middle of its query, when DuckDB itself hears nothing: its client waits for the source.

// Longer than a test may take.
const SLOW = 'SELECT pg_sleep(600), 4711 AS mark';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let setup: SyncSetup;
let folder: string;
beforeAll(async () => {
  setup = await setUpSync();
  folder = await mkdtemp(join(tmpdir(), 'ferry-interruption-'));
});
afterAll(async () => {
  await setup[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The process of the source that runs the query. */
const backend = () =>
  waitFor(
    'the query to run',
    async () => {
      const { rows } = await setup.postgres.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE query LIKE '%4711%' AND state = 'active' AND pid <> pg_backend_pid()",
      );
      return rows[0]?.pid;
    },
    20_000,
  );

async function run(
  limits: { signal?: AbortSignal; deadline?: Date },
  source: { server: PostgresServer | MysqlServer; query: string } = { server: setup.postgres, query: SLOW },
) {
  const { polyteia } = setup;
  const { server, query } = source;
  const config = parseConfig(
    JSON.stringify({
      version: 1,
      sources: {
        erp: sourceConfig(server, 'erp'),
      },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: { slow: { source: 'erp', query, dataset: DATASET } },
    }),
    'ferry.yaml',
  );
  const login = JSON.stringify({ username: server.user, password: server.password });
  const values = new Map([
    ['erp', login],
    ['polyteia', polyteia.personalAccessKey],
  ]);
  const workFolder = join(folder, 'work');
  const started = performance.now();
  const record = await runSync({
    config,
    job: 'slow',
    trigger: { type: 'cli', triggeredBy: 'test' },
    scope: 'test',
    store: createRunStore(createFolderDocumentStore(join(folder, 'state'))),
    secrets: createLocalSecretReader({ values, environment: {} }),
    extensionFolders: [PROJECT_EXTENSIONS],
    workFolder,
    memoryLimitBytes: 256_000_000,
    threads: 1,
    logger: createLogger({ level: 'silent' }),
    ...limits,
  });
  return { record, seconds: (performance.now() - started) / 1000, leftovers: await readdir(workFolder) };
}

describe('a run in the middle of its query', () => {
  it('ends before the platform would kill it, and its query ends with it', async () => {
    // Ten seconds before the deadline a run ends itself.
    const result = await run({ deadline: new Date(Date.now() + 13_000) });
    expect(result.record).toMatchObject({
      state: 'failed',
      error: { class: 'DeadlineError', phase: 'export' },
    });
    expect(result.seconds).toBeLessThan(12);
    expect(result.leftovers).toEqual([]);
    const { rows } = await setup.postgres.query(
      "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%4711%' AND state = 'active' AND pid <> pg_backend_pid()",
    );
    expect(rows).toEqual([]);
  });

  it('ends when it is cancelled even if the source no longer reacts', async () => {
    const cancel = new AbortController();
    const running = run({ signal: cancel.signal });
    const pid = await backend();
    // As when a host hangs or a network drops everything: the connection is there, and nobody answers.
    process.kill(pid, 'SIGSTOP');
    try {
      const asked = performance.now();
      cancel.abort(new CancelledError('The run was cancelled.'));
      const result = await running;
      expect(result.record).toMatchObject({ state: 'cancelled', error: { class: 'CancelledError' } });
      // Far from what a source may take that nobody asked to stop.
      expect(performance.now() - asked).toBeLessThan(25_000);
      expect(result.leftovers).toEqual([]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    // Its session is freed when the statement has ended after all. Left to the garbage collector, it would end this process now.
    await setup.postgres.query('SELECT pg_terminate_backend($1)', [pid]);
    for (const _ of [1, 2, 3]) {
      await sleep(100);
      collectGarbage();
    }
    expect((await run({}, { server: setup.postgres, query: 'SELECT 1 AS a' })).record.state).toBe(
      'succeeded',
    );
  });

  it.each(['mariadb', 'mysql'] as const)(
    'ends its query on %s, where another connection must kill it',
    async (flavor) => {
      await using mysql = await startMysql({ flavor });
      const cancel = new AbortController();
      const query = 'SELECT SLEEP(600) AS s, 4711 AS mark';
      const running = run({ signal: cancel.signal }, { server: mysql, query });
      const asleep = () =>
        mysql.query(
          "SELECT id FROM information_schema.processlist WHERE info LIKE '%SLEEP(600)%' AND info NOT LIKE '%processlist%'",
        );
      await waitFor('the query to run', async () => ((await asleep()).length > 0 ? true : undefined), 20_000);
      cancel.abort(new CancelledError('The run was cancelled.'));
      const result = await running;
      expect(result.record).toMatchObject({ state: 'cancelled', error: { class: 'CancelledError' } });
      await waitFor(
        'the query to end',
        async () => ((await asleep()).length === 0 ? true : undefined),
        5_000,
      );
      expect(result.leftovers).toEqual([]);
    },
    120_000,
  );
});

describe('a source that accepts the login and then never answers', () => {
  const frozen = async (server: PostgresServer | MysqlServer, hangAt: string) => {
    const proxy = await startBreakableProxy(server);
    proxy.hangAt(hangAt);
    return proxy;
  };
  it('does not keep the process alive: one signal ends it, and the record says so', async () => {
    await using proxy = await frozen(setup.postgres, 'pg_sleep');
    const onStderr = (text: string) => (text.includes('connect') ? 'SIGTERM' : undefined);
    const changes = {
      source: { port: proxy.port },
      args: ['--json'],
      ownProcess: true,
      onStderr,
      signalDelayMs: 300,
    };
    const result = await setup.run({ query: 'SELECT id FROM pg_sleep(0), orders' }, changes);
    expect(result).toMatchObject({ exitCode: 130, leftovers: [] });
    expect(JSON.parse(result.stdout)).toMatchObject({ state: 'cancelled' });
  });

  it('does not keep a run for longer than its own limit, and the process ends with it', async () => {
    await using proxy = await frozen(setup.postgres, 'pg_sleep');
    const result = await setup.run(
      { query: 'SELECT id FROM pg_sleep(0), orders' },
      { source: { port: proxy.port }, command: ['run', 'orders', '--timeout', '1s'], ownProcess: true },
    );
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/DeadlineError: The run was about to exceed .*\n.*--timeout/);
  });

  it('is not waited for to end a transaction either, in a run that was asked to stop', async () => {
    await using proxy = await startBreakableProxy(setup.postgres);
    const stop = new AbortController();
    const options = sessionOptions(
      { ...setup.postgres, port: proxy.port, host: proxy.host },
      join(folder, 'rollback'),
    );
    const session = await SourceSession.open({ ...options, mode: 'exact', signal: stop.signal });
    // The statement ends, and from then on the source is silent.
    proxy.hangAt('ROLLBACK');
    const reading = session.transaction(async () => {
      await session.askSource('read', 'SELECT 1 AS a');
      stop.abort(new CancelledError('Enough.'));
      await session.askSource('read', 'SELECT 2 AS a');
    });
    await expect(reading).rejects.toThrow('Enough.');
    session.close();
    // What was given up ends with its connection.
    proxy.cut();
  });

  it.each(['postgres', 'mariadb'] as const)('is reported when %s is silent from the start', async (kind) => {
    await using mysql = kind === 'mariadb' ? await startMysql({ flavor: kind }) : undefined;
    const server = mysql ?? setup.postgres;
    // The first thing that each client asks for.
    await using proxy = await frozen(server, kind === 'postgres' ? 'version' : 'SET');
    const options = sessionOptions({ ...server, port: proxy.port, host: proxy.host }, join(folder, 'silent'));
    const opening = SourceSession.open({ ...options, mode: 'exact', openingAnswerMs: 700 });
    await expect(opening).rejects.toMatchObject({
      class: 'SourceUnavailableError',
      retryable: false,
      message: `The source at 127.0.0.1:${proxy.port} accepts the connection and then does not answer.`,
    });
  });
});
