import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError } from '../../../shared/errors.ts';
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
        i numeric(3,5), j numeric(10,-3), k numeric(2,40), l numeric(2,40)[], m numeric(38,38)[]);
      INSERT INTO small VALUES (1, '{0.00999,NULL}', '{1234567}', '{0.00001}', 0.00002, '{0.00003}', '{0.00004}',
        ROW(0.00005, 1.5, '{0.00006}', '2026-01-01', '1 day'), NULL, 0.00007, 5678901, 1e-39, '{1e-39}', '{0.1}');
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

  it.each(['b', 'j', 'k', 'l'])('what no decimal holds is refused in a duckdbQuery: %s', async (column) => {
    const error = await read({ duckdbQuery: `SELECT ${column} FROM db.small` }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ExactnessError);
    expect((error as Error).message).toMatch(new RegExp(`Column "${column}"`));
  });

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

  it('a "char" that is no letter is refused in a duckdbQuery', async () => {
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
  it('a table with every type', async () => {
    await using server = await startMysql({ flavor });
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
