import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError, FerryError } from '../../../shared/errors.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';

// What an independent review found to get damaged, though every type on its own was right.

const failureOf = async (work: Promise<unknown>): Promise<FerryError> => {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof FerryError)) throw new Error(`Expected a FerryError, got ${JSON.stringify(error)}`);
  return error;
};

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
  ])('what DuckDB computes is exact: %s', async (duckdbQuery, type, expected) => {
    const { content } = await read({ duckdbQuery });
    expect(content).toMatchObject({ columns: [{ type }], rows: [[expected]] });
  });

  it.each([
    "SELECT {'a': INTERVAL 1 MICROSECOND} AS x FROM db.small",
    "SELECT ['12:00:00+02'::TIMETZ] AS x FROM db.small",
    'SELECT (id, b) AS x FROM db.orders',
    'SELECT [row(id, [1])] AS x FROM db.orders',
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

describe.each(['mariadb', 'mysql'] as const)('%s', (flavor) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startMysql({ flavor });
    await server.query(
      `SET SESSION sql_mode = '';
       CREATE TABLE ferry.z (i int, d date); INSERT INTO ferry.z VALUES (1, '0000-00-00');
       CREATE DATABASE aaa; CREATE TABLE aaa.both_ (a int); CREATE TABLE ferry.both_ (a date);
       INSERT INTO ferry.both_ VALUES ('0000-00-00');
       CREATE TABLE ferry.only_ (a int); INSERT INTO ferry.only_ VALUES (7);
       CREATE DATABASE shop; CREATE TABLE shop.t (a int); INSERT INTO shop.t VALUES (8);
       CREATE TABLE ferry.bins (b varbinary(10), l longblob); INSERT INTO ferry.bins VALUES (x'00ff80', x'00ff80');
       CREATE TABLE ferry.f (id int, f float, d double, m double(10,2), s decimal(1,0), u decimal(1,1) unsigned, w decimal(20,2), t date, bit bit(1), j json);
       INSERT INTO ferry.f VALUES (1, 16777217, 3.4e38, -0.01, 9, 0.9, 123456789012345678.90, '2024-01-01', 1, '{"a": 1}'),
         (2, 0.1234567, 1.5, 99999999.99, NULL, NULL, -0.01, '2024-01-01', 0, NULL);`,
    );
  }, 300_000);
  afterAll(() => server?.stop());
  const read = (sync: Record<string, unknown>, at: object = {}) =>
    readThroughFerry('mysql', { ...server, ...at }, { sync });

  it.each(['SELECT x FROM db.z t(i,x)', 'SELECT #2 FROM db.z', 'SELECT z FROM db.z'])(
    'a duckdbQuery cannot read a column unnoticed: %s',
    async (duckdbQuery) => {
      expect(await failureOf(read({ duckdbQuery }))).toBeInstanceOf(ExactnessError);
    },
  );

  it('a table without a schema is the one in the login’s database', async () => {
    expect(await failureOf(read({ duckdbQuery: 'SELECT a FROM db.both_' }))).toBeInstanceOf(ExactnessError);
    expect((await read({ duckdbQuery: 'SELECT a FROM db.only_' })).content.rows).toEqual([[7]]);
    expect((await read({ duckdbQuery: 'SELECT a FROM db.t' }, { database: 'shop' })).content.rows).toEqual([
      [8],
    ]);
  });

  // The client takes them for text, and MariaDB makes a question mark of each byte that is none.
  it.each([
    'GROUP_CONCAT(b)',
    "IFNULL(l, '')",
    'MAX(l)',
    'CASE WHEN 1 > 0 THEN l END',
    '(SELECT l FROM bins LIMIT 1)',
    'FROM_BASE64(TO_BASE64(b))',
    "CONCAT(b, '')",
    'CAST(l AS BINARY)',
    "REPLACE(b, 'x', 'y')",
  ])('computed bytes are bytes: %s', async (bytes) => {
    const { columns, content } = await read({ query: `SELECT ${bytes} AS g FROM bins` });
    expect(columns.map(({ type }) => type)).toEqual(['BLOB']);
    expect(content.rows).toEqual([['00ff80']]);
    const compatible = await read({ query: `SELECT ${bytes} AS g FROM bins`, types: 'compatible' });
    expect(compatible.content.rows).toEqual([['00ff80']]);
  });

  it('JSON is text, as a column and computed', async () => {
    const { columns, content } = await read({
      query:
        "SELECT j, IFNULL(j, '') AS i, JSON_EXTRACT(j, '$.a') AS e, MAX(j) OVER () AS m FROM f WHERE id = 1",
    });
    expect(columns.map(({ type }) => type)).toEqual(['VARCHAR', 'VARCHAR', 'VARCHAR', 'VARCHAR']);
    expect(content.rows).toEqual([['{"a": 1}', '{"a": 1}', '1', '{"a": 1}']]);
  });

  // MySQL sends digits of any length.
  if (flavor === 'mariadb') {
    it('computed bytes are refused where their digits are NULL', async () => {
      const { message } = await failureOf(
        read({ query: 'SELECT REPEAT(l, @@max_allowed_packet DIV 5) AS g FROM bins' }),
      );
      expect(message).toMatch(/Column "g" \(binary\) contains more bytes than half of max_allowed_packet/);
    });
  }

  it('doubles with fixed decimals stay doubles, with all their digits', async () => {
    const { columns, content } = await read({
      query: 'SELECT id, m, ROUND(m, 1) AS r, t FROM f WHERE id = 2',
    });
    expect(columns.map(({ type }) => type)).toEqual(['INTEGER', 'DOUBLE', 'DOUBLE', 'DATE']);
    expect(content.rows).toEqual([[2, 99999999.99, 1e8, '2024-01-01']]);
    const deviation = await read({ query: 'SELECT STD(id) AS s FROM f' });
    expect(deviation).toMatchObject({ columns: [{ type: 'DOUBLE' }], content: { rows: [[0.5]] } });
  });

  it.each(['ROUND(d, 2)', 'm / 0.001', 'm * m'])(
    'a double with fixed decimals is not truncated by Ferry: %s',
    async (r) => {
      const last = ({ content }: Awaited<ReturnType<typeof read>>) => content.rows.map((row) => row.at(-1));
      // Without a date nothing is converted, so that this is the query as it is.
      const expected = last(await read({ query: `SELECT id, ${r} AS r FROM f ORDER BY id` }));
      expect(last(await read({ query: `SELECT t, ${r} AS r FROM f ORDER BY id` }))).toEqual(expected);
      // Where the server must keep the rows, it may cut them: then the column is refused, and what the hint says works.
      const grouped = (value: string) => `SELECT t, ${value} AS r FROM f GROUP BY id, d, m, t ORDER BY 1, id`;
      const result = await read({ query: grouped(r) }).catch((error: unknown) => error);
      if (result instanceof ExactnessError) {
        expect(result.message).toMatch(/Column "r" .* MariaDB may truncate/);
        expect(last(await read({ query: grouped(`${r} + 0e0`) })).toSorted()).toEqual(expected.toSorted());
      } else {
        expect(last(result as Awaited<ReturnType<typeof read>>).toSorted()).toEqual(expected.toSorted());
      }
    },
  );

  it('a column as text is as exact as a number', async () => {
    const query = 'SELECT id, ROUND(d, 2) AS r FROM f ORDER BY id';
    const { content } = await read({ query, columns: { r: 'text' } });
    expect(content.rows.map(([, r]) => Number(r))).toEqual([3.4e38, 1.5]);
  });

  it('decimals of one digit are decimals', async () => {
    const { content } = await read({ query: 'SELECT s, u, w FROM f ORDER BY id' });
    expect(content.columns.map(({ type }) => type)).toEqual([
      'decimal128(1, 0)',
      'decimal128(1, 1)',
      'decimal128(20, 2)',
    ]);
    expect(content.rows).toEqual([
      ['9', '0.9', '123456789012345678.90'],
      [null, null, '-0.01'],
    ]);
  });

  it('a float, a bit and a double as text have all their digits', async () => {
    const { content } = await read({
      query: 'SELECT f, bit FROM f ORDER BY id',
      columns: { f: 'text', bit: 'text' },
    });
    expect(content.rows).toEqual([
      ['16777216', '1'],
      [expect.stringMatching(/^0\.1234567\d+$/), '0'],
    ]);
  });

  it('constants and unions have the types that were planned', async () => {
    const { content, columns } = await read({
      query: "SELECT -1 AS n, TRUE AS b, j, t FROM f WHERE id = 1 UNION SELECT 2, FALSE, 'é', '2024-01-02'",
    });
    expect(content.columns.map(({ type }) => type)).toEqual(
      columns.map(
        ({ type }) => ({ BIGINT: 'int64', INTEGER: 'int32', VARCHAR: 'string', DATE: 'date32[day]' })[type],
      ),
    );
    expect(content.rows.map((row) => row[2])).toContain('é');
  });

  it('NULL is NULL, and not a time', async () => {
    const { content } = await read({
      query: 'SELECT NULL AS n, COALESCE(NULL, NULL) AS c, t FROM f WHERE id = 1',
    });
    expect(content.rows).toEqual([[null, null, '2024-01-01']]);
  });

  it('a backslash is a letter if the session says so', async () => {
    const mode = "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'";
    await server.query(mode);
    try {
      const { content } = await read({ query: "SELECT id, t, 'C:\\' AS p FROM f ORDER BY id DESC -- '" });
      expect(content.rows).toEqual([
        [2, '2024-01-01', 'C:\\'],
        [1, '2024-01-01', 'C:\\'],
      ]);
    } finally {
      await server.query('SET GLOBAL sql_mode = DEFAULT');
    }
  });

  it('a locking clause is not taken for an invalid date', async () => {
    const result = await read({ query: 'SELECT id, t FROM f ORDER BY id FOR UPDATE' }).catch(
      (error: unknown) => error,
    );
    if (result instanceof FerryError) expect(result.class).not.toBe('ExactnessError');
    else expect((result as Awaited<ReturnType<typeof read>>).content.rows).toHaveLength(2);
  });

  it('with types: compatible a decimal beyond 38 digits is the DOUBLE that the connector wrote', async () => {
    const query = 'SELECT CAST(1 AS DECIMAL(39,0)) AS a, CAST(1.5 AS DECIMAL(39,1)) AS b';
    const { content, warnings } = await read({ query, types: 'compatible' });
    expect(content).toMatchObject({ columns: [{ type: 'double' }, { type: 'double' }], rows: [[1, 1.5]] });
    expect(warnings).toHaveLength(2);
  });

  it('boolean: a tinyint(1) and a bit(1), in both modes', async () => {
    for (const types of ['exact', 'compatible']) {
      const { content } = await read({
        query: 'SELECT bit, s FROM f ORDER BY id',
        types,
        columns: { bit: 'boolean' },
      });
      expect(content.rows.map(([bit]) => bit)).toEqual([true, false]);
    }
  });
});
