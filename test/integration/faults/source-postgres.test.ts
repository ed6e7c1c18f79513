import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../../shared/runs/job.ts';
import { type BreakableProxy, startBreakableProxy } from '../../support/network/breakable-proxy.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import {
  CANARY,
  type FaultOutcome,
  type FaultRun,
  runWithFault,
  TRIES,
  undisturbedFile,
} from '../../support/runs/fault-bench.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// Half of the rows are on their way when the source goes to sleep, for as long as `pace` says.
const query = (version: number) =>
  `SELECT id, note, CASE WHEN id = 10000 THEN pg_sleep((SELECT seconds FROM pace))::text END AS pause, ${version} AS version FROM orders`;

let folder: string;
let postgres: PostgresServer;
let proxy: BreakableProxy;
let common: Pick<FaultRun, 'source' | 'query' | 'before' | 'replacement'>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-fault-source-'));
  postgres = await startPostgres({ folder, password: 'p w$ü' });
  await postgres.query(`
    CREATE TABLE pace AS SELECT 0 AS seconds;
    CREATE TABLE orders AS SELECT i AS id, '${CANARY} ' || md5(i::text) AS note FROM generate_series(1, 20000) i`);
  proxy = await startBreakableProxy(postgres);
  const source = { ...postgres, host: proxy.host, port: proxy.port };
  const before = await undisturbedFile({ source, query: query(1) });
  const replacement = await undisturbedFile({ source, query: query(2) });
  common = { source, query: query(2), before, replacement };
});
beforeEach(() => setPace(0));
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (options: Partial<FaultRun> = {}) => runWithFault({ ...common, ...options });
// Flushed, as a server that is ended at once forgets what was not.
const setPace = (seconds: number) =>
  postgres.query(`BEGIN; SET LOCAL synchronous_commit = on; UPDATE pace SET seconds = ${seconds}; COMMIT`);

// A server that does not notice the end of a connection continues for a while.
const seen = new Set<number>();

/** The process of the server that is in the middle of this run's query. */
const sleeper = () =>
  waitFor(
    'the query to be half done',
    async () => {
      const { rows } = await postgres.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
      );
      const pid = rows.map((row) => row.pid).find((one) => !seen.has(one));
      if (pid !== undefined) seen.add(pid);
      return pid;
    },
    30_000,
  );

/** Does something to the first runs of a phase, each at its beginning. */
function atPhase(phase: string, times: number, act: (isLast: boolean) => Promise<void>) {
  let left = times;
  const done: Promise<void>[] = [];
  return {
    done,
    onProgress: (event: ProgressEvent) => {
      if (event.type !== 'phase-started' || event.phase !== phase || left === 0) return;
      left -= 1;
      done.push(act(left === 0));
    },
  };
}

/** Ends the query while rows are on their way; after the last time nothing sleeps any more. */
const whileRead = (times: number, end: (pid: number) => Promise<unknown>) =>
  atPhase('export', times, async (isLast) => {
    const pid = await sleeper();
    if (isLast) await setPace(0);
    await end(pid);
  });

function expectFailed(outcome: FaultOutcome, phase: string): void {
  expect(outcome.record).toMatchObject({
    state: 'failed',
    error: { class: 'SourceUnavailableError', phase },
  });
  expect(outcome.saved).toEqual(outcome.record);
  expect(outcome.retries).toHaveLength(TRIES - 1);
  expect(outcome.phases.filter((name) => name === 'connect')).toHaveLength(TRIES);
  expect(outcome.calls).toEqual(['get_dataset']);
  expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
}

function expectRecovered(outcome: FaultOutcome, phase: string): void {
  expect(outcome.record).toMatchObject({ state: 'succeeded', outcome: 'uploaded', warnings: [] });
  expect(outcome.saved).toEqual(outcome.record);
  expect(outcome.retries).toEqual([{ phase, waitMs: expect.any(Number) }]);
  expect(outcome.phases.filter((name) => name === 'connect')).toHaveLength(2);
  expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
}

describe('an unreachable Postgres', () => {
  it('forever: failed, and Polyteia was only asked about the dataset', async () => {
    proxy.goDown();
    try {
      expectFailed(await run(), 'connect');
    } finally {
      await proxy.comeBack();
    }
  });

  it('and then back: the next try finds it', async () => {
    proxy.goDown();
    expectRecovered(await run({ meanwhile: () => proxy.comeBack() }), 'connect');
  });
});

describe('a connection to Postgres that breaks', () => {
  it.each(['describe', 'export'])('when phase %s begins, once', async (phase) => {
    const faults = atPhase(phase, 1, async () => proxy.goDown());
    expectRecovered(await run({ ...faults, meanwhile: () => proxy.comeBack() }), phase);
  });

  it.each(['describe', 'export'])('when phase %s begins, forever', async (phase) => {
    try {
      const outcome = await run(atPhase(phase, 1, async () => proxy.goDown()));
      expect(outcome.record).toMatchObject({
        state: 'failed',
        error: { class: 'SourceUnavailableError', phase: 'connect' },
      });
      expect(outcome.retries.map((retry) => retry.phase)).toEqual([phase, 'connect']);
      expect(outcome).toMatchObject({ calls: ['get_dataset'], dataset: 'unchanged', uploads: 0 });
    } finally {
      await proxy.comeBack();
    }
  });

  it.each(['describe', 'export'])(
    'when phase %s begins, on a server that accepts other connections',
    async (phase) => {
      // DuckDB's client finds the connection closed before it is used, and makes another one.
      const outcome = await run(atPhase(phase, 1, async () => proxy.cut()));
      expect(outcome.record).toMatchObject({ state: 'succeeded', warnings: [] });
      expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
    },
  );

  const ends: readonly { what: string; end: (pid: number) => Promise<unknown> }[] = [
    {
      what: 'by pg_terminate_backend',
      end: (pid) => postgres.query('SELECT pg_terminate_backend($1, 5000)', [pid]),
    },
    { what: 'by the network', end: async () => proxy.cut() },
  ];
  it.each(ends)('while rows arrive, $what, once', async ({ end }) => {
    await setPace(60);
    const faults = whileRead(1, end);
    expectRecovered(await run(faults), 'export');
    await Promise.all(faults.done);
  });

  it.each(ends)('while rows arrive, $what, each time', async ({ end }) => {
    await setPace(60);
    const faults = whileRead(TRIES, end);
    expectFailed(await run(faults), 'export');
    await Promise.all(faults.done);
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
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.phases).toEqual(['check target', 'connect']);
    expect(outcome).toMatchObject({ retries: [], calls: ['get_dataset'], dataset: 'unchanged' });
  });
});

// The last of the file: it ends the server that the others share.
describe('a Postgres that is shut down immediately while rows arrive', () => {
  const crash = async () => {
    await setPace(0);
    process.kill(postgres.pid, 'SIGQUIT');
  };

  it('and started again: the next try has the complete result', async () => {
    await setPace(60);
    const faults = whileRead(1, crash);
    const outcome = await run({
      ...faults,
      async meanwhile() {
        await Promise.all(faults.done);
        await postgres.stop();
        postgres = await startPostgres({ folder, password: 'p w$ü' });
        proxy.goDown();
        await proxy.comeBack(postgres);
      },
    });
    expectRecovered(outcome, 'export');
  });

  it('forever: failed', async () => {
    await setPace(60);
    const outcome = await run(whileRead(1, crash));
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'SourceUnavailableError', phase: 'connect' },
    });
    expect(outcome.retries.map(({ phase }) => phase)).toEqual(['export', 'connect']);
    expect(outcome).toMatchObject({ calls: ['get_dataset'], dataset: 'unchanged', uploads: 0 });
  });
});
