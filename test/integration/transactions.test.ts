import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../cli/session-options.ts';
import { ExactnessError, SourceUnavailableError } from '../../shared/errors.ts';
import { exportParquet } from '../../shared/source/export-parquet.ts';
import { prepareQuery } from '../../shared/source/prepare-query.ts';
import { createLocalSecretReader } from '../../shared/source/secrets.ts';
import { SourceSession } from '../../shared/source/session.ts';
import { checkSource } from '../../shared/sync/check-source.ts';
import { queryOf } from '../../shared/sync/open-sync-session.ts';
import { previewSync } from '../../shared/sync/preview-sync.ts';
import { type MysqlServer, startMysql } from '../support/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { parseSync, readThroughFerry } from '../support/read-through-ferry.ts';
import { sessionOptions } from '../support/source-session.ts';
import {
  type LoggedStatement,
  mysqlLog,
  mysqlLogSettings,
  postgresLog,
  postgresLogSettings,
} from '../support/transaction-log.ts';

const MINUTES = 300_000;
const PROVEN = 'read-only snapshot';

// What a query can do besides reading, with the login's own rights.
const writesInMysql = [
  { query: 'SELECT fw() AS x' },
  { query: 'SELECT id, fw() AS x FROM orders WHERE id = 1' },
  { query: 'SELECT * FROM (SELECT fw() AS x) AS d' },
  { query: 'SELECT * FROM writing' },
  { query: 'SELECT without_transactions() AS x' },
  { query: 'SELECT id FROM orders FOR UPDATE' },
  {
    query:
      'SELECT o.id FROM orders AS o JOIN (SELECT id FROM orders WHERE id = 1 FOR UPDATE) AS l ON l.id = o.id',
  },
  { duckdbQuery: 'SELECT * FROM db.writing' },
];

const kinds = [
  {
    name: 'MariaDB',
    type: 'mysql',
    start: () => startMysql({ flavor: 'mariadb', settings: mysqlLogSettings }),
    writes: [...writesInMysql, { query: 'SELECT NEXT VALUE FOR numbers AS n' }],
    table: 'db.orders',
  },
  {
    name: 'MySQL',
    type: 'mysql',
    start: () => startMysql({ flavor: 'mysql', settings: mysqlLogSettings }),
    writes: writesInMysql,
    table: 'db.orders',
  },
  {
    name: 'Postgres',
    type: 'postgres',
    start: () => startPostgres({ settings: postgresLogSettings }),
    writes: [
      { query: 'SELECT fw() AS x' },
      { query: 'SELECT * FROM writing' },
      { query: 'SELECT id FROM orders FOR UPDATE' },
      { query: 'SELECT id FROM orders FOR SHARE' },
      { query: "SELECT nextval('numbers') AS n" },
      { duckdbQuery: 'SELECT * FROM db.writing' },
    ],
    table: 'db.public.orders',
  },
] as const;

describe.each(kinds)('the transaction in which $name is read', ({ type, start, writes, table, name }) => {
  let server: MysqlServer | PostgresServer;
  let folder: string;
  const sql = (text: string): Promise<unknown> =>
    'flavor' in server ? server.query(text) : server.query(text);
  const log = async (): Promise<LoggedStatement[]> =>
    'flavor' in server ? mysqlLog(server) : postgresLog(server);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry transaction ü '));
    server = await start();
    const orders = `CREATE TABLE orders (id int PRIMARY KEY, due date NOT NULL);
      INSERT INTO orders VALUES (1, '2026-01-01'), (2, '2026-01-02');
      CREATE TABLE written (n int);`;
    if (type === 'postgres') {
      await sql(`${orders} CREATE SEQUENCE numbers;
        CREATE FUNCTION fw() RETURNS int LANGUAGE sql AS 'INSERT INTO written VALUES (1) RETURNING n';
        CREATE VIEW writing AS SELECT id, fw() AS x FROM orders;`);
    } else {
      await sql(`USE ferry; ${orders} CREATE TABLE aside (id int PRIMARY KEY) ENGINE = MyISAM;
        INSERT INTO aside VALUES (1); ${name === 'MariaDB' ? 'CREATE SEQUENCE numbers;' : ''}
        CREATE FUNCTION fw() RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO written VALUES (1); RETURN 7; END;
        CREATE FUNCTION without_transactions() RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO aside VALUES (2); RETURN 7; END;
        CREATE VIEW writing AS SELECT id, fw() AS x FROM orders;`);
    }
  }, MINUTES);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const options = (fields: Record<string, unknown>) => {
    const { host, port, database, user, password } = server;
    const { sync, source } = parseSync(type, fields, { host, port, database });
    return {
      sync,
      source,
      secrets: createLocalSecretReader({
        values: new Map([['x', JSON.stringify({ username: user, password })]]),
        environment: {},
      }),
      folder,
      extensionFolders: [PROJECT_EXTENSIONS],
      memoryLimitBytes: 500_000_000,
      threads: 1,
    };
  };
  const run = (sync: Record<string, unknown>) => readThroughFerry(type, server, { sync, withContent: false });
  const preview = (sync: Record<string, unknown>) => previewSync({ ...options(sync), limit: 3 });
  const check = async (fields: Record<string, unknown>) => {
    const { sync, ...rest } = options(fields);
    const results = await checkSource({ ...rest, name: 'test', syncs: { orders: sync } });
    return results.at(-1);
  };

  const ways = [{ query: 'SELECT id, due FROM orders' }, { duckdbQuery: `SELECT * FROM ${table}` }];

  it('only reads, and shows one moment, for each statement of a run, a check and a preview', async () => {
    await log();
    for (const way of ways) {
      // What is claimed is what the server reported.
      const transaction = PROVEN;
      expect(await run(way)).toMatchObject({ rows: 2, recorded: { transaction } });
      expect(await preview(way)).toMatchObject({ rows: [{}, {}], reading: { transaction } });
      expect(await check(way)).toMatchObject({ status: 'ok' });
    }
    const statements = await log();
    expect(statements.filter(({ inSnapshot }) => !inSnapshot)).toEqual([]);
    expect(statements.filter((each) => each.sql.includes('orders')).length).toBeGreaterThan(10);
  });

  const refused =
    /tries to write; Ferry only reads|refused the query: cannot execute|Table with name writing/;
  const unwritten = async () =>
    expect(await sql('SELECT * FROM written')).toEqual(
      type === 'mysql' ? [] : expect.objectContaining({ rows: [] }),
    );

  it('refuses a function that writes to a run, a check and a preview', async () => {
    const [way] = writes;
    await expect(run(way)).rejects.toThrow(refused);
    // Postgres refuses when the function runs, MySQL when it prepares it.
    const previewed = preview(way).then(({ rowsError }) => Promise.reject(rowsError));
    await expect(previewed).rejects.toThrow(refused);
    const failed = { status: 'failed', detail: expect.stringMatching(refused) };
    expect(await check(way)).toMatchObject(type === 'mysql' ? failed : { status: 'ok' });
    await unwritten();
  });

  it('refuses whatever writes or locks', async () => {
    const session = await SourceSession.open({ ...sessionOptions(server, folder), mode: 'exact' });
    try {
      for (const way of writes) {
        const query = await queryOf(options(way).sync);
        const read = async () => {
          const prepared = await prepareQuery(session, query, { mode: 'exact', overrides: {} });
          await exportParquet(session, prepared, 'written.parquet');
        };
        await expect(read(), JSON.stringify(way)).rejects.toThrow(refused);
      }
    } finally {
      session.close();
    }
    await unwritten();
  });

  it('is one for the checks and the scan of a duckdbQuery', async () => {
    const session = await SourceSession.open({ ...sessionOptions(server, folder), mode: 'exact' });
    try {
      await session.transaction(async () => {
        const asked = await session.askSource('read', 'SELECT CAST(COUNT(*) AS CHAR(9)) AS n FROM orders');
        await sql(`INSERT INTO orders VALUES (3, '2026-01-03')`);
        const scanned = await session.run('read', `SELECT count(*)::VARCHAR FROM ${table}`);
        expect(String(asked.rows[0]?.[0]).trim()).toBe(scanned.getRowsJS()[0]?.[0]);
      });
    } finally {
      session.close();
      await sql('DELETE FROM orders WHERE id = 3');
    }
  });
});

describe('tables without transactions', () => {
  it('are not read by several statements', async () => {
    await using server = await startMysql();
    await server.query(
      `CREATE TABLE old (id int PRIMARY KEY, due date NOT NULL) ENGINE = MyISAM; INSERT INTO old VALUES (1, '2026-01-01')`,
    );
    const read = (sync: Record<string, unknown>) =>
      readThroughFerry('mysql', server, { sync, withContent: false });
    const failure = await read({ duckdbQuery: 'SELECT * FROM db.old' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ExactnessError);
    expect((failure as Error).message).toMatch(/different moments: old is a table of MyISAM/);
    const joined = 'SELECT a.id FROM db.old a JOIN db.old b USING (id)';
    const compatible = await read({ duckdbQuery: joined, types: 'compatible' });
    expect(compatible.recorded).toEqual({ mode: 'single' });
    expect(compatible.warnings).toEqual([expect.stringMatching(/old is a table of MyISAM/)]);
    // One statement is one moment.
    expect((await read({ query: 'SELECT * FROM old' })).rows).toBe(1);
    expect((await read({ duckdbQuery: 'SELECT id FROM db.old' })).recorded).toEqual({
      mode: 'single',
      transaction: PROVEN,
    });
  });
});

describe('time-outs of the source', () => {
  const failureOf = (work: Promise<unknown>) => work.catch((error: unknown) => error);

  it('are set for a transaction of Postgres, and a lock is worth another try', async () => {
    await using server = await startPostgres();
    await server.query(`
      CREATE ROLE hurried LOGIN PASSWORD 'x';
      ALTER ROLE hurried SET transaction_timeout = '20s';
      ALTER ROLE hurried SET idle_in_transaction_session_timeout = '10s';
      ALTER ROLE hurried SET lock_timeout = '1ms';
      CREATE TABLE held (id int); GRANT SELECT ON held TO hurried;
      CREATE FUNCTION soon() RETURNS bigint LANGUAGE sql SET lock_timeout = '1ms' AS 'SELECT count(*) FROM held'`);
    const login = { ...server, user: 'hurried', password: 'x' };
    const read = (query: string) => readThroughFerry('postgres', login, { sync: { query } });
    const names = ['transaction_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout'];
    const settings = names.map((name) => `current_setting('${name}') AS ${name}`);
    expect((await read(`SELECT ${settings.join(', ')}`)).content.rows).toEqual([['0', '0', '30s']]);

    const holder = new pg.Client({ connectionString: server.connectionUrl });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE held');
    const failure = await failureOf(read('SELECT soon() AS n'));
    await holder.end();
    expect(failure).toBeInstanceOf(SourceUnavailableError);
    expect(failure).toMatchObject({ message: expect.stringMatching(/^Another session .* holds a lock/) });
  });

  it.each(['mariadb', 'mysql'] as const)(
    'are set for a transaction of %s, and a table that changes is worth another try',
    async (flavor) => {
      await using server = await startMysql({ flavor });
      const idle = ['idle_readonly_transaction_timeout', 'idle_transaction_timeout'];
      const names = [
        'wait_timeout',
        'net_write_timeout',
        'lock_wait_timeout',
        ...(flavor === 'mariadb' ? idle : []),
      ];
      await server.query(names.map((name) => `SET GLOBAL ${name} = 5`).join('; '));
      await server.query('CREATE TABLE held (id int PRIMARY KEY); INSERT INTO held VALUES (1)');
      const { content } = await readThroughFerry('mysql', server, {
        sync: { query: `SELECT CONCAT_WS(' ', ${names.map((name) => `@@${name}`).join(', ')}) AS a` },
      });
      expect(content.rows).toEqual([[flavor === 'mariadb' ? '28800 3600 30 0 0' : '28800 3600 30']]);

      const folder = await mkdtemp(join(tmpdir(), 'ferry transaction ü '));
      const session = await SourceSession.open({ ...sessionOptions(server, folder), mode: 'exact' });
      const changing = session.transaction(async () => {
        await server.query('ALTER TABLE held ADD COLUMN n int, ALGORITHM = COPY');
        await session.askSource('read', 'SELECT * FROM held');
      });
      const failure = await failureOf(changing);
      session.close();
      await rm(folder, { recursive: true, force: true });
      expect(failure).toBeInstanceOf(SourceUnavailableError);
      expect(failure).toMatchObject({ message: expect.stringMatching(/holds or changes a table/) });
    },
  );
});
