import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CancelledError, SourceUnavailableError } from '../../../shared/errors.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { atGate, closeGate, type Gate } from '../../support/runs/gate.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { type ReadOptions, readThroughFerry } from '../../support/sync/read-through-ferry.ts';

const ROWS = 60_000;
const READ_PROCESS = fileURLToPath(new URL('../../support/sync/read-process.ts', import.meta.url));
const GATE = 4711;

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.query(
    `CREATE TABLE accounts AS SELECT i AS id, repeat('x', 120) AS note FROM generate_series(1, ${ROWS}) i; ANALYZE accounts;
     CREATE TABLE hashes AS SELECT i AS id, md5(i::text) AS hash FROM generate_series(1, ${ROWS}) i; ANALYZE hashes;
     CREATE FUNCTION gated(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
       $$BEGIN IF $1 IN (10, 59990) THEN PERFORM pg_advisory_lock_shared(${GATE}); END IF; RETURN $1; END$$`,
  );
});
afterAll(() => postgres.stop());

const readers = `SELECT pid FROM pg_stat_activity WHERE application_name = 'ferry'`;
const count = async (sql: string) => (await postgres.query(sql)).rows.length;

/** Reads while the first and the last part wait at a gate; the one between them ends. */
async function readAtGate(
  options: Omit<ReadOptions, 'sync' | 'onFailed'>,
  happens: (gate: Gate) => Promise<unknown>,
): Promise<{ error: unknown; left: string[] }> {
  await using gate = await closeGate(postgres, GATE);
  let left: string[] = ['?'];
  const reading = readThroughFerry('postgres', postgres, {
    sync: { query: 'SELECT gated(id) AS id, note FROM accounts' },
    minBytes: 1,
    threads: 3,
    ...options,
    onFailed: (files) => {
      left = files;
    },
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  await waitFor(
    'two parts at the gate',
    async () => ((await count(atGate(GATE))) === 2 ? true : undefined),
    20_000,
  );
  await happens(gate);
  return { error: await reading, left };
}

describe('a query that several connections read', () => {
  it('ends at once when it is cancelled, with all its statements at the source', async () => {
    const cancelling = new AbortController();
    const { error, left } = await readAtGate({ signal: cancelling.signal }, async () =>
      cancelling.abort(new CancelledError('Enough.')),
    );
    expect(error).toBeInstanceOf(CancelledError);
    expect(left).toEqual([]);
    await waitFor(
      'the end of the statements',
      async () => ((await count(readers)) === 0 ? true : undefined),
      5_000,
    );
  });

  it('fails when the connection of one part ends, and stops the others', async () => {
    const { error, left } = await readAtGate({}, async () => {
      const [one] = (await postgres.query<{ pid: number }>(atGate(GATE))).rows;
      await postgres.query('SELECT pg_terminate_backend($1, 5000)', [one?.pid]);
    });
    expect(error).toBeInstanceOf(SourceUnavailableError);
    expect(left).toEqual([]);
    await waitFor(
      'the end of the others',
      async () => ((await count(readers)) === 0 ? true : undefined),
      5_000,
    );
  });

  it('fails when an administrator cancels one part', async () => {
    const { error, left } = await readAtGate({}, async () => {
      const [one] = (await postgres.query<{ pid: number }>(atGate(GATE))).rows;
      await postgres.query('SELECT pg_cancel_backend($1)', [one?.pid]);
    });
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(/cancel|ended/i);
    expect(left).toEqual([]);
  });

  it('ends well once all parts go on', async () => {
    expect((await readAtGate({}, (gate) => gate.open())).error).toBeUndefined();
  });

  // A limit on the size of files stands in for a small disk.
  it.each([
    ['for a part', 500],
    ['for all parts together', 1_900],
  ])(
    'is tried with one connection when the disk has no room %s, and leaves nothing behind',
    async (_what, blocks) => {
      const server = {
        host: postgres.host,
        port: postgres.port,
        database: postgres.database,
        user: postgres.user,
        password: postgres.password,
      };
      const query = 'SELECT id, hash FROM hashes';
      const run = async () => {
        const script = `ulimit -f ${blocks}; exec "$0" "$@"`;
        const args = ['-c', script, process.execPath, READ_PROCESS, JSON.stringify({ server, query })];
        const { stdout } = await promisify(execFile)('/bin/sh', args);
        return JSON.parse(/^outcome (.*)$/m.exec(stdout)?.[1] ?? '') as unknown;
      };
      expect(await run()).toEqual({ error: 'The working disk is full.', left: [] });
    },
  );

  it('fails when the server ends, and leaves nothing behind', async () => {
    const { error, left } = await readAtGate({}, async () => {
      process.kill(postgres.pid, 'SIGQUIT');
    }).catch((thrown: unknown) => ({ error: thrown, left: [] }));
    expect(error).toBeInstanceOf(SourceUnavailableError);
    expect(left).toEqual([]);
  });
});
