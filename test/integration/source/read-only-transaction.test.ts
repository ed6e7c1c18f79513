import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type LoggedConnection, startGeneralLog, takeGeneralLog } from '../../support/servers/general-log.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { setUpInProcessSync } from '../../support/sync/in-process-sync.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';
import { type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

const BEGIN = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY';
// What DuckDB's Postgres client asks for itself, about a connection and not about the source's data.
const CLIENTS_OWN =
  /^(SELECT 1|DISCARD ALL|SELECT version\(\), \(SELECT COUNT\(\*\) FROM pg_settings WHERE name LIKE 'rds%'\)|SELECT to_regclass\('duckdb_secrets'\))$/;
const COMMANDS = [
  ['run', ['run', 'orders']],
  ['check', ['check']],
  ['preview', ['preview', 'orders']],
] as const;

/** Queries that change the source, or would lock it. */
const writing: readonly (readonly [string, Record<string, string>])[] = [
  ['a function that writes', { query: 'SELECT writes() AS x' }],
  ['FOR UPDATE', { query: 'SELECT * FROM orders FOR UPDATE' }],
  ['a function that says it only reads', { query: 'SELECT id, hides() AS x FROM orders' }],
  ['one in a subquery', { query: 'SELECT * FROM (SELECT writes() AS x) AS s WHERE x > 1' }],
  ['a view over one', { query: 'SELECT * FROM writing' }],
  // MariaDB does not even list it then.
  ['a scan of such a view', { duckdbQuery: 'SELECT * FROM db.writing' }],
  ['FOR UPDATE SKIP LOCKED', { query: 'SELECT id FROM orders WHERE id = 1 FOR UPDATE SKIP LOCKED' }],
  ['a procedure', { query: 'CALL shows()' }],
  ['maintenance that answers with rows', { query: 'OPTIMIZE TABLE orders' }],
  ['a commit', { query: 'COMMIT' }],
  ['a lock', { query: 'LOCK TABLES orders WRITE' }],
  ['LOCK IN SHARE MODE', { query: 'SELECT * FROM orders LOCK  IN\nSHARE MODE' }],
  ['it in a comment that is run', { query: 'SELECT * FROM orders /*!50000 LOCK IN SHARE MODE */' }],
  ['it in a subquery', { query: 'SELECT (SELECT MAX(id) FROM orders LOCK IN SHARE MODE) AS n' }],
];

let setup: SyncSetup;
beforeAll(async () => {
  setup = await setUpSync();
}, 300_000);
afterAll(() => setup[Symbol.asyncDispose]());

/** What a connection ran outside of the read-only transaction; nothing, where all is well. */
function outside({ ran }: LoggedConnection): string[] {
  const begun = ran.indexOf(BEGIN);
  if (begun < 0) return ran;
  const left = ran
    .slice(begun + 1)
    .filter((sql) =>
      /^\s*(COMMIT|ROLLBACK|BEGIN|START|SET (?:SESSION )?(?:autocommit|TRANSACTION))/i.test(sql),
    );
  return [...ran.slice(0, begun).filter((sql) => !/^SET SESSION /.test(sql)), ...left];
}

describe.each(['mariadb', 'mysql'] as const)('%s', (flavor) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startMysql({ flavor });
    await server.query(
      `USE ferry;
       CREATE TABLE written (who varchar(100));
       CREATE TABLE orders (id int PRIMARY KEY, at datetime, paid date NOT NULL);
       INSERT INTO orders VALUES (1, '2026-01-01 10:00', '2026-01-02'), (2, '2026-02-01 10:00', '2026-02-02');
       CREATE TABLE old_orders (id int PRIMARY KEY, paid date NOT NULL) ENGINE=MyISAM;
       INSERT INTO old_orders VALUES (1, '2026-01-02');
       CREATE FUNCTION writes() RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO written VALUES (current_user()); RETURN 7; END;
       CREATE FUNCTION hides() RETURNS int READS SQL DATA BEGIN DELETE FROM orders; RETURN 7; END;
       CREATE PROCEDURE shows() MODIFIES SQL DATA BEGIN INSERT INTO written VALUES ('shows'); SELECT 1 AS n; END;
       CREATE VIEW writing AS SELECT id, writes() AS n FROM orders;
       CREATE VIEW locking AS SELECT id FROM orders LOCK IN SHARE MODE;
       CREATE VIEW outer_locking AS SELECT id FROM locking; CREATE VIEW outermost AS SELECT * FROM outer_locking;
       CREATE FUNCTION locks() RETURNS int READS SQL DATA RETURN (SELECT MAX(id) FROM orders LOCK IN SHARE MODE);
       CREATE FUNCTION calls() RETURNS int READS SQL DATA RETURN ferry.locks() + 1;
       CREATE VIEW calling AS SELECT id, calls() AS n FROM orders;
       CREATE DATABASE elsewhere; CREATE FUNCTION elsewhere.locks_too() RETURNS int READS SQL DATA RETURN ferry.locks();
       CREATE TABLE many (id int); INSERT INTO many WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i FROM n`,
    );
    await startGeneralLog(server);
  }, 300_000);
  afterAll(() => server.stop());
  beforeEach(() => takeGeneralLog(server));

  const ferry = (sync: Record<string, unknown>, command: readonly string[]) =>
    setup.run(sync, {
      command,
      source: { type: 'mysql', host: server.host, port: server.port, database: server.database },
      secrets: { erp: { username: server.user, password: server.password } },
    });

  describe.each(COMMANDS)('%s', (_name, command) => {
    it.each([
      ['query', { query: 'SELECT * FROM orders' }],
      ['duckdbQuery', { duckdbQuery: 'SELECT * FROM db.orders' }],
    ])(
      'of a %s sends every statement inside a read-only transaction of one snapshot',
      async (_kind, sync) => {
        const result = await ferry(sync, command);
        expect(result.exitCode, result.stderr).toBe(0);
        expect(`${result.stdout}${result.stderr}`).not.toMatch(/does not confirm/);
        const connections = await takeGeneralLog(server);
        expect(connections.length).toBeGreaterThan(1);
        for (const connection of connections) {
          expect(connection.ran).toContain(BEGIN);
          expect(outside(connection)).toEqual([]);
        }
      },
    );

    it.each(writing.slice(0, command[0] === 'run' ? undefined : 2))(
      'makes the server refuse %s, and leaves the source as it was',
      async (_what, sync) => {
        const result = await ferry(sync, command);
        expect(result.exitCode).not.toBe(0);
        expect(`${result.stdout}${result.stderr}`).toMatch(
          /tries to write|only reads|not one SELECT|This command is not supported|name writing does not exist|locks the rows|has no table writing/,
        );
        const [written] = await server.query('SELECT COUNT(*) AS n FROM ferry.written');
        const [orders] = await server.query('SELECT COUNT(*) AS n FROM ferry.orders');
        expect([Number(written?.n), Number(orders?.n)]).toEqual([0, 2]);
      },
    );
  });

  // MySQL leaves such words out of a view.
  if (flavor === 'mariadb')
    it('refuses a view that locks what it reads', async () => {
      await expect(
        readThroughFerry('mysql', server, { sync: { duckdbQuery: 'SELECT * FROM db.locking' } }),
      ).rejects.toMatchObject({
        class: 'QueryError',
        message: expect.stringMatching(/^The view locking locks/),
      });
    });

  it.each([
    { sync: { query: 'SELECT locks() AS n' }, what: 'function locks' },
    { sync: { query: 'SELECT `calls` () AS n FROM orders' }, what: 'function locks' },
    { sync: { query: 'SELECT n FROM calling' }, what: 'function locks' },
    { sync: { query: 'SELECT elsewhere.locks_too() AS n' }, what: 'function locks' },
    { sync: { duckdbQuery: 'SELECT n FROM db.calling' }, what: 'function locks' },
    ...(flavor === 'mysql'
      ? []
      : [
          { sync: { query: 'SELECT * FROM locking' }, what: 'view locking' },
          {
            sync: { query: 'SELECT o.id FROM orders JOIN ferry.outermost AS o USING (id)' },
            what: 'view locking',
          },
          { sync: { duckdbQuery: 'SELECT * FROM db.outermost' }, what: 'view locking' },
        ]),
  ])('refuses what locks rows behind the words of the query: %j', async ({ sync, what }) => {
    await expect(readThroughFerry('mysql', server, { sync })).rejects.toMatchObject({
      class: 'QueryError',
      message: expect.stringMatching(new RegExp(`^The ${what} locks the rows`)),
    });
  });

  it('recognises words of a lock that mean something else', async () => {
    const query = "SELECT id, 'lock in share mode' AS note, 1 AS `for share` FROM orders -- FOR SHARE";
    expect((await readThroughFerry('mysql', server, { sync: { query } })).rows).toBe(2);
  });

  it('reads again when its connection is closed while rows arrive', async () => {
    await using sync = await setUpInProcessSync(server, setup.polyteia);
    const options = sync.options({ query: 'SELECT id, SLEEP(0.01) AS s FROM many', whenUnchanged: 'upload' });
    const erp = { ...options.config.sources.erp, type: 'mysql' as const } as NonNullable<
      typeof options.config.sources.erp
    >;
    const running = runSync({ ...options, config: { ...options.config, sources: { erp } }, maxTries: 2 });
    const reading = await waitFor(
      'rows that come',
      async () => {
        const [found] = await server.query(
          "SELECT id FROM information_schema.processlist WHERE info LIKE '/* ferry %SLEEP%' AND command = 'Execute' AND time_ms > 500".replace(
            'time_ms > 500',
            flavor === 'mariadb' ? 'time_ms > 500' : 'time >= 1',
          ),
        );
        return found;
      },
      20_000,
    );
    await server.query(`KILL ${reading.id}`);
    expect(await running).toMatchObject({ state: 'succeeded', rows: 300 });
  });

  it('checks a table of a duckdbQuery and scans it on the same connection', async () => {
    await readThroughFerry('mysql', server, { sync: { duckdbQuery: 'SELECT * FROM db.orders' } });
    const connections = await takeGeneralLog(server);
    const checking = connections.filter(({ ran }) => ran.some((sql) => sql.includes('COUNT(CASE WHEN')));
    const scanning = connections.filter(({ ran }) =>
      ran.some((sql) => /^SELECT `id`.* FROM `ferry`.`orders`$/.test(sql)),
    );
    expect(checking).toHaveLength(1);
    expect(scanning).toEqual(checking);
  });

  it('reads both tables of a join on one connection', async () => {
    await server.query('CREATE TABLE IF NOT EXISTS ferry.lines (order_id int, n int)');
    await readThroughFerry('mysql', server, {
      sync: { duckdbQuery: 'SELECT o.id, l.n FROM db.orders o LEFT JOIN db.lines l ON l.order_id = o.id' },
    });
    const connections = await takeGeneralLog(server);
    const scanning = connections.filter(({ ran }) =>
      ran.some((sql) => /^SELECT `.* FROM `ferry`\.`(orders|lines)`/.test(sql)),
    );
    expect(scanning).toHaveLength(1);
  });

  it('sees the snapshot whatever the server’s default isolation level', async () => {
    await server.query('SET GLOBAL TRANSACTION ISOLATION LEVEL READ UNCOMMITTED');
    try {
      const sync = { duckdbQuery: 'SELECT id FROM db.orders ORDER BY id' };
      const { content } = await readThroughFerry('mysql', server, { sync });
      expect(content.rows).toEqual([[1], [2]]);
      const connections = await takeGeneralLog(server);
      expect(connections).not.toEqual([]);
      for (const { ran } of connections)
        expect(ran).toContain('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    } finally {
      await server.query('SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    }
  });

  it('refuses to read a table of an engine without transactions with several statements', async () => {
    const read = (sync: Record<string, unknown>) => readThroughFerry('mysql', server, { sync });
    await expect(read({ duckdbQuery: 'SELECT * FROM db.old_orders' })).rejects.toMatchObject({
      class: 'ExactnessError',
      message: expect.stringMatching(/the table old_orders uses MyISAM, which does not support transactions/),
    });
    expect((await read({ query: 'SELECT * FROM old_orders' })).rows).toBe(1);
  });

  it('lifts the limits of idle sessions, and keeps a lower limit for locks', async () => {
    const names =
      flavor === 'mariadb'
        ? ', @@idle_readonly_transaction_timeout AS d, @@idle_transaction_timeout AS e'
        : '';
    await server.query(
      'SET GLOBAL wait_timeout = 1; SET GLOBAL net_write_timeout = 1; SET GLOBAL lock_wait_timeout = 2',
    );
    try {
      const query = `SELECT @@wait_timeout AS a, @@net_write_timeout AS b, @@lock_wait_timeout AS c${names}`;
      const { content } = await readThroughFerry('mysql', server, { sync: { query } });
      expect(content.rows.flat().map(Number)).toEqual([
        86400,
        3600,
        2,
        ...(flavor === 'mariadb' ? [0, 0] : []),
      ]);
    } finally {
      await server.query(
        'SET GLOBAL wait_timeout = 28800; SET GLOBAL net_write_timeout = 60; SET GLOBAL lock_wait_timeout = 86400',
      );
    }
  });

  it('retries when it waits for a lock, and reports a lock that stays', async () => {
    await using sync = await setUpInProcessSync(server, setup.polyteia);
    await server.query('SET GLOBAL lock_wait_timeout = 1');
    const run = (maxTries: number) => {
      const options = sync.options({ query: 'SELECT id FROM orders', whenUnchanged: 'upload' });
      const source = { type: 'mysql' as const };
      const erp = { ...options.config.sources.erp, ...source } as NonNullable<
        typeof options.config.sources.erp
      >;
      return runSync({ ...options, config: { ...options.config, sources: { erp } }, maxTries });
    };
    const { createConnection } = await import('mysql2/promise');
    const { host, port, user, password, database } = server;
    const migration = await createConnection({ host, port, user, password, database });
    try {
      await migration.query('LOCK TABLES orders WRITE');
      const failed = await run(1);
      expect(failed).toMatchObject({ state: 'failed', error: { class: 'SourceUnavailableError' } });
      expect(failed.error?.message).toMatch(/^Something that the query reads is locked at the source/);
      const running = run(5);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await migration.query('UNLOCK TABLES');
      expect(await running).toMatchObject({ state: 'succeeded', rows: 2 });
    } finally {
      await migration.end();
      await server.query('SET GLOBAL lock_wait_timeout = 86400');
    }
  });
});

describe('postgres', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres({ settings: { log_statement: 'all' } });
    await postgres.query(
      `CREATE TABLE orders AS SELECT i AS id, 'x' || i AS note FROM generate_series(1, 5000) i; ANALYZE orders; CREATE TABLE written (who text);
       CREATE FUNCTION writes() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO written VALUES (current_user) RETURNING 7';
       CREATE FUNCTION hides() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN PERFORM writes(); RETURN 7; END';
       CREATE SEQUENCE numbers; CREATE VIEW writing AS SELECT id, writes() AS n FROM orders`,
    );
  });
  afterAll(() => postgres.stop());

  const ferry = (sync: Record<string, unknown>, command: readonly string[]) =>
    setup.run(sync, {
      command,
      source: { host: postgres.host, port: postgres.port, database: postgres.database },
      secrets: { erp: { username: postgres.user, password: postgres.password } },
    });

  describe.each(COMMANDS)('%s', (_name, command) => {
    it.each([
      ['query', { query: 'SELECT * FROM orders' }],
      ['duckdbQuery', { duckdbQuery: 'SELECT * FROM db.public.orders' }],
    ])(
      'of a %s sends every statement inside a read-only transaction of one snapshot',
      async (_kind, sync) => {
        const before = (await readFile(postgres.logFile, 'utf8')).length;
        const result = await ferry(sync, command);
        expect(result.exitCode, result.stderr).toBe(0);
        expect(`${result.stdout}${result.stderr}`).not.toMatch(/does not confirm/);
        const log = (await readFile(postgres.logFile, 'utf8')).slice(before);
        const backends = Map.groupBy(
          log.matchAll(/\[(\d+)\] LOG: {2}(?:statement|execute [^:]*): ([^\n]*)/g),
          ([, pid]) => pid,
        );
        expect(backends.size).toBeGreaterThan(0);
        for (const statements of backends.values()) {
          let open = false;
          const outside = statements.flatMap(([, , sql = '']) => {
            if (/^BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY/.test(sql)) open = true;
            else if (/^(COMMIT|ROLLBACK)\b/.test(sql)) open = false;
            else if (!open && !CLIENTS_OWN.test(sql)) return [sql];
            return [];
          });
          expect(outside).toEqual([]);
        }
      },
    );

    it('undoes what the server allows in a read-only transaction', async () => {
      const listener = new pg.Client({ connectionString: postgres.connectionUrl });
      await listener.connect();
      const heard: string[] = [];
      listener.on('notification', ({ payload = '' }) => heard.push(payload));
      await listener.query('LISTEN ferry_test');
      const result = await ferry(
        { query: "SELECT pg_notify('ferry_test', 'from Ferry')::text AS n, id FROM orders LIMIT 1" },
        command,
      );
      expect(result.exitCode, result.stderr).toBe(0);
      await postgres.query("SELECT pg_notify('ferry_test', 'later')");
      await listener.query('SELECT 1');
      expect(heard).toEqual(['later']);
      await listener.end();
    });

    it.each([
      ['a function that writes', { query: 'SELECT writes() AS x' }],
      ['one that says it only reads', { query: 'SELECT hides() AS x FROM orders' }],
      ['a view over one', { query: 'SELECT * FROM writing' }],
      ['a scan of such a view', { duckdbQuery: 'SELECT * FROM db.public.writing' }],
      ['FOR UPDATE', { query: 'SELECT * FROM orders FOR UPDATE' }],
      ['FOR KEY SHARE', { query: 'SELECT id FROM orders FOR KEY SHARE' }],
      ['a sequence', { query: "SELECT nextval('numbers') AS n" }],
      [
        'an INSERT in a WITH',
        { query: "WITH w AS (INSERT INTO written VALUES ('x') RETURNING 1) SELECT 1 AS n FROM w" },
      ],
    ])('makes the server refuse %s, and leaves the source as it was', async (what, sync) => {
      // To prepare a query runs none of its functions.
      if (command[0] !== 'check' || /FOR|WITH/.test(what)) {
        const result = await ferry(sync, command);
        expect(result.exitCode).not.toBe(0);
        expect(`${result.stdout}${result.stderr}`).toMatch(
          /tries to write|not one SELECT|only reads|as part of a larger one/,
        );
      } else await ferry(sync, command);
      const { rows } = await postgres.query(
        'SELECT (SELECT count(*) FROM written)::int AS n, is_called FROM numbers',
      );
      expect(rows).toEqual([{ n: 0, is_called: false }]);
    });
  });
});
