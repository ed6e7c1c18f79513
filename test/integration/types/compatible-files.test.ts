import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError } from '../../../shared/errors.ts';
import { failureOf } from '../../support/failure-of.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';
import { mysqlTypes } from '../../support/type-cases/mysql-types.ts';
import { postgresTypes, postgresTypesSetup } from '../../support/type-cases/postgres-types.ts';

// Whatever `types: compatible` writes, a reader that shares nothing with DuckDB opens.

// What PostGIS is to DuckDB's client: a type of this name that sends EWKB.
const postgis = `
  CREATE TYPE geometry;
  CREATE FUNCTION geometry_in(cstring) RETURNS geometry LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
  CREATE FUNCTION geometry_out(geometry) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
  CREATE FUNCTION geometry_recv(internal) RETURNS geometry LANGUAGE internal IMMUTABLE STRICT AS 'bytearecv';
  CREATE FUNCTION geometry_send(geometry) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'byteasend';
  CREATE TYPE geometry (INPUT = geometry_in, OUTPUT = geometry_out, RECEIVE = geometry_recv, SEND = geometry_send, STORAGE = extended);
  CREATE TABLE places (id int, place geometry);
  INSERT INTO places VALUES (1, '\\x0101000020e6100000000000000000f03f0000000000000040'), (2, NULL);`;

describe('Postgres', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    await server.query(`${postgresTypesSetup}
      CREATE DOMAIN tiny AS numeric(3,5); CREATE DOMAIN tinies AS numeric(3,5)[];
      CREATE TYPE parcel AS (a numeric(3,5), b numeric, c numeric(3,5)[], d timestamptz, e interval);
      CREATE TABLE small (n int, a numeric(3,5)[], b numeric(10,-3)[], c numeric(3,5)[][], d tiny, e tinies, f tiny[], g parcel, h parcel[],
        o numeric(2,19), p numeric(2,19)[], i numeric(3,5), j numeric(10,-3), k numeric(2,40), l numeric(2,40)[], m numeric(38,38)[]);
      INSERT INTO small VALUES (1, '{0.00999,NULL}', '{1234567}', '{0.00001}', 0.00002, '{0.00003}', '{0.00004}',
        ROW(0.00005, 1.5, '{0.00006}', '2026-01-01', '1 day'), NULL, 12e-19, '{12e-19}', 0.00007, 5678901, 1e-39, '{1e-39}', '{0.1}');
      CREATE DOMAIN nan_number AS numeric(10,2); CREATE DOMAIN nan_numbers AS numeric(10,2)[];
      CREATE TABLE nan_domains (x nan_number, y nan_number[], z nan_numbers);
      INSERT INTO nan_domains VALUES ('NaN', '{NaN}', '{NaN}');
      ${postgis}`);
  });
  afterAll(() => server?.stop());
  const read = (sync: object) =>
    readThroughFerry('postgres', server, { sync: { types: 'compatible', ...sync } });

  it('decimals with more decimals than digits, and with a negative scale, wherever they are', async () => {
    const { content } = await read({ query: 'SELECT * FROM small' });
    expect(content.rows).toEqual([
      [
        1,
        ['0.00999', null],
        ['1235000'],
        ['0.00001'],
        '0.00002',
        ['0.00003'],
        '{0.00004}',
        '(0.00005,1.5,{0.00006},"2026-01-01 00:00:00+00","1 day")',
        null,
        '0.0000000000000000012',
        ['0.0000000000000000012'],
        '0.00007',
        '5679000',
        '0.000000000000000000000000000000000000001000'.slice(0, 42),
        ['0.000000000000000000000000000000000000001000'.slice(0, 42)],
        ['0.10000000000000000000000000000000000000'],
      ],
    ]);
  });

  it.each(['a', 'd', 'f', 'i', 'm'])('the same in a duckdbQuery: %s', async (column) => {
    const exact = await read({ query: `SELECT ${column} FROM small` });
    const { content } = await read({ duckdbQuery: `SELECT ${column} FROM db.small` });
    const values = JSON.stringify(content.rows).replace('"{0.00004}"', '["0.00004"]');
    expect(values).toBe(JSON.stringify(exact.content.rows).replace('"{0.00004}"', '["0.00004"]'));
  });

  it.each(['o', 'p'])('more decimals than its 64 bits have powers of ten: %s', async (column) => {
    const error = await read({ duckdbQuery: `SELECT count(${column}) FROM db.small` }).catch(
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(ExactnessError);
    expect((error as Error).message).toMatch(
      new RegExp(`^Column "${column}" .* cannot be read by duckdbQuery: DuckDB's client cannot decode`),
    );
    expect((await read({ query: `SELECT ${column} FROM small` })).content.rows.flat(2)).toEqual([
      '0.0000000000000000012',
    ]);
  });

  it('a domain in a duckdbQuery is its text, which loses nothing', async () => {
    const result = await read({ duckdbQuery: 'SELECT * FROM db.nan_domains' });
    expect([result.content.rows, result.warnings]).toEqual([[['NaN', ['NaN'], '{NaN}']], []]);
  });

  it.each(['b', 'j', 'k', 'l'])(
    'a value too large for a decimal is refused in a duckdbQuery: %s',
    async (column) => {
      const error = await read({ duckdbQuery: `SELECT ${column} FROM db.small` }).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(ExactnessError);
      expect((error as Error).message).toMatch(new RegExp(`Column "${column}"`));
    },
  );

  it('a composite in a duckdbQuery, field by field and with a warning', async () => {
    const { content, warnings } = await read({ duckdbQuery: 'SELECT g FROM db.small' });
    expect(content.rows).toMatchObject([
      [{ a: 0.00005, b: 1.5, c: [0.00006], d: '2026-01-01T00:00:00.000000Z' }],
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(/^Column "g" \(parcel\) of db\.public\.small: read field by field/),
    ]);
  });

  it('PostGIS in a duckdbQuery, with a warning', async () => {
    const { content, warnings } = await read({ duckdbQuery: 'SELECT * FROM db.places ORDER BY id' });
    expect(content.rows[0]?.[1]).toBe('0101000000000000000000f03f0000000000000040');
    expect(warnings).toEqual([
      'Column "place" (geometry) of db.public.places: written as plain WKB: the SRID is lost.',
    ]);
    // By the source itself, it is whole.
    const whole = await read({ query: 'SELECT * FROM places ORDER BY id' });
    expect(whole.content.rows[0]?.[1]).toMatch(/0101000020e6100000/i);
    expect(whole.warnings).toEqual([]);
  });

  it.each([
    'SELECT 0.5::DECIMAL(38,38) AS x',
    'SELECT 170141183460469231731687303715884105727 AS x',
    'SELECT 1::UHUGEINT AS x',
    "SELECT '101'::BIT AS x",
    'SELECT 12345678901234567890123456789012345678901234567890::BIGNUM AS x',
    "SELECT TIME '12:00:00' AS a, TIMETZ '12:00:00+02' AS b, INTERVAL 1 DAY AS c",
    "SELECT TIMESTAMP_NS '2026-01-01 00:00:00.000000001' AS a, TIMESTAMP_S '2026-01-01 00:00:00' AS b",
    "SELECT DATE '5877642-06-25 (BC)' AS a, 'infinity'::DATE AS b, '-infinity'::TIMESTAMP AS c",
    "SELECT {'a': 1, 'b': {'c': [1.5]}} AS a, MAP {'k': [1]} AS b, [[1], NULL] AS c, 'a'::ENUM ('a') AS d",
    'SELECT [1, 2, 3]::INTEGER[3] AS x',
    'SELECT NULL AS x',
    "SELECT '{}'::JSON AS x",
    "SELECT uuid() AS a, 'x'::BLOB AS b, 1::UTINYINT AS c, 1::UBIGINT AS d, 'NaN'::FLOAT AS e",
  ])('what DuckDB computes: %s', async (sql) => {
    const result = await read({ duckdbQuery: `${sql} FROM db.small` }).catch((error: unknown) => error);
    if (result instanceof Error) expect(result).toBeInstanceOf(ExactnessError);
    else expect(result).toMatchObject({ content: { rowCount: 1 } });
  });

  it.each([
    ['sum(n::BIGINT)', 'HUGEINT', 'written as DOUBLE: about 15 digits are kept'],
    ['[sum(n::BIGINT)]', 'HUGEINT[]', 'written as DOUBLE: about 15 digits are kept'],
    ["{'total': sum(n)}", 'STRUCT(total HUGEINT)', 'written as DOUBLE: about 15 digits are kept'],
    ["max(TIMETZ '12:00:00+02')", 'TIME WITH TIME ZONE', 'the offset is lost'],
    ['max(INTERVAL 1 DAY)', 'INTERVAL', 'microseconds are lost, and a negative one fails the run'],
  ])('what DuckDB computes and a file loses has a warning: %s', async (sql, type, loss) => {
    const duckdbQuery = `SELECT ${sql} AS x, count(*) AS n FROM db.small`;
    expect((await read({ duckdbQuery })).warnings).toEqual([`Column "x" (${type}): ${loss}.`]);
  });

  it('what `columns` asks for has no warning', async () => {
    const result = await read({
      duckdbQuery: 'SELECT sum(n::BIGINT) AS x FROM db.small',
      columns: { x: 'bigint' },
    });
    expect([result.content.rows, result.warnings]).toEqual([[[1]], []]);
  });

  it('a column of a table has one warning', async () => {
    await server.query(`CREATE TABLE spans (i interval); INSERT INTO spans VALUES ('1 day')`);
    expect((await read({ duckdbQuery: 'SELECT i FROM db.spans' })).warnings).toEqual([
      'Column "i" (interval) of db.public.spans: microseconds are lost, and a negative one fails the run.',
    ]);
  });

  it('a negative interval fails the run with the names of the columns that it may be in', async () => {
    await server.query(`CREATE TABLE differences (n int, a interval, b interval[]);
      INSERT INTO differences VALUES (1, '-1 day', '{1 day}')`);
    for (const sync of [
      { query: 'SELECT n, a FROM differences' },
      { duckdbQuery: 'SELECT n, a FROM db.differences' },
      { duckdbQuery: 'SELECT n, -INTERVAL 1 DAY AS a FROM db.differences' },
    ]) {
      const error = await failureOf(read(sync));
      expect(error).toBeInstanceOf(ExactnessError);
      expect(error.message).toMatch(
        /^Column "a" \(interval\) contains a negative interval, which a Parquet/i,
      );
      expect((await read({ ...sync, columns: { a: 'text' } })).content.rows[0]?.[1]).toMatch(/^-1 days?$/);
    }
    expect((await failureOf(read({ query: 'SELECT * FROM differences' }))).message).toMatch(
      /^One of the columns "a" \(interval\), "b" \(interval\[\]\) contains a negative interval/,
    );
  });

  it('an interval that a file cannot hold fails the run: infinity, and 1193 hours, after which DuckDB begins at 0', async () => {
    await server.query(`CREATE TABLE waits (n int, a interval, b interval[]);
      INSERT INTO waits VALUES (1, '1193:02:47.295', '{1 year 1193:02:47}')`);
    expect((await read({ query: 'SELECT n, a FROM waits' })).content.rows).toEqual([
      [1, '0000000000000000ffffffff'],
    ]);
    expect((await read({ duckdbQuery: 'SELECT * FROM db.waits' })).rows).toBe(1);
    const inside = "SELECT {'in': a - INTERVAL 1 HOUR} AS a FROM db.waits";
    expect((await read({ duckdbQuery: inside })).rows).toBe(1);
    const beside = "SELECT {'in': a - INTERVAL 1 HOUR, 'note': 'at 4711:30:00'} AS a FROM db.waits";
    expect((await read({ duckdbQuery: beside })).rows).toBe(1);
    for (const long of ['infinity', '1 year 2 days 1193:02:48', '1193:02:47.296']) {
      await server.query(`UPDATE waits SET a = '${long}', b = '{${long}}'`);
      for (const sync of [
        { query: 'SELECT n, a FROM waits' },
        { query: 'SELECT n, b AS a FROM waits' },
        { duckdbQuery: 'SELECT n, a FROM db.waits' },
        { duckdbQuery: 'SELECT n, [[a]] AS a FROM db.waits' },
        { duckdbQuery: "SELECT n, {'in': a} AS a FROM db.waits" },
        { duckdbQuery: 'SELECT n, [MAP {n: [a]}] AS a FROM db.waits' },
      ]) {
        const error = await failureOf(read(sync));
        expect(error).toBeInstanceOf(ExactnessError);
        expect(error.message).toMatch(/^Column "a" .* contains an infinite interval, or one of 1193 hours/);
      }
      const { content } = await read({ query: 'SELECT n, a FROM waits', columns: { a: 'text' } });
      expect(content.rows).toEqual([[1, long]]);
    }
  });

  it.each([
    ['numeric(1000,500)', '1.5'],
    ['numeric(1000,500)', '-123.456'],
    ['numeric(1000,0)', `1${'0'.repeat(400)}`],
  ])(
    'a number that a DOUBLE cannot hold fails the run, and is not NaN or Infinity: %s, %s',
    async (type, n) => {
      await server.query(`DROP TABLE IF EXISTS long_; CREATE TABLE long_ (n ${type}, a ${type}[], f numeric);
      INSERT INTO long_ VALUES (${n}, '{${n}}', 'NaN')`);
      for (const column of ['n', 'a', 'n::numeric AS n'])
        expect((await failureOf(read({ query: `SELECT ${column} FROM long_` }))).message).toMatch(
          /^Column "[na]" \(numeric(\[\])?\) contains a number with more than 308 digits/,
        );
      for (const column of ['n', 'a'])
        expect((await failureOf(read({ duckdbQuery: `SELECT ${column} FROM db.long_` }))).message).toMatch(
          /^Column "[na]" .* cannot be read by duckdbQuery: DuckDB's client makes NaN or Infinity of/,
        );
      const text = await read({ query: 'SELECT n FROM long_', columns: { n: 'text' } });
      expect(text.content.rows[0]?.[0]).toMatch(new RegExp(`^${n}0*$`));
      // As the connector wrote it.
      expect((await read({ query: 'SELECT f FROM long_' })).content.rows).toEqual([[0]]);
    },
  );

  it('a table with every type', async () => {
    const columns = postgresTypes.map(({ type, column }, index) => `c${index} ${column ?? type}`);
    // The connector's client fails on a negative interval, and so do its heirs.
    const sound = (sql: string | undefined) =>
      /^ARRAY\['-1 day'::interval/.test(sql ?? '') ? 'NULL' : (sql ?? 'NULL');
    const values = postgresTypes.map(({ values: [first] }) => sound(first?.[0]));
    await server.query(
      `CREATE TABLE every (${columns.join(', ')}); INSERT INTO every VALUES (${values.join(', ')})`,
    );
    expect((await read({ query: 'SELECT * FROM every' })).content).toMatchObject({
      rowCount: 1,
      columns: { length: columns.length },
    });
    // Refused, see above.
    const negative = postgresTypes.flatMap(({ type }, index) => (/,-2\)/.test(type) ? [`c${index}`] : []));
    const scanned = await read({
      duckdbQuery: `SELECT * EXCLUDE (${negative.join(', ')}) FROM db.every`,
    });
    const length = columns.length - negative.length;
    expect(scanned.content).toMatchObject({ rowCount: 1, columns: { length } });
  });

  it('a "char" that is not a letter is refused in a duckdbQuery', async () => {
    await server.query(
      `CREATE TABLE letters (c "char"); INSERT INTO letters VALUES ('x'), ((-56)::int::"char")`,
    );
    const error = await read({ duckdbQuery: 'SELECT c FROM db.letters' }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ExactnessError);
    expect((error as Error).message).toMatch(
      /^Column "c" \("char"\) .* contains a byte that is not a letter/,
    );
    await server.query(`DELETE FROM letters WHERE c <> 'x'`);
    expect((await read({ duckdbQuery: 'SELECT c FROM db.letters' })).content.rows).toEqual([['x']]);
  });
});

describe.each(['mariadb', 'mysql'] as const)('%s', (flavor) => {
  let server: Awaited<ReturnType<typeof startMysql>>;
  beforeAll(async () => {
    server = await startMysql({ flavor });
  }, 300_000);
  afterAll(() => server?.stop());
  const read = (sync: object) =>
    readThroughFerry('mysql', server, { sync: { types: 'compatible', ...sync } });
  const refused = async (sync: object) => {
    const error = await read(sync).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ExactnessError);
    return error as Error;
  };

  it('a collection of geometries, which the client of MariaDB takes for text', async () => {
    await server.query(
      `CREATE TABLE ferry.places (g geometrycollection);
       INSERT INTO ferry.places VALUES (ST_GeomFromText('GEOMETRYCOLLECTION(POINT(0 0))'))`,
    );
    const bytes = [[`00000000010700000001000000010100000000${'0'.repeat(30)}`]];
    expect((await read({ query: 'SELECT g FROM places' })).content.rows).toEqual(bytes);
    const sync = { duckdbQuery: 'SELECT g FROM db.places' };
    if (flavor === 'mysql') expect((await read(sync)).content.rows).toEqual(bytes);
    else {
      expect((await refused(sync)).message).toBe(
        `Column "g" (binary, bit or geometry) of db.ferry.places cannot be read by duckdbQuery: DuckDB's client takes its bytes for text.`,
      );
    }
  });

  it('an invalid date fails the run with the names of the columns that it may be in', async () => {
    await server.query(
      `SET SESSION sql_mode = ''; CREATE TABLE ferry.dates (n int, d date, e datetime);
       INSERT INTO ferry.dates VALUES (1, '2024-02-00', '2024-00-10 01:02:03')`,
    );
    for (const from of [{ query: 'FROM dates' }, { duckdbQuery: 'FROM db.dates' }]) {
      const [[kind, sql] = []] = Object.entries(from);
      const messageOf = async (columns: string) =>
        (await refused({ [String(kind)]: `SELECT ${columns} ${sql}` })).message;
      expect(await messageOf('n, d')).toMatch(/^Column "d" \(date\) contains an invalid date/i);
      expect(await messageOf('e')).toMatch(/^Column "e" \(\w+.*\) contains an invalid date/);
      expect(await messageOf('d, e')).toMatch(/^One of the columns "d" \(date\), "e" \(.*\) contains an/i);
    }
  });

  it('a table with every type', async () => {
    const types = mysqlTypes.filter(({ only }) => only === undefined || only === flavor);
    const columns = types.map(({ type, column }, index) => `c${index} ${column ?? type}`);
    const values = types.map(({ values: [first] }) => first?.[0] ?? 'NULL');
    await server.query(
      `CREATE TABLE ferry.every (${columns.join(', ')}); INSERT INTO ferry.every VALUES (${values.join(', ')})`,
    );
    for (const sync of [{ query: 'SELECT * FROM every' }, { duckdbQuery: 'SELECT * FROM db.every' }]) {
      const { content } = await readThroughFerry('mysql', server, { sync: { types: 'compatible', ...sync } });
      expect(content).toMatchObject({ rowCount: 1, columns: { length: columns.length } });
    }
  }, 300_000);
});
