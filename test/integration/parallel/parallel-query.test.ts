import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withReaders } from '../../../shared/source/query/reading-threads.ts';
import { withEnvironment } from '../../support/processes/process-environment.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { startPgBouncer } from '../../support/servers/pgbouncer.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import {
  type ReadOptions,
  readThroughFerry,
  type TestServer,
} from '../../support/sync/read-through-ferry.ts';
import { whileWriting } from '../../support/sync/while-writing.ts';

const ROWS = 60_000;

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres({ binaries: '15', settings: { log_statement: 'all' } });
  await postgres.query(
    `CREATE TABLE accounts (id int PRIMARY KEY, amount int NOT NULL, note text NOT NULL) WITH (fillfactor = 60);
     INSERT INTO accounts SELECT i, 0, repeat('x', 120) FROM generate_series(1, ${ROWS}) i;
     ANALYZE accounts;
     CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 1; GRANT SELECT ON accounts TO few;
     CREATE ROLE partly LOGIN PASSWORD 'partly'; GRANT SELECT (id, amount) ON accounts TO partly;
     CREATE ROLE guarded LOGIN PASSWORD 'guarded';
     CREATE TABLE rows_of (LIKE accounts); INSERT INTO rows_of SELECT * FROM accounts; ALTER TABLE rows_of ENABLE ROW LEVEL SECURITY;
     CREATE POLICY all_rows ON rows_of USING (true); GRANT SELECT ON rows_of TO guarded;
     CREATE FUNCTION lying(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
       $$BEGIN IF $1 = 50000 THEN PERFORM set_config('datestyle', 'German', true); END IF; RETURN $1; END$$;
     CREATE VIEW seen AS SELECT * FROM accounts;
     CREATE TABLE parent (id int, note text); CREATE TABLE child () INHERITS (parent);
     INSERT INTO parent SELECT id, note FROM accounts;
     CREATE TABLE divided (id int, note text) PARTITION BY RANGE (id);
     CREATE TABLE division PARTITION OF divided FOR VALUES FROM (0) TO (${ROWS + 1}); INSERT INTO divided SELECT id, note FROM accounts;
     CREATE FUNCTION shifting(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1';
     CREATE FUNCTION lower(date) RETURNS text LANGUAGE sql VOLATILE AS $$SELECT 'x'$$;
     CREATE FUNCTION uneven(int, int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT $1 <> $2';
     CREATE OPERATOR <!> (LEFTARG = int, RIGHTARG = int, FUNCTION = uneven);
     CREATE TYPE mood AS ENUM ('good', 'bad');
     CREATE TABLE events AS SELECT id, date '2024-01-01' + id % 365 AS day, timestamptz '2024-01-01 00:00+00' + id * interval '1 minute' AS at,
       '2024-01-01'::text AS said, (CASE id % 2 WHEN 0 THEN 'good' ELSE 'bad' END)::mood AS mood, time '10:00' AS t, timetz '10:00+00' AS tz, note
       FROM accounts;
     CREATE TEXT SEARCH CONFIGURATION x (COPY = simple);
     ANALYZE`,
  );
});
afterAll(() => postgres.stop());

/** Reads a query as if its table were large. */
const read = (
  query: string,
  options: Omit<ReadOptions, 'sync'> & { sync?: object; server?: TestServer } = {},
) => {
  const { server = postgres, sync = {}, ...others } = options;
  return readThroughFerry('postgres', server, {
    minBytes: 1,
    threads: 3,
    sync: { query, ...sync },
    ...others,
  });
};
const login = (user: string) => ({ ...postgres, user, password: user });

/** What one connection reads, and what several do. */
async function readBoth(query: string) {
  const alone = await read(query, { sync: { parallel: 'never' } });
  const together = await read(query);
  const sorted = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row)).toSorted();
  return {
    alone,
    together,
    isSame: JSON.stringify(sorted(alone.content.rows)) === JSON.stringify(sorted(together.content.rows)),
  };
}

describe('a query of one table', () => {
  it.each([
    'SELECT * FROM accounts',
    "SELECT a.*, id % 7 AS rest FROM public.accounts a WHERE a.id BETWEEN 100 AND 50000 AND note LIKE 'x%'",
    'SELECT id AS "Größe ""x""", upper(note) FROM "accounts" WHERE id % 2 = 0 -- all of them',
    'SELECT FROM accounts',
    'SELECT * FROM accounts WHERE false AND id < 0',
    `SELECT id, date_trunc('month', at) AS m, at::date AS d, to_char(at, 'YYYY-MM') AS c, EXTRACT(epoch FROM day), mood, tz,
       (at AT TIME ZONE 'Europe/Berlin')::timestamp AS local, day::timestamptz AS s, CASE mood WHEN 'good' THEN 1 END AS g, at - interval '1 day' AS b
     FROM events WHERE day >= '2024-03-01' AND mood = 'good' AND at < '2024-12-31 12:00+01'`,
  ])('is read by several connections: %s', async (query) => {
    if (query.startsWith('SELECT FROM')) {
      // A file needs a column, whatever reads it.
      await expect(read(query)).rejects.toThrow('returns no columns');
      return;
    }
    const { alone, together, isSame } = await readBoth(query);
    expect(together.reading).toEqual({ mode: 'parallel', connections: 3 });
    expect(alone.reading).toEqual({ mode: 'statement', reason: 'parallel: never' });
    expect(together.content.columns).toEqual(alone.content.columns);
    expect(together.rows).toBe(alone.rows);
    expect(isSame).toBe(true);
  });

  it.each([
    ['SELECT * FROM seen', 'the query reads no table of'],
    ['SELECT * FROM parent', 'other tables inherit from its table'],
    ['SELECT * FROM divided', 'the query reads no table of'],
    ['SELECT id, divided.note FROM divided WHERE id IS DISTINCT FROM accounts', undefined],
    ['SELECT now(), id FROM accounts', 'the query calls now()'],
    ['SELECT clock_timestamp(), id FROM accounts', 'the query calls clock_timestamp()'],
    ['SELECT pg_backend_pid(), id FROM accounts', 'the query calls pg_backend_pid()'],
    ['SELECT txid_current_if_assigned(), id FROM accounts', 'the query calls txid_current_if_assigned()'],
    ['SELECT random(), id FROM accounts', 'the query calls random()'],
    ['SELECT age(at), id FROM events', 'the query calls age()'],
    ['SELECT sum(id) FROM accounts', 'the query calls sum()'],
    ['SELECT unnest(ARRAY[1, 2]), id FROM accounts', 'the query calls unnest()'],
    ['SELECT shifting(id) FROM accounts', 'the query calls shifting()'],
    ['SELECT lower(note) FROM accounts', 'the query calls lower()'],
    ['SELECT id FROM accounts WHERE id <!> 5', 'an operator'],
    ['SELECT accounts FROM accounts', 'no column of the table'],
    ['SELECT ctid, id FROM accounts', 'no column of the table'],
    ['SELECT xmin::text, id FROM accounts', 'no column of the table'],
    ['SELECT tableoid::int, id FROM accounts', 'no column of the table'],
    ['SELECT said::date FROM events', 'the query converts a text to a date or time'],
    ['SELECT substr(said, 1)::date FROM events', 'the query converts a text to a date or time'],
    ["SELECT (said || '')::date FROM events", 'the query converts a text to a date or time'],
    ["SELECT tz > '10:00' FROM events", 'a time with time zone'],
    ['SELECT t = tz FROM events', 'a time with time zone'],
    ["SELECT * FROM events WHERE mood = 'good'::mood", 'the query converts to mood'],
    ['SELECT * FROM pg_catalog.pg_class', 'a table of the server itself'],
    ['SELECT * FROM accounts ORDER BY id', 'ORDER BY'],
    ['SELECT * FROM accounts WHERE id = 77', 'the source would not read a part of the table by itself'],
    ['SELECT count(*) FROM accounts', 'count()'],
  ])('is read by one connection: %s', async (query, reason) => {
    if (reason === undefined) {
      await expect(read(query)).rejects.toThrow('column "accounts" does not exist');
      return;
    }
    const { reading } = await read(query, { withContent: false });
    expect(reading).toEqual({ mode: 'statement', reason: expect.stringContaining(reason) });
  });

  it.each([
    ['guarded', 'SELECT * FROM rows_of', 'row-level security applies to the login'],
    ['partly', 'SELECT id, amount FROM accounts', 'the login may read some columns of the table only'],
    ['few', 'SELECT * FROM accounts', 'the source does not have enough connections left'],
  ])('is read by one connection if %s reads it', async (user, query, reason) => {
    const result = await read(query, { server: login(user), withContent: false });
    expect(result).toMatchObject({ rows: ROWS, reading: { mode: 'statement', reason } });
  });

  it.each<[string, Parameters<typeof read>[1], string]>([
    ['sync', { sync: { parallel: 'never' } }, 'parallel: never'],
    ['source', { source: { parallel: 'never' } }, 'parallel: never'],
    ['source’s connections', { source: { maxConnections: 1 } }, 'maxConnections: 1'],
    ['threads', { threads: 1 }, 'there is one processor'],
    ['size of the table', { minBytes: 200_000_000 }, 'the query reads no table of 200 MB or more'],
  ])('is read by one connection because of the %s', async (_what, options, reason) => {
    const { reading } = await read('SELECT * FROM accounts', { ...options, withContent: false });
    expect(reading).toEqual({ mode: 'statement', reason });
  });

  it('is read by as many connections as the source allows', async () => {
    const { reading } = await read('SELECT * FROM accounts', {
      source: { maxConnections: 2 },
      withContent: false,
    });
    expect(reading).toEqual({ mode: 'parallel', connections: 2 });
    const own = await read('SELECT * FROM accounts', {
      source: { parallel: 'never' },
      sync: { parallel: 'auto' },
      withContent: false,
    });
    expect(own.reading).toEqual({ mode: 'parallel', connections: 3 });
  });

  it('is read by fewer connections when the process has more to do', async () => {
    // As a function has them.
    await withEnvironment({ UV_THREADPOOL_SIZE: '4' }, async () => {
      const busy = await read('SELECT * FROM accounts', { runsAtOnce: 3, withContent: false });
      expect(busy.reading).toEqual({
        mode: 'statement',
        reason: expect.stringContaining('other runs at the same time'),
      });
      // Of the four threads, another run's readers have two, and one is left for files.
      const beside = await withReaders(2, () =>
        read('SELECT * FROM accounts', { runsAtOnce: 2, withContent: false }),
      );
      expect(beside.reading.mode).toBe('statement');
      const after = await read('SELECT * FROM accounts', { runsAtOnce: 2, withContent: false });
      expect(after.reading.mode).toBe('parallel');
    });
  });

  it('of DuckDB is read by as many connections as the source allows, too', async () => {
    const scan = (source: object) =>
      readThroughFerry('postgres', postgres, {
        sync: { duckdbQuery: 'SELECT id, amount FROM db.accounts' },
        source: { ...source },
        withContent: false,
      });
    const before = readFileSync(postgres.logFile, 'utf8').length;
    expect(await scan({ maxConnections: 2 })).toMatchObject({
      rows: ROWS,
      reading: { mode: 'parallel' },
      verified: true,
    });
    const log = readFileSync(postgres.logFile, 'utf8').slice(before);
    const connections = new Set(
      [...log.matchAll(/\[(\d+)\] LOG: {2}statement: BEGIN/g)].map(([, pid]) => pid),
    );
    expect(connections.size).toBe(2);
    expect(await scan({ maxConnections: 1 })).toMatchObject({ rows: ROWS, reading: { mode: 'single' } });
    expect(await scan({ parallel: 'never' })).toMatchObject({ rows: ROWS, reading: { mode: 'single' } });
  });

  it('of DuckDB over a small table opens one connection', async () => {
    await postgres.query('CREATE TABLE "Few" AS SELECT 1 AS id; ANALYZE "Few"');
    for (const [table, rows] of [
      ['db."Few"', 1],
      ['db.public.few', 1],
      ['db.seen', ROWS],
    ] as const) {
      const before = readFileSync(postgres.logFile, 'utf8').length;
      const duckdbQuery = `SELECT id FROM ${table}`;
      expect(
        await readThroughFerry('postgres', postgres, { sync: { duckdbQuery }, withContent: false }),
      ).toMatchObject({
        rows,
        reading: { mode: 'single', reason: 'the client read it in one part' },
        verified: true,
      });
      const log = readFileSync(postgres.logFile, 'utf8').slice(before);
      expect(new Set([...log.matchAll(/\[(\d+)\] LOG: {2}statement: /g)].map(([, pid]) => pid)).size).toBe(1);
    }
  });

  it('whose values are refused fails as with one connection', async () => {
    await postgres.query(
      `CREATE TABLE amounts AS SELECT id, (CASE WHEN id = 55000 THEN 'NaN' ELSE id::text END)::numeric(10,2) AS sum, note FROM accounts; ANALYZE amounts`,
    );
    let left: string[] = ['?'];
    const reading = read('SELECT * FROM amounts', { onFailed: (files) => (left = files) });
    await expect(reading).rejects.toThrow(/Column "sum" .* contains NaN or Infinity/);
    expect(left).toEqual([]);
  });

  it('whose function changes a setting fails as with one connection', async () => {
    const query = 'SELECT lying(id) AS id, at, tstzrange(at, NULL) AS r FROM events';
    await expect(read(query, { sync: { parallel: 'never' } })).rejects.toThrow(
      /changes a setting|changes the setting/,
    );
    await expect(read(query)).rejects.toThrow(/changes a setting|changes the setting/);
  });
});

describe('one moment', () => {
  const oneMoment = (rows: unknown[][]) => ({
    rows: rows.length,
    ids: new Set(rows.map(([id]) => id)).size,
    total: rows.reduce((sum, [, amount]) => sum + Number(amount), 0),
  });

  it('is what all connections see while others write, in read-only transactions', async () => {
    const clients = await Promise.all([1, 2].map(() => connect()));
    try {
      const writers = clients.map((client, n) => async (round: number) => {
        const from = 1 + ((round * 7919 + n * 104729) % (ROWS - 1000));
        await client.query(
          `UPDATE accounts SET amount = amount + CASE WHEN id % 2 = 0 THEN 1 ELSE -1 END WHERE id >= ${from} AND id < ${from + 1000}`,
        );
      });
      for (let attempt = 0; attempt < 4; attempt += 1) {
        const before = readFileSync(postgres.logFile, 'utf8').length;
        const { result } = await whileWriting(writers, () => read('SELECT id, amount FROM accounts'));
        expect(result.reading).toEqual({ mode: 'parallel', connections: 3 });
        expect(oneMoment(result.content.rows)).toEqual({ rows: ROWS, ids: ROWS, total: 0 });
        const log = readFileSync(postgres.logFile, 'utf8').slice(before);
        const readers = [...log.matchAll(/\[(\d+)\] LOG: {2}statement: COPY .*ctid OPERATOR/g)].map(
          ([, pid]) => pid,
        );
        expect([readers.length, new Set(readers).size]).toEqual([3, 3]);
        expect([...log.matchAll(/SET TRANSACTION SNAPSHOT/g)].length).toBe(2);
        for (const pid of readers)
          expect(log).toMatch(
            new RegExp(`\\[${pid}\\] LOG:.*BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`),
          );
      }
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  });

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: postgres.connectionUrl });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  it('is read by one connection if somebody waits to change the table', async () => {
    const [holder, changer] = await Promise.all([connect(), connect()]);
    try {
      // The change waits for the holder, and whoever comes later waits for the change.
      await holder.query('BEGIN; LOCK TABLE accounts IN ACCESS SHARE MODE');
      let changing: Promise<unknown> | undefined;
      const result = await read('SELECT * FROM accounts', {
        withContent: false,
        onPlanned: async () => {
          changing = changer
            .query("SET lock_timeout = '3s'; ALTER TABLE accounts ADD COLUMN later int")
            .catch(() => undefined);
          const waiting =
            "SELECT 1 FROM pg_locks WHERE relation = 'accounts'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted";
          await waitFor(
            'the change',
            async () => ((await postgres.query(waiting)).rowCount === 0 ? undefined : true),
            5_000,
          );
        },
      });
      await changing;
      expect(result).toMatchObject({
        rows: ROWS,
        reading: { reason: 'another session waits to change the table' },
      });
    } finally {
      await Promise.all([holder.end(), changer.end()]);
    }
  });

  it.each([
    [1, { mode: 'statement', reason: expect.stringContaining('lets the connections wait for one another') }],
    [4, { mode: 'parallel', connections: 3 }],
  ])('is what a pooler with %i connections gives', async (poolSize, reading) => {
    await using bouncer = await startPgBouncer(postgres, {
      poolMode: 'transaction',
      poolSize,
      logins: { postgres: postgres.password },
    });
    const server = { ...bouncer, user: 'postgres', password: postgres.password };
    const result = await read('SELECT id, amount FROM accounts', { server });
    expect(result.reading).toEqual(reading);
    expect(oneMoment(result.content.rows)).toEqual({ rows: ROWS, ids: ROWS, total: 0 });
  });

  it('is read by one connection from a standby', async () => {
    await using standby = await startPostgres({ binaries: '15', standbyOf: postgres });
    const result = await read('SELECT * FROM accounts', {
      server: { ...standby, password: postgres.password },
      withContent: false,
    });
    expect(result).toMatchObject({
      rows: ROWS,
      reading: { mode: 'statement', reason: 'the source is a standby' },
    });
  });
});
