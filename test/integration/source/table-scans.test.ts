import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError } from '../../../shared/errors.ts';
import { failureOf } from '../../support/failure-of.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry, type TestServer } from '../../support/sync/read-through-ferry.ts';

// DuckDB's client builds its own catalog: its view of a table must match the source's.

interface Server extends TestServer, AsyncDisposable {
  query(sql: string): Promise<unknown>;
}

describe.each(['mariadb', 'mysql'] as const)('tables of %s', (flavor) => {
  let server: Server;
  beforeAll(async () => {
    server = await startMysql({ flavor, settings: { lower_case_table_names: '0' } });
    await server.query(
      `SET SESSION sql_mode = '';
       CREATE TABLE ferry.inv (a int, x decimal(65,30) INVISIBLE, z date INVISIBLE, b int INVISIBLE, c int);
       INSERT INTO ferry.inv (a, x, z, b, c) VALUES (1, 1.5, '0000-00-00', 2, 3);
       CREATE TABLE ferry.plain (a int, b int); INSERT INTO ferry.plain VALUES (1, 5);
       CREATE DATABASE pairs; CREATE TABLE pairs.plain (a int); INSERT INTO pairs.plain VALUES (7);
       CREATE TABLE pairs.Orders (id int, amount decimal(10,2)); INSERT INTO pairs.Orders VALUES (1, 1.50);
       CREATE TABLE pairs.orders (id int); INSERT INTO pairs.orders VALUES (2);
       CREATE TABLE pairs.\`Only\` (id int); INSERT INTO pairs.\`Only\` VALUES (9);
       CREATE TABLE pairs.dated (id int, d date, u bigint unsigned, w decimal(30,2), wide decimal(65,30), t text);
       INSERT INTO pairs.dated VALUES (1, '2026-01-01', 18446744073709551615, 1.50, 1, 'ü'), (2, NULL, 2, 2, 2, NULL);
       CREATE TABLE pairs.zero (id int, d date); INSERT INTO pairs.zero VALUES (1, '0000-00-00');
       CREATE DATABASE Pairs; CREATE TABLE Pairs.alone (id int); INSERT INTO Pairs.alone VALUES (8)`,
    );
  }, 300_000);
  afterAll(() => server?.[Symbol.asyncDispose]());
  const read = (duckdbQuery: string, sync: object = {}, database = 'ferry') =>
    readThroughFerry('mysql', { ...server, database }, { sync: { duckdbQuery, ...sync } });

  it('may have a backtick, columns called C0, and one with the name of a MySQL modifier', async () => {
    await server.query(
      'CREATE TABLE ferry.ticks (id int, `c``k` date); INSERT INTO ferry.ticks VALUES (1, DATE "2026-01-01");' +
        'CREATE TABLE ferry.numbered (C0 date, C1 int, `paid?` date); INSERT INTO ferry.numbered VALUES (DATE "2026-01-01", 2, NULL);' +
        'CREATE TABLE ferry.cached (sql_cache decimal(30,2), n int); INSERT INTO ferry.cached VALUES (40, 5)',
    );
    expect((await read('SELECT * FROM db.ticks')).content.rows).toEqual([[1, '2026-01-01']]);
    expect((await read('SELECT * FROM db.numbered')).content.rows).toEqual([['2026-01-01', 2, null]]);
    if (flavor === 'mariadb') return;
    const sync = { query: 'SELECT DISTINCT sql_cache - n AS y FROM cached' };
    expect((await readThroughFerry('mysql', server, { sync })).content.rows).toEqual([['35.00']]);
  });

  it("have no rowid of DuckDB's own", async () => {
    expect((await failureOf(read('SELECT rowid FROM db.plain'))).message).toMatch(/has no column rowid/);
  });

  it('are the named ones even if the names contain a backslash, which the client doubles', async () => {
    const named = (name: string) => `\`${name}\``;
    await server.query(
      `CREATE DATABASE back; CREATE TABLE back.${named('t\\u')} (id int); INSERT INTO back.${named('t\\u')} VALUES (1);
       CREATE TABLE back.${named('t\\\\u')} (id int); INSERT INTO back.${named('t\\\\u')} VALUES (2);
       CREATE TABLE back.cols (${named('x\\y')} int, ${named('x\\\\y')} int); INSERT INTO back.cols VALUES (1, 2);
       CREATE DATABASE ${named('sl\\ash')}; CREATE TABLE ${named('sl\\ash')}.o (id int); INSERT INTO ${named('sl\\ash')}.o VALUES (3)`,
    );
    const rows = async (sql: string, database = 'back') => (await read(sql, {}, database)).content.rows;
    expect(await rows('SELECT * FROM db."t\\u"')).toEqual([[1]]);
    expect(await rows('SELECT * FROM db."t\\\\u"')).toEqual([[2]]);
    expect(await rows('SELECT * FROM db.cols')).toEqual([[1, 2]]);
    expect(await rows('SELECT "x\\y" FROM db.cols')).toEqual([[1]]);
    expect(await rows('SELECT * FROM db.o', 'sl\\ash')).toEqual([[3]]);
  });

  it.each([
    'select * from db.inv',
    'select * from db.ferry.inv',
    'select i.* from db.inv as i',
    'select * from (select * from db.inv) s',
    'with i as (from db.inv) select * from i',
    'select columns(*) from db.inv',
    'from db.inv i (a, c)',
  ])('an invisible column is not part of *: %s', async (sql) => {
    for (const types of ['exact', 'compatible']) {
      const { content, columns } = await read(sql, { types });
      expect(columns.map(({ name }) => name)).toEqual(['a', 'c']);
      expect(content.rows).toEqual([[1, 3]]);
    }
  });

  it('an invisible column that is named is a normal column', async () => {
    expect((await read('select a, b, c from db.inv')).content.rows).toEqual([[1, 2, 3]]);
    expect((await failureOf(read('select x from db.inv'))).message).toMatch(
      /^Column "x" .* cannot be read exactly/,
    );
    expect((await failureOf(read('select z from db.inv'))).message).toMatch(
      /^Column "z" .* contains an invalid date/,
    );
    expect(
      (await read('select i.b, p.b as pb from db.inv i join db.plain p using (a)')).content.rows,
    ).toEqual([[2, 5]]);
  });

  it('an invisible column may be next to a *, which leaves it out', async () => {
    const scan = async (sql: string) => (await read(sql)).content.rows;
    expect(await scan('select *, b from db.inv')).toEqual([[1, 3, 2]]);
    expect(await scan('select i.*, I.B + 1 as n from db.inv I where i.b > 1 order by i.b')).toEqual([
      [1, 3, 3],
    ]);
    expect(await scan('select i.*, p.b from db.inv i, db.plain p where i.b = 2')).toEqual([[1, 3, 5]]);
    expect(await scan('select i.*, p.b from db.inv i join db.plain p on p.a = i.a and i.b < p.b')).toEqual([
      [1, 3, 5],
    ]);
    expect(await scan('select * from (select *, b as other from db.inv where b = 2) s')).toEqual([[1, 3, 2]]);
    expect(
      await scan('with i as (select * from db.inv where b = 2) select *, (select b from db.inv) as b from i'),
    ).toEqual([[1, 3, 2]]);
    expect((await failureOf(read('select *, x from db.inv'))).message).toMatch(
      /^Column "x" .* cannot be read exactly/,
    );
    expect((await failureOf(read('select * from db.inv where z is null'))).message).toMatch(
      /^Column "z" .* contains an invalid date/,
    );
  });

  it.each([
    'select * exclude (b) from db.inv',
    "select columns(c -> c <> 'd'), b from db.inv",
    'select inv, b from db.inv',
  ])('an invisible column that cannot be distinguished is refused: %s', async (sql) => {
    const error = await failureOf(read(sql));
    expect(error.message).toBe('The column "b" is INVISIBLE at the source, and cannot be combined with *.');
    expect(error.hint).toMatch(/name all columns/);
  });

  it('a login reads the columns that it may read', async () => {
    await server.query(
      `CREATE TABLE ferry.secrets (a int, b int, d date); INSERT INTO ferry.secrets VALUES (1, 2, '0000-00-00');
       CREATE USER half IDENTIFIED BY 'half'; GRANT SELECT (a, d) ON ferry.secrets TO half`.replace(
        'INSERT',
        "SET SESSION sql_mode = ''; INSERT",
      ),
    );
    const half = { ...server, user: 'half', password: 'half' };
    const scan = (duckdbQuery: string) => readThroughFerry('mysql', half, { sync: { duckdbQuery } });
    expect((await scan('SELECT a FROM db.secrets')).content.rows).toEqual([[1]]);
    expect((await failureOf(scan('SELECT a, d FROM db.secrets'))).message).toMatch(
      /^Column "d" .* contains an invalid date/,
    );
    expect((await failureOf(scan('SELECT a, b FROM db.secrets'))).message).toMatch(/"b" not found/);
    expect((await failureOf(scan('SELECT * FROM db.secrets'))).message).toMatch(/SELECT command denied/);
  });

  it('a date that cannot be written is named, beside dates that can, and NULL', async () => {
    await server.query(
      `SET SESSION sql_mode = 'ALLOW_INVALID_DATES';
       CREATE TABLE ferry.due (id int, paid date, due date, seen datetime);
       INSERT INTO ferry.due VALUES (1, NULL, '2024-02-31', NULL), (2, NULL, NULL, '0000-00-00 00:00:00'), (3, '2024-02-29', NULL, NULL)`,
    );
    const refusalOf = async (where: string) => {
      const messages = ['query', 'duckdbQuery'].map(async (form) => {
        const from = form === 'query' ? 'due' : 'db.due';
        const sync = { [form]: `SELECT * FROM ${from} WHERE ${where}` };
        return (await failureOf(readThroughFerry('mysql', server, { sync }))).message;
      });
      return Promise.all(messages);
    };
    expect(await refusalOf('id = 1')).toEqual([
      expect.stringMatching(/^Column "due" \(date\) contains an invalid date/),
      expect.stringMatching(/^Column "due" \(date\) of db\.ferry\.due contains an invalid date/),
    ]);
    const [seen] = await refusalOf('id = 2');
    expect(seen).toMatch(/^Column "seen" .* contains an invalid date/);
    const sync = { query: 'SELECT * FROM due WHERE id = 3' };
    expect((await readThroughFerry('mysql', server, { sync })).content.rows).toEqual([
      [3, '2024-02-29', null, null],
    ]);
  });

  it('a query that reads a table again and again, or compares its times, reads it as DuckDB’s client does', async () => {
    await server.query(
      `CREATE TABLE ferry.parts (id int, parent int, since date, tm time(2));
       INSERT INTO ferry.parts VALUES (1, NULL, '2024-01-01', '10:00:00.5'), (2, 1, '2024-01-02', '10:00:00'), (3, 2, NULL, NULL)`,
    );
    const tree = `WITH RECURSIVE r AS (SELECT 1 AS id, DATE '2024-01-01' AS since UNION ALL
      SELECT p.id, p.since FROM r JOIN db.parts p ON p.parent = r.id) SELECT * FROM r ORDER BY id`;
    expect((await read(tree)).content.rows).toEqual([
      [1, '2024-01-01'],
      [2, '2024-01-02'],
      [3, null],
    ]);
    const times = "SELECT id, since FROM db.parts WHERE tm = '10:00:00.5'";
    expect((await read(times)).content.rows).toEqual([[1, '2024-01-01']]);
  });

  it('a zero date is told from NULL in each of many columns', async () => {
    const names = Array.from({ length: 70 }, (_, index) => `d${index}`);
    await server.query(
      `SET SESSION sql_mode = ''; CREATE TABLE ferry.many (id int, ${names.map((name) => `${name} date`).join(', ')});
       INSERT INTO ferry.many (id, d1, d69) VALUES (1, '2024-01-01', '2024-12-31')`,
    );
    const query = 'SELECT * FROM many';
    const { content } = await readThroughFerry('mysql', server, { sync: { query } });
    const dates = new Map([
      ['d1', '2024-01-01'],
      ['d69', '2024-12-31'],
    ]);
    expect(content.rows).toEqual([[1, ...names.map((name) => dates.get(name) ?? null)]]);
    for (const name of ['d0', 'd61', 'd62', 'd68']) {
      await server.query(`SET SESSION sql_mode = ''; UPDATE ferry.many SET ${name} = '0000-00-00'`);
      const zero = await failureOf(readThroughFerry('mysql', server, { sync: { query } }));
      expect(zero.message).toMatch(new RegExp(`^Column "${name}" \\(date\\) contains an invalid date`));
      await server.query(`UPDATE ferry.many SET ${name} = NULL`);
    }
  });

  it('tables whose names differ only in case are refused', async () => {
    for (const [sql, database] of [
      ['select * from db.orders', 'pairs'],
      ['select * from db."Orders"', 'pairs'],
      ['select id from db.pairs.ORDERS', 'ferry'],
    ] as const) {
      const error = await failureOf(read(sql, {}, database));
      expect(error).toBeInstanceOf(ExactnessError);
      expect(error.message).toMatch(
        /names differ only in case \("?pairs"?\."?Orders"?, "?pairs"?\."?orders"?\)/,
      );
      expect(error.hint).toMatch(/`query`/);
    }
  });

  it('they do not break any other duckdbQuery', async () => {
    expect((await read('select * from db.plain')).content.rows).toEqual([[1, 5]]);
    expect((await read('select * from db.plain', {}, 'pairs')).content.rows).toEqual([[7]]);
    expect((await read('select * from db.only', {}, 'pairs')).content.rows).toEqual([[9]]);
  });

  it('next to them, values are as exact as elsewhere', async () => {
    const sql = `select id, d, u, w, t, 9007199254740993 as big, 1.50 as dec, 'a''b' as quoted, 1e300 as double
      from db.dated where id in (1, 2) order by id desc`;
    const { content } = await read(sql, {}, 'pairs');
    expect(content.rows).toEqual([
      [2, null, 2, '2.00', null, '9007199254740993', '1.50', "a'b", 1e300],
      [1, '2026-01-01', '18446744073709551615', '1.50', 'ü', '9007199254740993', '1.50', "a'b", 1e300],
    ]);
    expect((await failureOf(read('select * from db.dated', {}, 'pairs'))).message).toMatch(/^Column "wide"/);
    const zero = await failureOf(read('select * from db.zero', {}, 'pairs'));
    expect(zero.message).toMatch(/^Column "d" .* contains an invalid date/);
    expect((await read('select count(*) as n from db.dated', {}, 'pairs')).content.rows).toEqual([[2]]);
    const joined = await read('select * from db.plain, db.only', {}, 'pairs').catch(
      (error: unknown) => error,
    );
    if (joined instanceof Error) expect(joined.message).toMatch(/at different moments/);
    else expect(joined).toMatchObject({ content: { rows: [[7, 9]] } });
  });

  if (flavor === 'mariadb')
    it('a table with a history is read in its present state', async () => {
      await server.query(
        `CREATE TABLE ferry.told (a int, since timestamp(6) GENERATED ALWAYS AS ROW START INVISIBLE,
         till timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (since, till)) WITH SYSTEM VERSIONING;
       INSERT INTO ferry.told VALUES (1); UPDATE ferry.told SET a = 2`,
      );
      expect((await read('select * from db.told')).content).toMatchObject({
        columns: [{ name: 'a' }],
        rows: [[2]],
      });
      expect((await read('select a from db.told where since is not null')).content.rows).toEqual([[2]]);
    });

  if (flavor === 'mysql')
    it('a primary key that the server made is not part of *', async () => {
      await server.query(
        `SET SESSION sql_generate_invisible_primary_key = ON; CREATE TABLE ferry.keyless (a int); INSERT INTO ferry.keyless VALUES (5)`,
      );
      expect((await read('select * from db.keyless')).content.rows).toEqual([[5]]);
      expect((await read('select my_row_id, a from db.keyless')).content.rows).toEqual([[1, 5]]);
    });

  it('a table of the source is found in any case', async () => {
    expect((await read('select * from db.PLAIN')).content.rows).toEqual([[1, 5]]);
  });
});

describe('tables of Postgres', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startPostgres();
    await server.query(
      `CREATE TABLE orders (id int); INSERT INTO orders VALUES (1);
       CREATE TABLE "Orders" (id int, amount numeric(10,2)); INSERT INTO "Orders" VALUES (2, 1.50);
       CREATE TABLE "Only" (id int); INSERT INTO "Only" VALUES (3);
       CREATE TABLE columns ("Id" int, id int); INSERT INTO columns VALUES (4, 5);
       CREATE TABLE plain (a int, gone int, b int); ALTER TABLE plain DROP COLUMN gone; INSERT INTO plain VALUES (1, 2);
       CREATE ROLE half LOGIN PASSWORD 'half'; GRANT SELECT (a) ON plain TO half;
       CREATE TYPE uuid AS ENUM ('a'); CREATE TYPE point AS (x int, y int); CREATE DOMAIN date AS text;
       CREATE DOMAIN public.int4 AS pg_catalog.int4; CREATE DOMAIN public._int4 AS text;
       CREATE TABLE own (n int, u public.uuid, p public.point, d public.date, i public.int4, l public._int4, a public.uuid[]);
       INSERT INTO own VALUES (1, 'a', '(1,2)', 'day', 5, 'x', '{a}')`,
    );
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  const read = (sync: object) => readThroughFerry('postgres', server, { sync: { ...sync } });
  const scan = async (duckdbQuery: string) => (await read({ duckdbQuery })).content.rows;

  it('a name in the source’s case is that table', async () => {
    expect(await scan('select * from db.orders')).toEqual([[1]]);
    expect(await scan('select * from db."Orders"')).toEqual([[2, '1.50']]);
    expect(await scan('select * from db.only')).toEqual([[3]]);
    expect(await scan('select o.id, p.id as other, amount from db.orders o, db."Orders" p')).toEqual([
      [1, 2, '1.50'],
    ]);
    await server.query(`INSERT INTO "Orders" VALUES (3, 'NaN')`);
    for (const sql of [
      'select amount from db."Orders", db.orders',
      'select amount from db.orders, db."Orders"',
    ])
      expect((await failureOf(read({ duckdbQuery: sql }))).message).toMatch(
        /^Column "amount" .* contains NaN/,
      );
  });

  it('a login reads the columns that it may read', async () => {
    const half = { ...server, user: 'half', password: 'half' };
    const scanAs = (duckdbQuery: string) => readThroughFerry('postgres', half, { sync: { duckdbQuery } });
    expect((await scanAs('select a from db.plain')).content.rows).toEqual([[1]]);
    expect((await failureOf(scanAs('select a, b from db.plain'))).message).toMatch(
      /permission denied for table plain/,
    );
    expect((await failureOf(scanAs('select * from db.plain'))).message).toMatch(
      /permission denied for table plain/,
    );
  });

  it('NaN is found in the tables that inherit from one, and in parts of one', async () => {
    await server.query(
      `CREATE TABLE family (amount numeric(5,2)); CREATE TABLE child () INHERITS (family);
       CREATE TABLE parted (n int, amount numeric(5,2)) PARTITION BY LIST (n); CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
       INSERT INTO child VALUES ('NaN'); INSERT INTO parted VALUES (1, 'NaN')`,
    );
    for (const table of ['family', 'parted', 'child']) {
      const error = await failureOf(read({ duckdbQuery: `select amount from db.${table}` }));
      expect(error.message).toMatch(/^Column "amount" .* contains NaN or Infinity/);
    }
  });

  it('a name with ambiguous case is refused', async () => {
    const error = await failureOf(read({ duckdbQuery: 'select * from db.ORDERS' }));
    expect(error).toBeInstanceOf(ExactnessError);
    expect(error.message).toMatch(/names differ only in case \(public\.Orders, public\.orders\)/);
  });

  it('a table whose columns differ only in case is refused, and does not break any other duckdbQuery', async () => {
    expect((await failureOf(read({ duckdbQuery: 'select * from db.columns' }))).message).toMatch(/columns/);
    expect(await scan('select * from db.plain')).toEqual([[1, 2]]);
  });

  it('a login that finds its own types and functions before those of Postgres', async () => {
    await server.query(
      `CREATE SCHEMA mine; CREATE TYPE mine.text AS ENUM ('a'); CREATE DOMAIN mine.date AS pg_catalog.text; CREATE TYPE mine.oid AS ENUM ('o');
       CREATE DOMAIN mine.timestamptz AS pg_catalog.text; CREATE TYPE mine.int4 AS (x pg_catalog.int4); CREATE TYPE mine.uuid AS ENUM ('u');
       CREATE FUNCTION mine.isfinite(pg_catalog.date) RETURNS bool LANGUAGE sql AS 'SELECT false';
       CREATE FUNCTION mine.pg_typeof(anyelement) RETURNS pg_catalog.regtype LANGUAGE sql AS $$ SELECT 'int8'::pg_catalog.regtype $$;
       CREATE FUNCTION mine.array_ndims(anyarray) RETURNS pg_catalog.int4 LANGUAGE sql AS 'SELECT 2';
       CREATE TABLE mine.t (d pg_catalog.date, n numeric, s pg_catalog.timestamptz, l pg_catalog.int4[], u pg_catalog.uuid[], i interval, m money, a inet, e mine.text);
       INSERT INTO mine.t VALUES ('2026-01-01', 1.5, '2026-01-01 00:00+00', '{1}', '{00000000-0000-0000-0000-000000000001}', '1 day', 1.5, '::1', 'a');
       CREATE ROLE own LOGIN PASSWORD 'own'; GRANT USAGE ON SCHEMA mine TO own; GRANT SELECT ON mine.t TO own;
       ALTER ROLE own SET search_path = mine, pg_catalog`,
    );
    const login = { ...server, user: 'own', password: 'own' };
    const { content } = await readThroughFerry('postgres', login, { sync: { query: 'SELECT * FROM t' } });
    expect(content.rows).toEqual([
      [
        '2026-01-01',
        '1.5',
        '2026-01-01T00:00:00.000000Z',
        [1],
        ['00000000-0000-0000-0000-000000000001'],
        '1 day',
        '1.50',
        '::1',
        'a',
      ],
    ]);
  });

  it.each(['u', 'p', 'd', 'l', 'a'])('a type with the name of a Postgres type: %s', async (column) => {
    for (const types of ['exact', 'compatible']) {
      const error = await failureOf(read({ duckdbQuery: `select ${column} from db.own`, types }));
      expect(error).toBeInstanceOf(ExactnessError);
      expect(error.message).toMatch(new RegExp(`^Column "${column}" .* of db\\.public\\.own`));
      expect(error.message).toMatch(/with the name of a Postgres type/);
      // The source itself knows what it is.
      expect((await read({ query: `select ${column} from own`, types })).rows).toBe(1);
    }
    expect(await scan('select n, i from db.own')).toEqual([[1, 5]]);
  });
});
