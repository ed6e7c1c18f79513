import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { findExtension } from '../../../shared/duckdb/extensions.ts';
import { postgresParallelReading } from '../../../shared/source/postgres/postgres-snapshot.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry, type TestServer } from '../../support/sync/read-through-ferry.ts';
import { whileWriting } from '../../support/sync/while-writing.ts';

const ROWS = 100_000;
const binaries = '15';

/** Money that only ever moves: in any one moment there is as much as in the beginning, in as many accounts. */
const summary = 'count(*) AS n, count(DISTINCT id) AS ids, sum(amount) AS total';
const oneMoment = [[ROWS, ROWS, 0]];

describe('one moment of Postgres, while others write', () => {
  let postgres: PostgresServer;
  let clients: pg.Client[];
  beforeAll(async () => {
    postgres = await startPostgres({ binaries, settings: { log_statement: 'all' } });
    await postgres.query(
      `CREATE TABLE accounts (id int PRIMARY KEY, amount int NOT NULL, note text NOT NULL) WITH (fillfactor = 60);
       INSERT INTO accounts SELECT i, 0, repeat('x', 120) FROM generate_series(1, ${ROWS}) i;
       ANALYZE accounts`,
    );
    clients = await Promise.all(
      [1, 2, 3].map(async () => {
        const client = new pg.Client({ connectionString: postgres.connectionUrl });
        await client.connect();
        return client;
      }),
    );
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await postgres.stop();
  });

  // An UPDATE moves its rows to other pages, which is what two snapshots would see twice or not at all.
  const writers = () =>
    clients.map((client, n) => async (round: number) => {
      const from = 1 + ((round * 7919 + n * 104729) % (ROWS - 1000));
      await client.query(
        `UPDATE accounts SET amount = amount + CASE WHEN id % 2 = 0 THEN 1 ELSE -1 END WHERE id >= ${from} AND id < ${from + 1000}`,
      );
    });
  const readAll = async (server: TestServer, sync: Record<string, unknown>) => {
    const result = await readThroughFerry('postgres', server, { sync });
    const rows = result.content.rows as [number, number, string][];
    const ids = new Set(rows.map(([id]) => id));
    return {
      ...result,
      moment: [[rows.length, ids.size, rows.reduce((sum, [, amount]) => sum + amount, 0)]],
    };
  };

  it('is what a query reads', async () => {
    const { result, rounds } = await whileWriting(writers(), () =>
      readAll(postgres, { query: 'SELECT * FROM accounts' }),
    );
    expect(result).toMatchObject({ moment: oneMoment, reading: { mode: 'statement' } });
    expect(rounds).toBeGreaterThan(5);
  });

  it('is what several connections read of one table, from one exported snapshot', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const before = readFileSync(postgres.logFile, 'utf8').length;
      const { result } = await whileWriting(writers(), () =>
        readAll(postgres, { duckdbQuery: 'SELECT * FROM db.public.accounts' }),
      );
      expect(result).toMatchObject({ moment: oneMoment, reading: { mode: 'parallel' }, verified: true });
      const log = readFileSync(postgres.logFile, 'utf8').slice(before);
      expect(log).toMatch(/SET TRANSACTION SNAPSHOT/);
      const readers = new Set(
        [...log.matchAll(/\[(\d+)\] LOG: {2}statement: COPY \(SELECT .*ctid BETWEEN/g)].map(([, pid]) => pid),
      );
      expect(readers.size).toBeGreaterThan(1);
    }
  });

  it('is what a duckdbQuery reads of two tables, over one connection', async () => {
    const { result } = await whileWriting(writers(), () =>
      readThroughFerry('postgres', postgres, {
        sync: {
          duckdbQuery: `SELECT count(*)::int, sum(a.amount)::int, sum(b.amount)::int, count(*) FILTER (a.amount <> b.amount)::int
            FROM db.accounts a JOIN db.accounts b USING (id)`,
        },
      }),
    );
    expect(result.content.rows).toEqual([[ROWS, 0, 0, 0]]);
    expect(result.reading).toEqual({ mode: 'single' });
  });

  it('is read over one connection if the login may open no more', async () => {
    await postgres.query(
      "CREATE ROLE eng LOGIN PASSWORD 'eng' CONNECTION LIMIT 2; GRANT SELECT ON accounts TO eng",
    );
    const login = { ...postgres, user: 'eng', password: 'eng' };
    const result = await readAll(login, { duckdbQuery: 'SELECT * FROM db.accounts' });
    expect(result.reading).toEqual({
      mode: 'single',
      reason: 'the source does not have enough connections left',
    });
    expect(result.moment).toEqual(oneMoment);
  });

  it('is read over one connection from a streaming standby', async () => {
    await using standby = await startPostgres({ binaries, standbyOf: postgres });
    const { rows } = await standby.query('SELECT pg_is_in_recovery() AS standby');
    expect(rows).toEqual([{ standby: true }]);
    const login = { ...standby, password: postgres.password };
    const { result } = await whileWriting(writers(), () =>
      readAll(login, { duckdbQuery: 'SELECT * FROM db.accounts' }),
    );
    expect(result.reading).toEqual({
      mode: 'single',
      reason: 'the source is a standby, whose connections cannot share a snapshot',
    });
    expect(result.moment).toEqual(oneMoment);
    const query = await whileWriting(writers(), () => readAll(login, { query: 'SELECT * FROM accounts' }));
    expect(query.result.moment).toEqual(oneMoment);

    // What would be if Ferry believed the client: it reads in parallel anyway, and the log tells.
    const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
    const connection = await instance.connect();
    await connection.run(`LOAD '${findExtension('postgres_scanner', [PROJECT_EXTENSIONS])}'`);
    for (const setting of postgresParallelReading.settings(3)) await connection.run(setting);
    const { host, port, user, database } = standby;
    const address = `host=${host} port=${port} user=${user} password=${postgres.password} dbname=${database}`;
    await connection.run(`ATTACH '${address}' AS db (TYPE postgres, READ_ONLY)`);
    await connection.run('SELECT sum(amount) FROM db.public.accounts');
    expect(await postgresParallelReading.verify(connection)).toBe('apart');
    connection.closeSync();
    instance.closeSync();
  });
});

describe('one moment of MariaDB, while others write', () => {
  const setUp = async (settings: Record<string, string>) => {
    const mysql = await startMysql({ flavor: 'mariadb', settings });
    await mysql.query(
      `CREATE TABLE ferry.accounts (id int PRIMARY KEY, amount int NOT NULL, day date NOT NULL);
       INSERT INTO ferry.accounts SELECT seq, 0, '2026-01-01' FROM ferry.seq_1_to_${ROWS}`,
    );
    return mysql;
  };
  const writing = async (mysql: TestServer) => {
    const { host, port, user, password, database } = mysql;
    const client = await createConnection({ host, port, user, password, database });
    const step = async (round: number) => {
      const from = 1 + ((round * 7919) % (ROWS - 1000));
      await client.query(
        `UPDATE accounts SET amount = amount + IF(id % 2 = 0, 1, -1) WHERE id >= ${from} AND id < ${from + 1000}`,
      );
    };
    return { step, [Symbol.asyncDispose]: () => client.end() };
  };

  it.each([
    ['a query', { query: `SELECT ${summary} FROM accounts` }],
    ['all rows of a query', { query: 'SELECT * FROM accounts' }],
    [
      'a duckdbQuery of two tables, which is checked before',
      {
        duckdbQuery: `SELECT ${summary.replace('amount', 'a.amount')} FROM db.accounts a JOIN db.accounts b USING (id, day) WHERE a.amount = b.amount`,
      },
    ],
  ])('is what %s reads', async (_name, sync) => {
    await using mysql = await setUp({});
    await using writer = await writing(mysql);
    const { result } = await whileWriting([writer.step], () => readThroughFerry('mysql', mysql, { sync }));
    const { rows } = result.content;
    if (rows.length > 1) {
      const total = rows.reduce((sum, row) => sum + Number(row[1]), 0);
      expect([rows.length, total]).toEqual([ROWS, 0]);
    } else {
      expect(rows.map((row) => row.map(Number))).toEqual(oneMoment);
    }
  });

  it('is shown by each way of reading if the server’s default is a snapshot for each statement', async () => {
    await using mysql = await setUp({ 'transaction-isolation': 'READ-COMMITTED' });
    for (const sync of [
      { query: `SELECT ${summary} FROM accounts` },
      { duckdbQuery: `SELECT ${summary} FROM db.accounts` },
    ]) {
      const result = await readThroughFerry('mysql', mysql, { sync });
      expect(result.content.rows.map((row) => row.map(Number))).toEqual(oneMoment);
    }
  });
});
