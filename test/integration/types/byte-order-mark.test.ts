import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckdb } from '../../../shared/duckdb/open-duckdb.ts';
import { quoteLiteral } from '../../../shared/duckdb/sql-text.ts';
import { ExactnessError } from '../../../shared/errors.ts';
import { convertToCsv } from '../../../shared/sync/upload/convert-to-csv.ts';
import { readCsvWithPyarrow } from '../../support/readers/read-csv.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { openSession } from '../../support/source/source-session.ts';
import { readThroughFerry, type TestServer } from '../../support/sync/read-through-ferry.ts';
import { extractTorture } from '../../support/torture-catalog/extract.ts';

// What importing a CSV file with a byte-order mark leaves behind: a name, or a value, that begins with U+FEFF.
const MARK = '\uFEFF';

interface Server extends TestServer, AsyncDisposable {
  query(sql: string): Promise<unknown>;
}

const servers = [
  { name: 'Postgres', kind: 'postgres', start: () => startPostgres(), quote: '"', table: 'both_ids' },
  {
    name: 'MariaDB',
    kind: 'mysql',
    start: () => startMysql({ flavor: 'mariadb' }),
    quote: '`',
    table: 'ferry.both_ids',
  },
  {
    name: 'MySQL',
    kind: 'mysql',
    start: () => startMysql({ flavor: 'mysql' }),
    quote: '`',
    table: 'ferry.both_ids',
  },
] as const;

describe.each(servers)('U+FEFF in $name', ({ kind, start, quote, table }) => {
  let server: Server;
  const marked = `${quote}${MARK}id${quote}`;
  beforeAll(async () => {
    server = await start();
    await server.query(
      `CREATE TABLE ${table} (${marked} int, id text, due date);
       INSERT INTO ${table} VALUES (1, '${MARK}a', '2026-01-01'), (2, 'a${MARK}', '2026-01-02'), (3, '${MARK}', '2026-01-03')`,
    );
  }, 300_000);
  afterAll(() => server?.[Symbol.asyncDispose]());
  const rows = [
    [1, `${MARK}a`, '2026-01-01'],
    [2, `a${MARK}`, '2026-01-02'],
    [3, MARK, '2026-01-03'],
  ];

  it.each([
    { query: 'SELECT * FROM both_ids ORDER BY id' },
    { duckdbQuery: 'SELECT * FROM db.both_ids' },
    { query: 'SELECT * FROM both_ids', types: 'compatible' },
  ])('stays in names and values: %j', async (sync) => {
    const { content, columns } = await readThroughFerry(kind, server, { sync });
    expect(columns.map(({ name }) => name)).toEqual([`${MARK}id`, 'id', 'due']);
    expect(content.columns.map(({ name }) => name)).toEqual([`${MARK}id`, 'id', 'due']);
    expect(content.rows.toSorted(([a], [b]) => Number(a) - Number(b))).toEqual(rows);
  });

  it('is part of the name by which columns: knows a column', async () => {
    const { content } = await readThroughFerry(kind, server, {
      sync: {
        query: "SELECT * FROM both_ids WHERE due = DATE '2026-01-01'",
        columns: { [`${MARK}id`]: 'text' },
      },
    });
    expect(content.rows).toEqual([['1', `${MARK}a`, '2026-01-01']]);
  });
});

describe('U+FEFF', () => {
  it('stays in the rows that extractions read, wherever it is', async () => {
    await using postgres = await startPostgres();
    await postgres.query(
      `CREATE TYPE labels AS ENUM ('${MARK}a', 'a'); CREATE TABLE "${MARK}t" (l labels[], "${MARK}x" text);
       INSERT INTO "${MARK}t" VALUES (ARRAY['${MARK}a', 'a']::labels[], '${MARK}${'long '.repeat(5)}')`,
    );
    await using opened = await openSession(postgres);
    const { names, rows } = await opened.ask(
      `SELECT l::text[] AS labels, "${MARK}x", (SELECT relname::text FROM pg_class WHERE relname LIKE '%t' AND relnamespace = 'public'::regnamespace) AS t FROM "${MARK}t"`,
    );
    expect(names).toEqual(['labels', `${MARK}x`, 't']);
    expect(rows).toEqual([[[`${MARK}a`, 'a'], `${MARK}${'long '.repeat(5)}`, `${MARK}t`]]);
  });

  it('distinguishes columns of an extraction', async () => {
    await using postgres = await startPostgres();
    await postgres.query(`CREATE TABLE both_ids ("${MARK}id" int, id text)`);
    await using extracted = await extractTorture(postgres, postgres.database, {
      username: postgres.user,
      password: postgres.password,
    });
    const columns = extracted.entities
      .filter(({ typeName }) => typeName === 'Column')
      .map(({ attributes }) => attributes);
    expect(columns.map(({ name }) => name).toSorted()).toEqual(['id', `${MARK}id`]);
    expect(new Set(columns.map(({ qualifiedName }) => qualifiedName)).size).toBe(2);
  });

  it('stays in everything that DuckDB returns as text', async () => {
    const instance = await openDuckdb({});
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(
      `SELECT '${MARK}a' AS "${MARK}short", '${MARK}${'b'.repeat(20)}' AS long, ['${MARK}'] AS list, {'${MARK}k': '${MARK}v'} AS struct,
         MAP {'${MARK}k': '${MARK}v'} AS map, '${MARK}a'::ENUM ('${MARK}a', 'a') AS enum, '${MARK}a'::VARIANT AS variant,
         UNION_VALUE(t := '${MARK}u') AS either, ARRAY_VALUE('${MARK}', 'x') AS array`,
    );
    expect(reader.columnNames()[0]).toBe(`${MARK}short`);
    const json = JSON.stringify(reader.getRowsJS());
    expect(json.split(MARK)).toHaveLength(12);
    connection.closeSync();
    instance.closeSync();
  });

  it('is kept in CSV, except at the beginning of the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ferry csv ü '));
    const instance = await openDuckdb({});
    const connection = await instance.connect();
    try {
      const convert = async (select: string) => {
        const parquet = join(folder, 'x.parquet');
        await connection.run(`COPY (${select}) TO ${quoteLiteral(parquet)} (FORMAT parquet)`);
        return convertToCsv(parquet, { folder, memoryLimitBytes: 100_000_000, threads: 1 });
      };
      const { file } = await convert(`SELECT 1 AS id, '${MARK}a' AS "${MARK}id"`);
      expect(await readCsvWithPyarrow(file)).toMatchObject({
        columns: [{ name: 'id' }, { name: `${MARK}id` }],
        rows: [['1', `${MARK}a`]],
      });
      const refused = await convert(`SELECT 1 AS "${MARK}id", 2 AS id`).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ExactnessError);
      expect((refused as Error).message).toMatch(/^The name of column "\\ufeffid" begins with U\+FEFF/);
    } finally {
      connection.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
