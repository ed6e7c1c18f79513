import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { ConfigError, QueryError } from '../../../shared/errors.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { needsOf, StartedDuckdb } from '../../../shared/source/sessions/started-duckdb.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { setUpInProcessSync } from '../../support/sync/in-process-sync.ts';
import { parseSync } from '../../support/sync/read-through-ferry.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

const { source } = parseSync('postgres', { query: 'SELECT 1' });
const LIMITS = { memoryLimitBytes: 200_000_000, threads: 1 };

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry started ü '));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

/** Counts what opens and closes from now on, once something has opened. */
function countOpen(): () => Promise<number> {
  let opened = 0;
  let open = 0;
  const create = DuckDBInstance.create.bind(DuckDBInstance);
  vi.spyOn(DuckDBInstance, 'create').mockImplementation(async (...how) => {
    const instance = await create(...how);
    const close = instance.closeSync.bind(instance);
    instance.closeSync = () => {
      open -= 1;
      close();
    };
    opened += 1;
    open += 1;
    return instance;
  });
  return async () => {
    await waitFor('a DuckDB', () => opened > 0 || undefined, 20_000);
    return open;
  };
}

const start = (extensionFolders: readonly string[] = [PROJECT_EXTENSIONS]) =>
  new StartedDuckdb(async () => ({
    limits: { ...LIMITS, folder },
    needs: needsOf({ source, mode: 'exact', extensionFolders }),
  }));
const open = (started: StartedDuckdb, extensionFolders: readonly string[] = [PROJECT_EXTENSIONS]) =>
  SourceSession.open({
    ...LIMITS,
    source,
    login: { ...postgres, username: postgres.user },
    folder,
    extensionFolders,
    mode: 'exact',
    started,
  });

it('is what the session reads with, and is locked down then', async () => {
  await using started = start();
  const session = await open(started);
  try {
    expect((await session.askSource('read', 'SELECT 4711 AS a')).rows).toEqual([[4711]]);
    expect(await started.take()).toBeUndefined();
    for (const sql of ["SET threads = '2'", `SELECT * FROM read_text('${import.meta.filename}')`])
      await expect(session.run('read', sql)).rejects.toThrow(QueryError);
  } finally {
    session.close();
  }
});

it('serves one session: the next one opens its own', async () => {
  await using started = start();
  for (const _ of [1, 2]) {
    const session = await open(started);
    expect((await session.askSource('read', 'SELECT 1 AS a')).rows).toEqual([[1]]);
    session.close();
  }
});

it('that could not be opened leaves the error to the session', async () => {
  const started = start([folder]);
  await expect(open(started, [folder])).rejects.toThrow(ConfigError);
  await started[Symbol.asyncDispose]();
});

it('that could not be opened does not stop a session that can open one', async () => {
  await using started = new StartedDuckdb(() => Promise.reject(new Error('Too early.')));
  const session = await open(started);
  expect((await session.askSource('read', 'SELECT 1 AS a')).rows).toEqual([[1]]);
  session.close();
});

it('is closed when no session has taken it', async () => {
  const open = countOpen();
  const started = start();
  const left = start();
  const taken = await started.take();
  await left[Symbol.asyncDispose]();
  expect(await left.take()).toBeUndefined();
  expect(await open()).toBe(1);
  await started[Symbol.asyncDispose]();
  // It belongs to whoever took it.
  expect((await taken?.connection.runAndReadAll('SELECT 1'))?.getRows()).toEqual([[1]]);
  taken?.connection.closeSync();
  taken?.instance.closeSync();
});

it('opens while a run asks Polyteia', async () => {
  await postgres.query('CREATE TABLE orders AS SELECT 1 AS id');
  await using polyteia = await startPolyteiaStandIn({ datasets: [DATASET] });
  await using sync = await setUpInProcessSync(postgres, polyteia);
  const isOpening = async () => {
    const inside = await readdir(sync.workFolder, { recursive: true }).catch(() => []);
    return inside.some((path) => basename(path) === 'spill') || undefined;
  };
  const agent = new Agent();
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    // The answer comes once DuckDB has got its folders.
    void waitFor('the folders of DuckDB', isOpening, 20_000)
      .then(() => dispatch(options, handler))
      .catch((error: unknown) => handler.onResponseError?.({} as never, error as Error));
    return true;
  });
  const record = await runSync({ ...sync.options(), dispatcher });
  expect(record).toMatchObject({ state: 'succeeded', rows: 1 });
  expect(await readdir(sync.workFolder)).toEqual([]);
});

it('is closed when Polyteia refuses the run', async () => {
  await using polyteia = await startPolyteiaStandIn({ datasets: [] });
  await using sync = await setUpInProcessSync(postgres, polyteia);
  const open = countOpen();
  const record = await runSync(sync.options());
  expect(record).toMatchObject({ state: 'failed', phases: [] });
  expect(await open()).toBe(0);
  expect(await readdir(sync.workFolder)).toEqual([]);
});

describe('while a run waits for its next try, no DuckDB is open: many runs may wait for the end of one outage', () => {
  it.each([
    ['Polyteia', () => postgres, 'succeeded'],
    ['the source', () => ({ ...postgres, port: 1 }), 'failed'],
  ] as const)('of %s', async (of, login, state) => {
    await postgres.query('CREATE TABLE IF NOT EXISTS orders AS SELECT 1 AS id');
    await using polyteia = await startPolyteiaStandIn({ datasets: [DATASET] });
    await using sync = await setUpInProcessSync(login(), polyteia);
    if (of === 'Polyteia') polyteia.failNext({ on: 'get_dataset', how: { kind: 'status', status: 503 } });
    const open = countOpen();
    const whileWaiting: number[] = [];
    const clock = { now: Date.now, sleep: async () => void whileWaiting.push(await open()) };
    const record = await runSync({ ...sync.options(), maxTries: 2, clock });
    expect(record).toMatchObject({ state });
    expect([whileWaiting, await open()]).toEqual([[0], 0]);
  });
});
