import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError } from '../../../shared/errors.ts';
import { failureOf } from '../../support/failure-of.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';

// What an independent review found to get damaged, though every type on its own was right.

describe('Postgres', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    await server.query(
      `CREATE TABLE orders (id int, amount numeric(10,2), free numeric, b bigint);
       INSERT INTO orders VALUES (1, 'NaN', 123456789012345678.123, 9007199254740993);
       CREATE DOMAIN amounts AS numeric(38,2)[];
       CREATE TABLE d (a amounts);
       INSERT INTO d VALUES ('{123456789012345678901234567890123456.78}');
       CREATE TYPE mood AS ENUM ('a)''b', 'c'); CREATE TABLE moods (m mood); INSERT INTO moods VALUES ('a)''b'), ('c');
       CREATE TABLE letters (c "char"); INSERT INTO letters VALUES ((-56)::int::"char");
       CREATE DOMAIN price AS numeric(10,2); CREATE TABLE priced (a price); INSERT INTO priced VALUES (2.5);
       CREATE TABLE small (id int); INSERT INTO small VALUES (1); ANALYZE small;
       CREATE VIEW v AS SELECT * FROM small;
       CREATE ROLE latin LOGIN PASSWORD 'latin'; ALTER ROLE latin SET client_encoding = 'LATIN1';
       ALTER ROLE latin SET standard_conforming_strings = off; ALTER ROLE latin SET datestyle = 'German';
       ALTER ROLE latin SET intervalstyle = 'iso_8601'; ALTER ROLE latin SET bytea_output = 'escape';
       ALTER ROLE latin SET extra_float_digits = -15`,
    );
  });
  afterAll(() => server?.stop());
  const read = (sync: Record<string, unknown>) => readThroughFerry('postgres', server, { sync });

  it.each([
    'SELECT b FROM db.orders o(a,b)',
    'SELECT y FROM db.orders AS t(x,y)',
    'SELECT #2 FROM db.orders',
    'SELECT db.orders FROM db.orders',
    'SELECT public.orders FROM db.public.orders',
    'SELECT orders FROM db.orders',
    'SELECT o FROM db.orders o',
    'SELECT count(o) FROM db.orders o',
    'SELECT v FROM db.orders UNPIVOT (v FOR n IN (amount))',
    'SELECT o.id FROM db.orders o JOIN db.orders p USING (amount)',
    'SELECT id FROM db.orders NATURAL JOIN db.orders p',
    'WITH o AS (SELECT * FROM db.orders) SELECT id FROM o',
    'SELECT {x: amount} FROM db.orders',
  ])('a duckdbQuery cannot read a column unnoticed: %s', async (duckdbQuery) => {
    expect(await failureOf(read({ duckdbQuery }))).toBeInstanceOf(ExactnessError);
  });

  it('sums of integers keep all their digits in a duckdbQuery', async () => {
    const { content } = await read({ duckdbQuery: 'SELECT sum(b) AS s FROM db.orders' });
    expect(content).toMatchObject({ columns: [{ type: 'decimal128(38, 0)' }], rows: [['9007199254740993']] });
  });

  it.each([
    [
      "SELECT TIMESTAMP '2026-01-01 00:00:00.000001' - TIMESTAMP '2026-01-01' AS x FROM db.small",
      'string',
      '00:00:00.000001',
    ],
    ["SELECT TIMESTAMP '2026-01-01' - TIMESTAMP '2026-01-02' AS x FROM db.small", 'string', '-1 day'],
    ["SELECT '12:00:00+02'::TIMETZ AS x FROM db.small", 'string', '12:00:00+02'],
    [
      "SELECT TIMESTAMP_S '2026-01-01 10:00:00' AS x FROM db.small",
      'timestamp[us]',
      '2026-01-01T10:00:00.000000',
    ],
    ["SELECT '101'::BIT AS x FROM db.small", 'string', '101'],
    [
      "SELECT {'a': 1, 'b c': {'D': 2}} AS x FROM db.small",
      'struct<a: int32, b c: struct<D: int32>>',
      { a: 1, 'b c': { D: 2 } },
    ],
    ['SELECT list(m) AS x FROM db.moods', 'list<element: string>', ["a)'b", 'c']],
    [
      `SELECT {'VARIANT': 1, 'x[1]': 2} AS x FROM db.small LIMIT 1`,
      'struct<VARIANT: int32, x[1]: int32>',
      { VARIANT: 1, 'x[1]': 2 },
    ],
    ['SELECT array_value(1, 2) AS x FROM db.small LIMIT 1', 'list<element: int32>', [1, 2]],
    [
      'SELECT [array_value(1.5::DOUBLE)] AS x FROM db.small LIMIT 1',
      'list<element: list<element: double>>',
      [[1.5]],
    ],
  ])('what DuckDB computes is exact: %s', async (duckdbQuery, type, expected) => {
    const { content } = await read({ duckdbQuery });
    expect(content).toMatchObject({ columns: [{ type }], rows: [[expected]] });
  });

  it.each([
    "SELECT {'a': INTERVAL 1 MICROSECOND} AS x FROM db.small",
    "SELECT ['12:00:00+02'::TIMETZ] AS x FROM db.small",
    'SELECT (id, b) AS x FROM db.orders',
    'SELECT [row(id, [1])] AS x FROM db.orders',
    'SELECT free.abs()::VARCHAR AS x FROM db.orders',
    "SELECT '12:00:00'::TIME_NS AS x FROM db.small",
    'SELECT union_value(a := 1) AS x FROM db.small',
    'SELECT c FROM db.letters',
    'SELECT a FROM db.priced',
  ])('what cannot be exact is refused: %s', async (duckdbQuery) => {
    expect(await failureOf(read({ duckdbQuery }))).toBeInstanceOf(ExactnessError);
  });

  it('a domain over an array is read as it is described', async () => {
    const { content } = await read({ query: 'SELECT a FROM d' });
    expect(content.rows).toEqual([[['123456789012345678901234567890123456.78']]]);
  });

  it.each([
    ['SELECT \'\'::"char" AS c', ''],
    ['SELECT \'x\'::"char" AS c', 'x'],
    ['SELECT (-56)::int::"char" AS c', '\\310'],
  ])('a "char" is what the source prints: %s', async (query, expected) => {
    expect((await read({ query })).content.rows).toEqual([[expected]]);
  });

  it('operators of somebody’s own, before those of the server in the search_path, hide no value', async () => {
    const shadowed = ['numeric', 'date', 'timestamptz', 'time', 'int4'].flatMap((type) =>
      ['=', '<>', '>=', '<=', '>'].map(
        (operator) =>
          `CREATE OPERATOR shadow.${operator} (LEFTARG = pg_catalog.${type}, RIGHTARG = pg_catalog.${type}, FUNCTION = shadow.no)`,
      ),
    );
    const functions = ['numeric', 'date', 'timestamptz', 'time', 'int4'].map(
      (type) =>
        `CREATE FUNCTION shadow.no(pg_catalog.${type}, pg_catalog.${type}) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false'`,
    );
    await server.query(
      `CREATE SCHEMA shadow; ${[...functions, ...shadowed].join('; ')};
       CREATE FUNCTION shadow.joined(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT '0' $$;
       CREATE OPERATOR shadow.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = shadow.joined);
       CREATE ROLE shadowed LOGIN PASSWORD 'shadowed' IN ROLE pg_read_all_data; ALTER ROLE shadowed SET search_path = shadow, pg_catalog`,
    );
    const login = { ...server, user: 'shadowed', password: 'shadowed' };
    for (const value of [
      "'NaN'::pg_catalog.numeric(10,2)",
      "'294276-01-01 00:00+00'::timestamptz",
      "'24:00'::time",
      "ARRAY['NaN'::numeric(10,2)]",
      "'{{1}}'::int[]",
    ]) {
      const reading = readThroughFerry('postgres', login, { sync: { query: `SELECT ${value} AS x` } });
      expect(await failureOf(reading), value).toBeInstanceOf(ExactnessError);
    }
  });

  it('a number beyond the range of a double does not become Infinity', async () => {
    const asDouble = (x: string) => read({ query: `SELECT ${x}::numeric AS x`, columns: { x: 'double' } });
    expect(await failureOf(asDouble('-1e400'))).toBeInstanceOf(ExactnessError);
    for (const [x, expected] of [
      ["'-Infinity'", '-Infinity'],
      ["'NaN'", 'NaN'],
      ['1e308', 1e308],
      ['1e-400', 0],
    ] as const)
      expect((await asDouble(x)).content.rows).toEqual([[expected]]);
  });

  it('the settings of a role change nothing', async () => {
    const login = { ...server, user: 'latin', password: 'latin' };
    const query = `SELECT chr(252) AS text, 'a\\' AS backslash, '2026-02-01'::date || '' AS day, interval '1 day' AS span,
      '\\x00ff'::bytea || '' AS bytes, (0.1::float8 + 0.2)::text AS sum`;
    const { content } = await readThroughFerry('postgres', login, { sync: { query } });
    expect(content.rows).toEqual([['ü', 'a\\', '2026-02-01', '1 day', '00ff', '0.30000000000000004']]);
  });

  it.each([
    ['LATIN1', 'C', ['Größe', 'ü']],
    ['EUC_JP', 'C', ['Größe', '日本']],
  ])('a database of encoding %s is read as UTF-8', async (encoding, locale, [, value]) => {
    const name = `db_${encoding.toLowerCase()}`;
    await server.query(
      `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE '${locale}' TEMPLATE template0`,
    );
    const client = new pg.Client({ connectionString: server.connectionUrl.replace(/[^/]*$/, name) });
    await client.connect();
    await client.query(`CREATE TABLE t (a text, d date); INSERT INTO t VALUES ('${value}', '2026-01-01')`);
    await client.end();
    const { content } = await readThroughFerry(
      'postgres',
      { ...server, database: name },
      { sync: { query: 'SELECT * FROM t' } },
    );
    expect(content.rows).toEqual([[value, '2026-01-01']]);
  });

  it('text of a database with unknown encoding is refused, and bytes are not', async () => {
    await server.query("CREATE DATABASE nothing ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
    const source = { ...server, database: 'nothing' };
    const error = await failureOf(
      readThroughFerry('postgres', source, { sync: { query: "SELECT 'a'::text AS t" } }),
    );
    expect(error).toBeInstanceOf(ExactnessError);
    expect(error.message).toMatch(/Column "t" is text of a database with the encoding SQL_ASCII/);
    const query = "SELECT convert_to('a', 'SQL_ASCII') AS t, 1 AS n";
    expect((await readThroughFerry('postgres', source, { sync: { query } })).content.rows).toEqual([
      ['61', 1],
    ]);
  });

  it.each(['db.v', 'db.small'])('%s is read once, although it cannot be read in parallel', async (table) => {
    const { reading, verified } = await read({ duckdbQuery: `SELECT * FROM ${table}` });
    expect(verified).toBe(true);
    expect(reading).toMatchObject({ mode: 'single', reason: 'the client read it in one part' });
  });

  it('line and column in a message are those of the query as written', async () => {
    const error = await failureOf(
      read({ query: '-- all\n\n/* orders */\nSELECT id,\n  nothing FROM orders' }),
    );
    expect(error.message).toContain('column "nothing" does not exist (line 5, column 3)');
  });

  it('a permission that is missing is reported as such', async () => {
    const login = { ...server, user: 'latin', password: 'latin' };
    const error = await failureOf(
      readThroughFerry('postgres', login, { sync: { query: 'SELECT * FROM orders' } }),
    );
    expect(error.message).toMatch(/permission denied for table orders/);
  });
});
