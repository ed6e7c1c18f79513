import fc from 'fast-check';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';
import {
  mysqlRandomTypes,
  postgresRandomTypes,
  type RandomColumn,
  randomTable,
} from '../../support/type-cases/random-column.ts';

// Each is a table of up to nine columns and forty rows; 80 passed when this was written.
const RUNS = 15;

/** Compares what pyarrow found in the file with what the source prints of its table, value by value. */
function expectSame(columns: readonly RandomColumn[], read: unknown[][], printed: unknown[][]): void {
  const normalize = (rows: unknown[][]) =>
    rows.map((row) =>
      columns.map(({ normalize: to }, index) => (row[index] === null ? null : to(row[index]))),
    );
  expect(normalize(read)).toEqual(normalize(printed));
}

const rowsOf = (columns: readonly RandomColumn[]) =>
  (columns[0]?.values ?? []).map((_, row) => columns.map(({ values }) => values[row] ?? null));

describe('random tables arrive as the source prints them', () => {
  let postgres: PostgresServer;
  let mysql: MysqlServer;
  beforeAll(async () => {
    [postgres, mysql] = await Promise.all([startPostgres(), startMysql({ flavor: 'mariadb' })]);
  });
  afterAll(() => Promise.all([postgres?.stop(), mysql?.stop()]));

  it('from Postgres', async () => {
    const print = (value: string) => `${value}::text`;
    await fc.assert(
      fc.asyncProperty(randomTable(postgresRandomTypes), async (columns) => {
        const declared = columns.map(({ type }, index) => `c${index} ${type}`).join(', ');
        const rows = rowsOf(columns).map((row, n) => {
          const values = row.map((value) => (value === null ? 'NULL' : pg.escapeLiteral(value)));
          return `(${[n, ...values].join(', ')})`;
        });
        const list = columns.map((column, index) => (column.print ?? print)(`c${index}`)).join(', ');
        await postgres.query(
          `DROP TABLE IF EXISTS random; CREATE TABLE random (n int, ${declared}); INSERT INTO random VALUES ${rows.join(', ')}`,
        );
        const client = new pg.Client({ connectionString: postgres.connectionUrl });
        await client.connect();
        await client.query("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'");
        const printed = await client.query({
          text: `SELECT ${list} FROM random ORDER BY n`,
          rowMode: 'array',
        });
        await client.end();
        const query = `SELECT ${columns.map((_, index) => `c${index}`).join(', ')} FROM random ORDER BY n`;
        const { content } = await readThroughFerry('postgres', postgres, { sync: { query } });
        expectSame(columns, content.rows, printed.rows);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('from MariaDB', async () => {
    const print = (value: string) => `CAST(${value} AS CHAR)`;
    // Of its own, as the server's root is not asked for a zone.
    const { host, port, user, password, database } = mysql;
    const client = await createConnection({
      host,
      port,
      user,
      password,
      database,
      supportBigNumbers: true,
      flags: ['-IGNORE_SPACE'],
    });
    await client.query("SET time_zone = '+00:00'");
    await fc.assert(
      fc.asyncProperty(randomTable(mysqlRandomTypes), async (columns) => {
        const declared = columns.map(({ type }, index) => `c${index} ${type}`).join(', ');
        const list = columns
          .map((column, index) => `${(column.print ?? print)(`c${index}`)} AS c${index}`)
          .join(', ');
        await client.query('DROP TABLE IF EXISTS random');
        await client.query(`CREATE TABLE random (n int, ${declared})`);
        for (const [n, row] of rowsOf(columns).entries()) {
          const values = row.map((value) =>
            value?.startsWith('x:') ? Buffer.from(value.slice(2), 'hex') : value,
          );
          await client.query(`INSERT INTO random VALUES (?${', ?'.repeat(values.length)})`, [n, ...values]);
        }
        const [printed] = await client.query({
          sql: `SELECT ${list} FROM random ORDER BY n`,
          rowsAsArray: true,
        });
        const query = `SELECT ${columns.map((_, index) => `c${index}`).join(', ')} FROM random ORDER BY n`;
        const { content } = await readThroughFerry('mysql', mysql, { sync: { query } });
        expectSame(columns, content.rows, printed as unknown[][]);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    await client.end();
  });
});
