import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BreakableProxy, startBreakableProxy } from '../../support/network/breakable-proxy.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import {
  CANARY,
  type FaultRun,
  runWithFault,
  TRIES,
  undisturbedFile,
} from '../../support/runs/fault-bench.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';

// Half of the rows are on their way when the source goes to sleep, for as long as `pace` says.
const query = (version: number) =>
  `SELECT id, note, IF(id = 10000, SLEEP((SELECT seconds FROM pace)), 0) AS pause, ${version} AS version FROM orders`;

let mariadb: MysqlServer;
let proxy: BreakableProxy;
let common: Pick<FaultRun, 'source' | 'query' | 'before' | 'replacement'>;
beforeAll(async () => {
  mariadb = await startMysql();
  await mariadb.query(`
    CREATE TABLE pace AS SELECT 0 AS seconds;
    CREATE TABLE orders AS SELECT seq AS id, CONCAT('${CANARY} ', MD5(seq)) AS note FROM seq_1_to_20000`);
  proxy = await startBreakableProxy(mariadb);
  const source = { ...mariadb, host: proxy.host, port: proxy.port };
  const before = await undisturbedFile({ source, query: query(1) });
  const replacement = await undisturbedFile({ source, query: query(2) });
  common = { source, query: query(2), before, replacement };
});
beforeEach(() => setPace(0));
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await mariadb.stop();
});

const run = (options: Partial<FaultRun> = {}) => runWithFault({ ...common, ...options });
const setPace = (seconds: number) => mariadb.query('UPDATE pace SET seconds = ?', [seconds]);

// A server that does not notice the end of a connection continues for a while.
const seen = new Set<unknown>();

/** Waits until rows of this run are on their way, and does something then, once. */
function whileRead(act: (id: unknown) => Promise<unknown>) {
  const done: Promise<void>[] = [];
  const onProgress: FaultRun['onProgress'] = (event) => {
    if (event.type !== 'phase-started' || event.phase !== 'export' || done.length > 0) return;
    done.push(
      (async () => {
        const id = await waitFor(
          'the query to be half done',
          async () => {
            const rows = await mariadb.query(
              "SELECT id FROM information_schema.processlist WHERE state = 'User sleep'",
            );
            return rows.map((row) => row.id).find((one) => !seen.has(one));
          },
          30_000,
        );
        seen.add(id);
        await setPace(0);
        await act(id);
      })(),
    );
  };
  return { done, onProgress };
}

describe('an unreachable MariaDB', () => {
  it('forever: failed, and Polyteia was only asked about the dataset', async () => {
    proxy.goDown();
    try {
      const outcome = await run();
      expect(outcome.record).toMatchObject({
        state: 'failed',
        error: { class: 'SourceUnavailableError', phase: 'connect' },
      });
      expect(outcome.saved).toEqual(outcome.record);
      expect(outcome.retries).toHaveLength(TRIES - 1);
      expect(outcome).toMatchObject({ calls: ['get_dataset'], dataset: 'unchanged', uploads: 0 });
    } finally {
      await proxy.comeBack();
    }
  });

  it.each(['connect', 'describe', 'export'])(
    'from the beginning of phase %s, and then back: the next try finds it',
    async (phase) => {
      let gone = false;
      const outcome = await run({
        onProgress: (event) => {
          if (event.type !== 'phase-started' || event.phase !== phase || gone) return;
          gone = true;
          proxy.goDown();
        },
        meanwhile: () => proxy.comeBack(),
      }).finally(async () => proxy.isDown && (await proxy.comeBack()));
      expect(outcome.record).toMatchObject({ state: 'succeeded', warnings: [] });
      expect(outcome.retries).toEqual([{ phase, waitMs: expect.any(Number) }]);
      expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
    },
  );
});

describe('a connection to MariaDB that breaks while rows arrive', () => {
  // The client leaves out why a result ended, so that it looks like a query that fails: it is read once more.
  const ends: readonly { what: string; end: (id: unknown) => Promise<unknown> }[] = [
    { what: 'by KILL CONNECTION', end: (id) => mariadb.query(`KILL CONNECTION ${id}`) },
    { what: 'by the network', end: async () => proxy.cut() },
  ];
  it.each(ends)('$what: half of a result never counts as a complete one', async ({ end }) => {
    await setPace(60);
    const faults = whileRead(end);
    const outcome = await run(faults);
    await Promise.all(faults.done);
    expect(outcome.record).toMatchObject({ state: 'succeeded', rows: expect.any(Number) });
    expect(outcome.retries).toEqual([{ phase: 'export', waitMs: expect.any(Number) }]);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });
});

describe('errors that another try does not fix', () => {
  const cases: readonly { what: string; change: Partial<FaultRun['source']>; class: string }[] = [
    { what: 'a wrong password', change: { password: 'falsch-4711' }, class: 'AuthError' },
    { what: 'a missing database', change: { database: 'nodb' }, class: 'ConfigError' },
  ];
  it.each(cases)('$what: one try', async ({ change, ...expected }) => {
    const outcome = await run({ source: { ...common.source, ...change } });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: expected.class, phase: 'connect' },
    });
    expect(outcome.phases).toEqual(['check target', 'connect']);
    expect(outcome).toMatchObject({ retries: [], calls: ['get_dataset'], dataset: 'unchanged' });
  });
});
