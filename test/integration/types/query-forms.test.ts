import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, ExactnessError, QueryError } from '../../../shared/errors.ts';
import { failureOf } from '../../support/failure-of.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry, type TestServer } from '../../support/sync/read-through-ferry.ts';

interface Server extends TestServer, AsyncDisposable {
  query(sql: string): Promise<unknown>;
}

const servers = [
  { name: 'Postgres', kind: 'postgres', start: () => startPostgres(), schema: '' },
  { name: 'MariaDB', kind: 'mysql', start: () => startMysql({ flavor: 'mariadb' }), schema: 'ferry.' },
  { name: 'MySQL', kind: 'mysql', start: () => startMysql({ flavor: 'mysql' }), schema: 'ferry.' },
] as const;

describe.each(servers)('a query of $name', ({ kind, start, schema }) => {
  let server: Server;
  beforeAll(async () => {
    server = await start();
    const rows = Array.from({ length: 30 }, (_, n) => `(${n}, '2026-01-01', ${n}.50)`).join(', ');
    await server.query(
      `CREATE TABLE ${schema}orders (id int PRIMARY KEY, due date, amount decimal(10,2));
       INSERT INTO ${schema}orders VALUES ${rows};
       CREATE TABLE ${schema}many (id int PRIMARY KEY, due date);`,
    );
    // More than one row group and one batch of DuckDB's.
    for (let from = 0; from < 300_000; from += 50_000) {
      const values = Array.from({ length: 50_000 }, (_, n) => `(${from + n},'2026-01-01')`).join(',');
      await server.query(`INSERT INTO ${schema}many VALUES ${values}`);
    }
  }, 300_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  const read = (query: string, sync: Record<string, unknown> = {}) =>
    readThroughFerry(kind, server, { sync: { query, ...sync } });
  const ids = async (query: string) => (await read(query)).content.rows.map(([id]) => id);

  it.each([
    ['a semicolon', 'SELECT id, due FROM orders WHERE id = 1;'],
    ['a comment to the end of the line', 'SELECT id, due FROM orders WHERE id = 1 -- the first'],
    ['a comment behind a semicolon', 'SELECT id, due FROM orders WHERE id = 1 ; /* the; first */ -- one'],
    ['a comment before it', '-- orders\n/* all */ SELECT id, due FROM orders WHERE id = 1'],
    ['a comment in it', 'SELECT id, -- the key\n due FROM orders WHERE id = 1'],
    ['WITH', 'WITH o AS (SELECT * FROM orders) SELECT id, due FROM o WHERE id = 1'],
    ['a UNION', 'SELECT id, due FROM orders WHERE id = 1 UNION SELECT id, due FROM orders WHERE id = 1'],
    ['parentheses', '(SELECT id, due FROM orders WHERE id = 1)'],
    ['GROUP BY', 'SELECT id, max(due) AS due FROM orders WHERE id = 1 GROUP BY id'],
  ])('may have %s', async (_name, query) => {
    expect((await read(query)).content.rows).toEqual([[1, '2026-01-01']]);
  });

  it('may return nothing', async () => {
    const { content, rows } = await read('SELECT id, due, amount FROM orders WHERE id < 0');
    expect(rows).toBe(0);
    expect(content.columns.map(({ type }) => type)).toEqual(['int32', 'date32[day]', 'decimal128(10, 2)']);
  });

  it.each([
    ['ORDER BY', 'SELECT id, due FROM orders ORDER BY id DESC', 29],
    ['ORDER BY and a comment', 'SELECT id, due FROM orders ORDER BY id DESC -- LIMIT 3', 29],
    ['ORDER BY and LIMIT', 'SELECT id, due FROM orders ORDER BY id DESC LIMIT 3', 29],
    [
      'ORDER BY of a UNION',
      'SELECT id, due FROM orders UNION SELECT id, due FROM orders ORDER BY id DESC',
      29,
    ],
    [
      'WITH and ORDER BY',
      'WITH o AS (SELECT * FROM orders ORDER BY id) SELECT id, due FROM o ORDER BY id DESC',
      29,
    ],
  ])('keeps the order of %s', async (_name, query, first) => {
    const found = await ids(query);
    expect(found).toEqual(found.toSorted((a, b) => Number(b) - Number(a)));
    expect(found[0]).toBe(first);
  });

  it('may have columns whose names have a meaning in JavaScript', async () => {
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
    const quote = kind === 'mysql' ? '`' : '"';
    const sql = `SELECT ${names.map((name) => `id AS ${quote}${name}${quote}`).join(', ')} FROM orders WHERE id = 1`;
    for (const sync of [{}, { columns: { constructor: 'text' } }]) {
      const { content } = await read(sql, sync);
      expect(content.columns.map(({ name }) => name)).toEqual(names);
      expect(content.rows).toEqual([['columns' in sync ? '1' : 1, 1, 1, 1]]);
    }
  });

  it('keeps the order of many rows', async () => {
    const found = await ids('SELECT id, due FROM many ORDER BY id DESC');
    expect(found).toHaveLength(300_000);
    expect(found.every((id, n) => id === 299_999 - n)).toBe(true);
  });

  it.each([
    ['two columns of one name', 'SELECT id, due AS id FROM orders', /two columns named "id"/],
    ['two names that differ only in case', 'SELECT id, due AS "ID" FROM orders', /two columns named "ID"/],
    ['several statements', 'SELECT id FROM orders; SELECT 1', /several statements|refused the query/],
    ['SHOW', kind === 'postgres' ? 'SHOW server_version' : 'SHOW TABLES', /not one SELECT/],
    ['EXPLAIN', 'EXPLAIN SELECT id FROM orders', /not one SELECT/],
    ['INSERT', 'INSERT INTO orders (id) VALUES (99)', /not one SELECT|no columns|tries to write/],
    ['DELETE', 'DELETE FROM orders', /not one SELECT|no columns|tries to write/],
    ['no SELECT', 'SELEC id FROM orders', /refused the query/],
    ['a comment that is never closed', 'SELECT id FROM orders /* WHERE id = 1', /refused the query/],
    ['nothing but a comment', '-- nothing', /refused the query|no columns|not one SELECT/],
    ['no column', 'SELECT FROM orders', /returns no columns|refused the query/],
    ['an unknown table', 'SELECT * FROM unbekannt', /refused the query: .*unbekannt/],
    ['an unknown column', 'SELECT unbekannt FROM orders', /refused the query: .*unbekannt/],
  ])('is refused with a reason: %s', async (_name, query, message) => {
    const sql = kind === 'mysql' ? query.replaceAll('"', '`') : query;
    const error = await failureOf(read(sql));
    expect(error).toBeInstanceOf(QueryError);
    expect(error.message).toMatch(message);
    expect(error.hint).toBeTruthy();
    expect((await read('SELECT count(*) AS n FROM orders')).content.rows).toEqual([[30]]);
  });

  it('keeps names with any letters', async () => {
    const names = ['Größe in m²', 'a"b', "it's", 'select', 'x;--', '日本', ' blank ', 'q', 'c0', '%s $1 ?'];
    const quote = (name: string) =>
      kind === 'postgres' ? `"${name.replaceAll('"', '""')}"` : `\`${name.replaceAll('`', '``')}\``;
    // MySQL takes blanks around a name away.
    const expected = kind === 'mysql' ? names.map((name) => name.trim()) : names;
    const { content } = await read(
      `SELECT ${expected.map((name) => `due AS ${quote(name)}`).join(', ')} FROM orders WHERE id = 1`,
    );
    expect(content.columns.map(({ name }) => name)).toEqual(expected);
    expect(content.rows).toEqual([expected.map(() => '2026-01-01')]);
  });
});

describe('columns: of a sync', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startPostgres();
    await server.query(
      `CREATE TABLE v (n numeric, d numeric(10,2), i int, b bigint, f float8, t text, x bytea, u date, z numeric(39,1), ip inet);
       INSERT INTO v VALUES (1.50, 2.00, 1, 7, 0.5, 'a', '\\x00', '2026-01-01', 3.0, '10.0.0.1'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const read = (sync: Record<string, unknown>) => readThroughFerry('postgres', server, { sync });

  it.each([
    ['n', 'decimal(38,10)', 'decimal128(38, 10)', '1.5000000000'],
    ['n', 'double', 'double', 1.5],
    ['n', 'text', 'string', '1.50'],
    ['d', 'decimal(4,0)', 'decimal128(4, 0)', '2'],
    ['d', 'bigint', 'int64', 2],
    ['z', 'bigint', 'int64', 3],
    ['i', 'boolean', 'bool', true],
    ['i', 'decimal(3,1)', 'decimal128(3, 1)', '1.0'],
    ['b', 'text', 'string', '7'],
    ['f', 'text', 'string', '0.5'],
    ['u', 'text', 'string', '2026-01-01'],
    ['ip', 'text', 'string', '10.0.0.1'],
  ])('makes %s a %s', async (column, target, arrow, expected) => {
    for (const types of ['exact', 'compatible']) {
      const { content } = await read({
        query: `SELECT ${column} FROM v`,
        types,
        columns: { [column]: target },
      });
      expect(content.columns).toEqual([{ name: column, type: arrow }]);
      expect(content.rows).toEqual([[expected], [null]]);
    }
  });

  it.each([
    ['SELECT 1.5::numeric AS c', 'bigint'],
    ['SELECT 1.5::numeric AS c', 'decimal(10,0)'],
    ['SELECT 1.25::numeric(10,2) AS c', 'decimal(10,1)'],
    ['SELECT 100::numeric AS c', 'decimal(2,0)'],
    ["SELECT 'NaN'::numeric AS c", 'decimal(10,2)'],
    ['SELECT 9223372036854775808::numeric(20,0) AS c', 'bigint'],
    ['SELECT 2 AS c', 'boolean'],
    ['SELECT 300 AS c', 'decimal(2,0)'],
  ])('refuses %s as %s, and names the column', async (query, target) => {
    const error = await failureOf(read({ query, columns: { c: target } }));
    expect(error).toBeInstanceOf(ExactnessError);
    expect(error.message).toMatch(/^Column "c" \(.*\) contains .*a number that is not a /);
  });

  it.each([
    [{ nn: 'text' }, /unknown column "nn"; did you mean "n"/],
    [{ f: 'decimal(10,2)' }, /type double precision cannot become decimal/],
    [{ t: 'bigint' }, /type text cannot become bigint/],
    [{ x: 'text' }, /type bytea cannot become text/],
    [{ u: 'boolean' }, /type date cannot become boolean/],
    [{ n: 'decimal(39,1)' }, /cannot become decimal\(39,1\)/],
  ])('refuses %j as a mistake in the file', async (columns, message) => {
    const error = await failureOf(read({ query: 'SELECT * FROM v', columns }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(message);
  });

  it('changes the columns of a duckdbQuery too', async () => {
    const { content } = await read({
      duckdbQuery: 'SELECT i, b FROM db.v',
      columns: { i: 'text', b: 'decimal(5,1)' },
    });
    expect(content.rows).toEqual([
      ['1', '7.0'],
      [null, null],
    ]);
  });
});

describe('a duckdbQuery with types: exact', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startPostgres();
    await server.query(
      `CREATE TYPE pair AS (a int, n numeric(5,2));
       CREATE TABLE "Orders" (id int, amount numeric(10,2), free numeric, length interval, due date, p pair, e int[]);
       INSERT INTO "Orders" VALUES (1, 1.50, 2.5, '1 day', '2026-01-01', '(1,2.50)', '{1}'), (2, 'NaN', 1, '1 day', 'infinity', NULL, '{{1}}');
       CREATE VIEW fine AS SELECT * FROM "Orders" WHERE id = 1`,
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const read = (duckdbQuery: string, types = 'exact') =>
    readThroughFerry('postgres', server, { sync: { duckdbQuery, types } });

  it('reads columns that need nothing, whatever else the table contains', async () => {
    expect((await read('SELECT id FROM db.orders ORDER BY id')).content.rows).toEqual([[1], [2]]);
  });

  it('reads columns after a check for values that must not be in them', async () => {
    expect((await read('SELECT amount, due, e FROM db.fine')).content.rows).toEqual([
      ['1.50', '2026-01-01', [1]],
    ]);
  });

  it.each([
    ['amount', /Column "amount" \(numeric\(10,2\)\) of db\.public\.Orders contains NaN or Infinity/],
    ['due', /Column "due" \(date\) of .* contains infinity/],
    ['e', /Column "e" \(integer\[\]\) of .* contains an array with several dimensions/],
    [
      'free',
      /Column "free" \(numeric\) of db\.public\.Orders cannot be read exactly by duckdbQuery: no decimal type/,
    ],
    ['length', /Column "length" \(interval\) of .* cannot be read exactly/],
    ['p', /Column "p" \(pair\) of .* cannot be read exactly/],
    ['count(*) FILTER (amount > 1)', /Column "amount"/],
    ['id, o', /Column "free"/],
    ['*', /Column "free"/],
    ["COLUMNS(c -> c LIKE 'f%')", /Column "free"/],
  ])('refuses %s', async (columns, message) => {
    const error = await failureOf(read(`SELECT ${columns} FROM db.orders o`));
    expect(error).toBeInstanceOf(ExactnessError);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/`query`/);
  });

  it('writes what the Go connector wrote, and says what is lost, with types: compatible', async () => {
    const { content, warnings } = await read(
      'SELECT id, amount, free FROM db.orders ORDER BY id',
      'compatible',
    );
    expect(content.rows).toEqual([
      [1, '1.50', 2.5],
      [2, '0.00', 1],
    ]);
    expect(warnings).toEqual([
      'Column "amount" (numeric(10,2)) of db.public.Orders: NaN and Infinity become 0.',
      'Column "free" (numeric) of db.public.Orders: written as DOUBLE: about 15 digits are kept, and NaN and Infinity become 0.',
    ]);
  });

  it('names a table that does not exist', async () => {
    const error = await failureOf(read('SELECT * FROM db.public.unbekannt'));
    expect(error).toBeInstanceOf(QueryError);
    expect(error.message).toMatch(/unbekannt/);
  });
});
