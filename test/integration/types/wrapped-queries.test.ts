import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QueryError } from '../../../shared/errors.ts';
import { failureOf } from '../../support/failure-of.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry, type TestServer } from '../../support/sync/read-through-ferry.ts';

// Ferry puts a query into larger statements, to describe and to convert its columns. Nobody may notice.

interface Server extends TestServer, AsyncDisposable {
  query(sql: string): Promise<unknown>;
}

const parameter = /^The query contains a parameter/;

describe.each(['mariadb', 'mysql'] as const)('a query of %s', (flavor) => {
  let server: Server;
  beforeAll(async () => {
    server = await startMysql({ flavor });
    // A date has to be converted, so that the query becomes a part of another one.
    await server.query(
      `CREATE TABLE ferry.o (id int, due date, amount decimal(20,2), f double);
       INSERT INTO ferry.o VALUES (1, '2026-01-01', 1.50, 0.5)`,
    );
  }, 300_000);
  afterAll(() => server?.[Symbol.asyncDispose]());
  const read = async (query: string, sync: object = {}) =>
    (await readThroughFerry('mysql', server, { sync: { query, ...sync } })).content;

  it.each([
    'SELECT SQL_NO_CACHE id, due FROM o',
    'select sql_calc_found_rows id, due from o limit 5',
    'SELECT HIGH_PRIORITY id, due FROM o',
    'SELECT DISTINCT SQL_SMALL_RESULT SQL_BUFFER_RESULT id, due FROM o',
    'SELECT SQL_BUFFER_RESULT SQL_NO_CACHE STRAIGHT_JOIN id, due FROM o ORDER BY id DESC',
    'SELECT /*!40001 SQL_NO_CACHE */ id, due FROM o',
    'SELECT /* fast */ SQL_NO_CACHE -- now\n id, due FROM o',
    'WITH p AS (SELECT id, due FROM o) SELECT SQL_NO_CACHE id, due FROM p',
    '(SELECT SQL_NO_CACHE id, due FROM o)',
    'SELECT SQL_NO_CACHE id, due FROM o UNION SELECT id, due FROM o',
  ])('may have words that only the outermost SELECT may have: %s', async (query) => {
    expect((await read(query)).rows).toEqual([[1, '2026-01-01']]);
    expect((await read(query, { types: 'compatible' })).rows).toEqual([[1, '2026-01-01']]);
  });

  it('may have columns with the same names as those words', async () => {
    const { columns, rows } = await read(
      "SELECT id AS sql_no_cache, 'SELECT SQL_NO_CACHE' AS `high_priority`, due FROM o",
    );
    expect(columns.map(({ name }) => name)).toEqual(['sql_no_cache', 'high_priority', 'due']);
    expect(rows).toEqual([[1, 'SELECT SQL_NO_CACHE', '2026-01-01']]);
  });

  it.each([
    ["SELECT id, '' FROM o", [1, '']],
    ["SELECT id, '', due FROM o", [1, '', '2026-01-01']],
    ["SELECT id, due, '', f + 0.25, amount AS C3 FROM o", [1, '2026-01-01', '', 0.75, '1.50']],
    ["SELECT due, '' FROM o ORDER BY 2", ['2026-01-01', '']],
    ["WITH p AS (SELECT * FROM o) SELECT due, '' FROM p", ['2026-01-01', '']],
    [`SELECT due, CONCAT(id, '${'long'.repeat(20)}') FROM o`, ['2026-01-01', `1${'long'.repeat(20)}`]],
    ["SELECT due, 'Größe 😀' FROM o", ['2026-01-01', 'Größe 😀']],
    ["SELECT due, ' x ' FROM o", ['2026-01-01', ' x ']],
    ["SELECT due, 'a`b' FROM o", ['2026-01-01', 'a`b']],
    ["SELECT due, 'a\nb' FROM o", ['2026-01-01', 'a\nb']],
    ['SELECT due, max( `id` ) FROM o GROUP BY due', ['2026-01-01', 1]],
  ])('may have columns without a name: %s', async (query, row) => {
    expect((await read(query)).rows).toEqual([row]);
    expect((await read(query, { types: 'compatible' })).rows).toEqual([row]);
  });

  it('may count, and have values of types without arithmetic', async () => {
    const numbered =
      'SELECT CAST(@n := @n + 1 AS SIGNED) AS n, CAST(@m := @m + 1 AS DECIMAL(20,2)) AS d, due FROM o, (SELECT @n := 0, @m := 0) i';
    expect((await read(numbered)).rows).toEqual([[1, '1.00', '2026-01-01']]);
    expect((await read('SELECT UUID() AS u, due FROM o')).rows).toEqual([
      [expect.stringMatching(/^[0-9a-f-]{36}$/), '2026-01-01'],
    ]);
    if (flavor === 'mysql') return;
    const address = "SELECT CAST('1.2.3.4' AS inet4) AS a, CAST('10:20:30' AS time) AS t, due FROM o";
    expect((await read(address)).rows).toEqual([['1.2.3.4', '10:20:30', '2026-01-01']]);
  });

  it('is refused with parameters that nothing fills in', async () => {
    for (const query of ['SELECT ? AS x', 'SELECT id, due FROM o WHERE id = ?']) {
      const error = await failureOf(read(query));
      expect(error).toBeInstanceOf(QueryError);
      expect(error.message).toMatch(parameter);
    }
  });

  it('computes each value once', async () => {
    const numbers =
      'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i FROM n';
    await server.query(`CREATE TABLE ferry.numbers AS ${numbers}`);
    const { rows } = await read(
      "SELECT i, IF(RAND() < 0.5, CAST('2024-02-03' AS DATE), NULL) AS due FROM numbers ORDER BY i",
    );
    expect(rows.map(([i]) => i)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(new Set(rows.map(([, due]) => due))).toEqual(new Set([null, '2024-02-03']));
  });

  it('keeps the order of its own columns, not of aliases with the same name', async () => {
    await server.query('CREATE TABLE ferry.r (id int, x int, due date)');
    await server.query(
      "INSERT INTO ferry.r VALUES (1, 3, '2026-01-03'), (3, 1, '2026-01-01'), (2, 2, '2026-01-02')",
    );
    const [up, down] = [
      [[1], [2], [3]],
      [[3], [2], [1]],
    ];
    const ids = async (query: string) => (await read(query)).rows.map(([id]) => [id]);
    expect(await ids('SELECT r.id, r.due FROM r ORDER BY r.id')).toEqual(up);
    expect(await ids('SELECT r.id, r.due FROM r ORDER BY r.due')).toEqual(down);
    // MariaDB drops an order that Ferry cannot repeat (docs/types.md), and sorts by nothing else instead.
    if (flavor === 'mysql') expect(await ids('SELECT x AS id, due FROM r ORDER BY r.id')).toEqual(down);
    else expect(await ids('SELECT x AS id, due FROM r ORDER BY r.id')).not.toEqual(up);
  });

  it('gets the name of a column without one, if it is not the only column', async () => {
    const error = await failureOf(read("SELECT due, id, '', amount AS c2 FROM o"));
    expect(error.message).toBe('The query returns two columns named "c2".');
    expect(error.hint).toMatch(/An unnamed column, .* is named by its position, starting with C0/);
  });

  it('has its own words and lines in errors', async () => {
    const error = await failureOf(read('SELECT id,\n due FORM o'));
    expect(error.message).toMatch(/near 'o' at line 2/);
    for (const query of ['SELECT id, due FROM nothing', 'SELECT nothing, due FROM o']) {
      const { message } = await failureOf(read(query));
      expect(message).toMatch(/nothing/);
      expect(message).not.toMatch(/\bq\.|`q`|as part of|ferry_/);
    }
  });
});

// MariaDB 10.11 has no such type.
describe('a vector of MySQL', () => {
  it('is refused with the name of its column, and what to write', async () => {
    await using server = await startMysql({ flavor: 'mysql' });
    const read = async (query: string) =>
      (await readThroughFerry('mysql', server, { sync: { query } })).content;
    await server.query(
      "CREATE TABLE ferry.v (id int, v vector(2)); INSERT INTO ferry.v VALUES (1, STRING_TO_VECTOR('[1,0.1]'))",
    );
    for (const sync of [{ query: 'SELECT * FROM v' }, { duckdbQuery: 'SELECT * FROM db.v' }]) {
      for (const types of ['exact', 'compatible']) {
        const error = await failureOf(readThroughFerry('mysql', server, { sync: { ...sync, types } }));
        expect(error.message).toBe(`Column "v" (vector) cannot be read: DuckDB's client has no vectors.`);
        expect(error.hint).toMatch(/^Write HEX\(`v`\) AS `v`/);
      }
    }
    const exact = 'SELECT HEX(v) AS v, CAST(v AS BINARY(8)) AS b FROM v';
    expect((await read(exact)).rows).toEqual([['0000803FCDCCCC3D', '0000803fcdcccc3d']]);
  });
});

describe('a query of Postgres', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startPostgres();
    await server.query(
      `CREATE TABLE o (id int, due date); INSERT INTO o VALUES (1, '2026-01-01');
       CREATE ROLE nobody LOGIN PASSWORD 'nobody'`,
    );
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  const read = (query: string, login: object = {}) =>
    readThroughFerry('postgres', { ...server, ...login }, { sync: { query } });

  it.each([
    ['SELECT 1, due FROM o', [1, '2026-01-01']],
    ["SELECT due, ''::text FROM o", ['2026-01-01', '']],
    ['TABLE o', [1, '2026-01-01']],
    ["VALUES (1, date '2026-01-01')", [1, '2026-01-01']],
    [`SELECT due, id AS "${'ü'.repeat(31)}" FROM o`, ['2026-01-01', 1]],
    [`SELECT due, id AS "${'x'.repeat(100)}" FROM o`, ['2026-01-01', 1]],
  ])('may have any form and names: %s', async (query, row) => {
    expect((await read(query)).content.rows).toEqual([row]);
  });

  it.each([
    ['SELECT id, nothing FROM o', ' (line 1, column 12)'],
    ['SELECT id,\n  due, nothing FROM o', ' (line 2, column 8)'],
    ["SELECT 'ü', nothing FROM o", ' (line 1, column 13)'],
    ["SELECT '日本', nothing FROM o", ' (line 1)'],
    ["SELECT '\t', nothing FROM o", ' (line 1, column 13)'],
    [`SELECT '${'x'.repeat(200)}', nothing FROM o`, ' (line 1)'],
  ])('has its own position in errors: %s', async (query, position) => {
    const { message } = await failureOf(read(query));
    expect(message).toBe(`The source refused the query: column "nothing" does not exist${position}.`);
  });

  it.each([
    ['WITH d AS (DELETE FROM o RETURNING id) SELECT id FROM d', /^The query tries to write/],
    ['WITH u AS (UPDATE o SET id = 2 RETURNING id) SELECT * FROM u', /^The query tries to write/],
    ['SELECT id, due FROM o FOR UPDATE', /^The query tries to write/],
    ['SELECT id, due FROM o FOR SHARE', /^The query tries to write/],
    ['SELECT * INTO p FROM o', /returns no columns|not one SELECT/],
    ['INSERT INTO o VALUES (2) RETURNING id', /not one SELECT/],
    ['SHOW TimeZone', /not one SELECT/],
    ['EXPLAIN SELECT * FROM o', /not one SELECT/],
  ])('is refused with the reason: %s', async (query, message) => {
    const error = await failureOf(read(query));
    expect(error).toBeInstanceOf(QueryError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/\(line|column \d|\bq\./);
  });

  it.each([
    { query: 'SELECT $1' },
    { query: 'SELECT id FROM o WHERE id = $1::int' },
    { duckdbQuery: 'SELECT id FROM db.o WHERE id = $1' },
    { duckdbQuery: 'SELECT id FROM db.o WHERE id = ?' },
    { duckdbQuery: 'SELECT id FROM db.o WHERE id = $id' },
  ])('is refused with parameters that nothing fills in: %s', async (sync) => {
    const error = await failureOf(readThroughFerry('postgres', server, { sync }));
    expect(error).toBeInstanceOf(QueryError);
    expect(error.message).toMatch(parameter);
  });

  it.each(['en', 'de'])(
    'needs a materialized view to be populated, as the server says in %s',
    async (language) => {
      await using own = await startPostgres({ binaries: '15', language });
      await own.query('CREATE MATERIALIZED VIEW unread AS SELECT 1 AS id WITH NO DATA');
      for (const [sync, said] of [
        [
          { query: 'SELECT * FROM unread' },
          /refused the query: (materialized view|materialisierte Sicht) .unread. (has|wurde)/,
        ],
        [
          { duckdbQuery: 'SELECT count(*) AS n FROM db.unread' },
          /materialized view that has not been populated/,
        ],
      ] as const) {
        const error = await failureOf(readThroughFerry('postgres', own, { sync }));
        expect(error.message).toMatch(said);
        expect(error.hint).toMatch(/REFRESH MATERIALIZED VIEW/);
      }
    },
  );

  it.each(['st_point(1, 2)', "'10.0.0.1'::INET"])('needs no extension of DuckDB: %s', async (computed) => {
    const sync = { duckdbQuery: `SELECT ${computed} AS x FROM db.o` };
    const error = await failureOf(readThroughFerry('postgres', server, { sync }));
    expect(error.message).toMatch(/^The query cannot be prepared: .* exists in the \w+ extension\.$/);
    expect(error.hint).toMatch(/Ferry loads none\. Have the source compute it: `query`/);
  });

  it('shows no labels of an enum, even if one contains a line break', async () => {
    await server.query(
      `CREATE TYPE state AS ENUM ('secret one', E'secret\ntwo', 'secret three'); CREATE TABLE s (e state)`,
    );
    const sync = { duckdbQuery: 'SELECT e + 1 FROM db.s' };
    const { message } = await failureOf(readThroughFerry('postgres', server, { sync }));
    expect(message).toMatch(/^The query cannot be prepared: No function matches .*ENUM/);
    expect(message).not.toMatch(/secret/);
  });

  it('is refused with only what the login lacks', async () => {
    const { message } = await failureOf(read('SELECT id FROM o', { user: 'nobody', password: 'nobody' }));
    expect(message).toBe('The source refused the query: permission denied for table o.');
  });
});
