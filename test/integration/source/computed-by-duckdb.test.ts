import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry, type TestServer } from '../../support/sync/read-through-ferry.ts';

// DuckDB's clients send parts of a duckdbQuery to the source, whose collations order and compare text in other ways. What
// a duckdbQuery means must not depend on what its client sends.

interface Server extends TestServer, AsyncDisposable {
  query(sql: string): Promise<unknown>;
}

const words = [
  'b',
  'A',
  'a',
  'B',
  'ä',
  'Z',
  'Zürich',
  'z',
  'zebra',
  '-1',
  'A-1',
  'a-2',
  '.x',
  'ß',
  'ss',
  'É',
  'e',
  '[x',
];
const rows = [
  ...words.map((word, index) => [index + 1, word, index % 3 === 0 ? 'small' : 'big', index % 4, index / 8]),
  [words.length + 1, null, null, null, null],
];
const literal = (value: unknown) => (typeof value === 'string' ? `'${value}'` : String(value));
const values = rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ');

const queries = [
  'SELECT max(name) AS a, min(name) AS b FROM db.words',
  'SELECT name AS a, count(*) AS b FROM db.words GROUP BY ALL ORDER BY a',
  'SELECT name AS a, max(id) AS b FROM db.words GROUP BY ALL ORDER BY a',
  'SELECT DISTINCT name AS a FROM db.words ORDER BY a',
  'SELECT count(DISTINCT name) AS a FROM db.words',
  'SELECT id, name AS a FROM db.words ORDER BY name, id',
  'SELECT id, name AS a FROM db.words ORDER BY name LIMIT 2',
  'SELECT id, name AS a FROM db.words ORDER BY name DESC LIMIT 3 OFFSET 2',
  'SELECT id, name AS a FROM db.words ORDER BY name DESC NULLS LAST LIMIT 3',
  "SELECT id FROM db.words WHERE name LIKE 'Z%' ORDER BY id",
  "SELECT id FROM db.words WHERE name LIKE 'A-%' ORDER BY id",
  "SELECT id FROM db.words WHERE name ILIKE 'z%' ORDER BY id",
  "SELECT id FROM db.words WHERE starts_with(name, 'z') ORDER BY id",
  "SELECT id FROM db.words WHERE name < 'b' ORDER BY id",
  "SELECT id FROM db.words WHERE name >= 'a' AND name < 'c' ORDER BY id",
  "SELECT id FROM db.words WHERE name BETWEEN 'A' AND 'Z' ORDER BY id",
  "SELECT id FROM db.words WHERE name = 'a' ORDER BY id",
  "SELECT id FROM db.words WHERE name <> 'a' ORDER BY id",
  "SELECT id FROM db.words WHERE name IN ('a', 'ss') ORDER BY id",
  "SELECT id FROM db.words WHERE name NOT IN ('a', 'ss') ORDER BY id",
  "SELECT id FROM db.words WHERE name = 'a' OR name > 'z' ORDER BY id",
  "SELECT id FROM db.words WHERE name IS DISTINCT FROM 'a' ORDER BY id",
  "SELECT count(*) AS a, max(name) AS b FROM db.words WHERE name > 'a'",
  'SELECT w.id, o.id AS o FROM db.words w JOIN db.words o ON w.name = o.name AND o.id < 5 ORDER BY ALL',
  'SELECT w.id, o.id AS o FROM db.words w JOIN (SELECT * FROM db.words WHERE id = 3) o ON w.name < o.name ORDER BY ALL',
  'SELECT id FROM db.words WHERE name = (SELECT min(name) FROM db.words) ORDER BY id',
  'SELECT id, row_number() OVER (ORDER BY name, id) AS a FROM db.words ORDER BY id',
  // Not of texts.
  'SELECT avg(n) AS a, sum(n)::BIGINT AS b, count(n) AS c, max(n) AS d FROM db.words',
  'SELECT n, avg(id) AS a FROM db.words GROUP BY n ORDER BY n NULLS FIRST',
  'SELECT size::VARCHAR AS a, avg(n) AS b FROM db.words GROUP BY ALL ORDER BY ALL',
  'SELECT avg(x) AS a, max(x) AS b FROM db.words',
  'SELECT max(size::VARCHAR) AS a, min(size::VARCHAR) AS b FROM db.words',
  'SELECT size::VARCHAR AS size, count(*) AS a FROM db.words GROUP BY ALL ORDER BY ALL',
  'SELECT id, size::VARCHAR AS a FROM db.words ORDER BY size::VARCHAR, id LIMIT 4',
  "SELECT id FROM db.words WHERE size::VARCHAR < 'c' ORDER BY id",
  'SELECT id, n FROM db.words ORDER BY n DESC, id LIMIT 3',
  'SELECT id, x FROM db.words ORDER BY x NULLS FIRST LIMIT 3',
];

let own: DuckDBInstance;
beforeAll(async () => {
  own = await DuckDBInstance.create(':memory:');
  const connection = await own.connect();
  await connection.run(`ATTACH ':memory:' AS db;
    CREATE TABLE db.words (id INTEGER, name VARCHAR, size VARCHAR, n INTEGER, x DOUBLE);
    INSERT INTO db.words VALUES ${values}`);
});
afterAll(() => own?.closeSync());

/** What DuckDB makes of a query over a table of its own. */
async function compute(query: string): Promise<unknown[][]> {
  const reader = await (await own.connect()).runAndReadAll(query);
  const plain = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value);
  return reader.getRowsJS().map((row) => row.map(plain));
}

const servers = [
  {
    kind: 'mysql' as const,
    name: 'MariaDB',
    start: () => startMysql({ flavor: 'mariadb' }),
    text: 'varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_german2_ci',
    size: "enum('small', 'big')",
  },
  {
    kind: 'mysql' as const,
    name: 'MySQL',
    start: () => startMysql({ flavor: 'mysql' }),
    text: 'varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci',
    size: "enum('small', 'big')",
  },
  {
    kind: 'postgres' as const,
    name: 'Postgres',
    start: () => startPostgres(),
    text: 'text COLLATE ci',
    before:
      "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TYPE sized AS ENUM ('small', 'big');",
    size: 'sized',
  },
];

describe.each(servers)('a duckdbQuery on $name', ({ kind, start, text, size, before = '' }) => {
  let server: Server;
  beforeAll(async () => {
    server = await start();
    await server.query(
      `${before} CREATE TABLE words (id int, name ${text}, size ${size}, n int, x double precision);
       INSERT INTO words VALUES ${values}`,
    );
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.each(queries)('means what it means to DuckDB: %s', async (duckdbQuery) => {
    const { content } = await readThroughFerry(kind, server, { sync: { duckdbQuery } });
    expect(content.rows).toEqual(await compute(duckdbQuery));
  });

  it.each(queries.filter((_, index) => index % 4 === 0))(
    'does with types: compatible: %s',
    async (duckdbQuery) => {
      const { content } = await readThroughFerry(kind, server, {
        sync: { duckdbQuery, types: 'compatible' },
      });
      expect(content.rows).toEqual(await compute(duckdbQuery));
    },
  );
});

// DuckDB has text where the source has another type, and with it other rules of comparison.
describe('a filter of a duckdbQuery on Postgres', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    server = await startPostgres({ settings: { log_statement: 'all' } });
    await server.query(
      `CREATE EXTENSION citext; CREATE DOMAIN any_case AS citext; CREATE DOMAIN number AS int; CREATE TYPE pair AS (i int, t text);
       CREATE TABLE various (id int, word text, c citext, a any_case, n number, j json, b jsonb, x xml, ip inet, r int4range, f regclass, u xid8, p pair, l text[]);
       INSERT INTO various VALUES
         (1, 'a', 'a', 'a', 9, '{"a": 1}', '{"a": 1}', '<a/>', '9.0.0.1', '[1,2)', 'pg_class', '9', '(1,a)', '{a}'),
         (2, 'A', 'A', 'A', 10, '10', '10', '<b/>', '10.0.0.1', '[1,3)', 'pg_type', '10', '(2,b)', '{b,c}'),
         (3, 'Zoo', 'Zoo', 'Zoo', 2, '2', '2', '<c/>', '10.0.0.2/24', '(,3)', 'pg_proc', '2', '(1,"Zoo")', '{}');
       CREATE TABLE names (c citext, word text); INSERT INTO names VALUES ('zoo', 'Zoo');
       CREATE TABLE codes (id int, code char(2), name name, "x\ny" jsonb);
       INSERT INTO codes VALUES (1, 'A', repeat('a', 63), '10'), (2, 'B', 'b', '9'), (3, 'AB', 'c', '11');
       CREATE SCHEMA s1; CREATE TABLE s1.t (id int, c citext, v text); INSERT INTO s1.t VALUES (1, 'Zoo', 's1-1'), (3, 'Zed', 's1-3');
       CREATE SCHEMA s2; CREATE TABLE s2.t (id int, w int); INSERT INTO s2.t VALUES (1, 10), (3, 30), (4, 40)`,
    );
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  const read = async (duckdbQuery: string, types = 'exact') =>
    (await readThroughFerry('postgres', server, { sync: { duckdbQuery, types } })).content.rows.flat();

  it.each([
    ["c = 'a'", [1]],
    ["c <> 'a'", [2, 3]],
    ["c LIKE 'Z%'", [3]],
    ["c BETWEEN 'A' AND 'Z'", [2]],
    ["c IN ('a', 'zoo')", [1]],
    ["a LIKE 'Z%' OR a = 'a'", [1, 3]],
    ['j = \'{"a": 1}\'', [1]],
    ["j::VARCHAR LIKE '1%'", [2]],
    ["b::VARCHAR LIKE '1%'", [2]],
    ["b::VARCHAR > '10'", [1, 3]],
    ["x LIKE '<a%'", [1]],
    ["ip LIKE '9.%'", [1]],
    ["ip > '2'", [1]],
    ["r::VARCHAR LIKE '[%'", [1, 2]],
    ["f = 'pg_class'", [1]],
    ["u::VARCHAR LIKE '1%'", [2]],
  ])('finds what DuckDB would find in the text that it reads: %s', async (condition, ids) => {
    expect(await read(`SELECT id FROM db.various WHERE ${condition} ORDER BY id`)).toEqual(ids);
  });

  it.each([
    ["n::VARCHAR LIKE '1%'", [2]],
    ["p IN ({'i': 1, 't': 'a'}, {'i': 2, 't': 'b'})", [1, 2]],
    ["p.t = 'a'", [1]],
    ["l = ['b', 'c']", [2]],
  ])('does with types: compatible: %s', async (condition, ids) => {
    expect(await read(`SELECT id FROM db.various WHERE ${condition} ORDER BY id`, 'compatible')).toEqual(ids);
  });

  it.each([
    ["WITH n AS (FROM db.names) SELECT word FROM n WHERE c LIKE 'z%'", ['Zoo']],
    [
      "SELECT v.id FROM db.public.various AS v JOIN db.names AS o ON v.word = o.word WHERE o.c = 'zoo' OR v.c = 'a'",
      [3],
    ],
    ["SELECT id FROM db.various WHERE word IN (SELECT word FROM db.names WHERE c = 'zoo')", [3]],
    ["SELECT * FROM db.names WHERE c = 'zoo'", ['zoo', 'Zoo']],
    ["SELECT * FROM db.names WHERE c = 'Zoo'", []],
    ["SELECT db.various.id FROM db.various WHERE db.various.c = 'a'", [1]],
    ["SELECT various.id FROM db.various WHERE DB.public.various.c = 'a'", [1]],
    ["SELECT word FROM (VALUES ('Zoo'), ('x')) v(k), db.names WHERE word = k AND c = 'zoo'", ['Zoo']],
    ["SELECT word FROM db.names WHERE c = 'zoo' UNION ALL (VALUES ('x'))", ['Zoo', 'x']],
    ["SELECT word FROM db.names WHERE c = 'zoo' AND word IN (VALUES ('Zoo'), ('x'))", ['Zoo']],
    ["SELECT word, 1e3 AS e FROM db.names WHERE c = 'zoo' AND length(word) < 1.5e1", ['Zoo', 1000]],
    ["SELECT word.upper() AS a FROM db.names WHERE c = 'zoo'", ['ZOO']],
    ["SELECT n.word.upper() AS a FROM db.names AS n WHERE n.c = 'zoo'", ['ZOO']],
    [
      "SELECT db.names.word FROM db.names WHERE c = 'zoo' UNION ALL SELECT db.public.names.word FROM db.public.names WHERE c = 'x'",
      ['Zoo'],
    ],
    [
      "SELECT db.names.word FROM db.names WHERE c = 'zoo' AND word IN (SELECT db.names.word FROM db.names)",
      ['Zoo'],
    ],
    ["SELECT id FROM db.various other WHERE other.c = 'a' AND other.id = 1", [1]],
  ])('does wherever the query has it: %s', async (query, values) => {
    expect(await read(query)).toEqual(values);
  });

  it.each([
    ["code <> 'A '", [1, 2, 3]],
    ["code = 'A '", []],
    ["code LIKE 'A %'", []],
    ["code BETWEEN 'A ' AND 'A~'", [3]],
    ["code = 'A'", [1]],
    [`name = '${'a'.repeat(63)}b'`, []],
    [`"x\ny"::VARCHAR LIKE '1%'`, [1, 3]],
  ])('compares a constant as it is: %s', async (condition, ids) => {
    expect(await read(`SELECT id FROM db.codes WHERE ${condition} ORDER BY id`)).toEqual(ids);
  });

  const ofOther = 'SELECT 1 FROM db.s2.t';
  it.each([
    [
      `SELECT v FROM db.s1.t AS a WHERE a.c LIKE 'Z%' AND EXISTS (${ofOther} AS b WHERE b.id = a.id AND b.w > 20)`,
      ['s1-3'],
    ],
    ["SELECT public.names.word FROM db.names WHERE public.names.c = 'zoo'", ['Zoo']],
    ["WITH names AS (SELECT 1 AS id) SELECT word FROM db.names WHERE c > 'A'", ['Zoo']],
  ])('tells tables of one name apart: %s', async (query, values) => {
    expect(await read(query)).toEqual(values);
  });

  it.each([
    `SELECT v FROM db.s1.t WHERE c LIKE 'Z%' AND EXISTS (${ofOther} WHERE db.s2.t.id = db.s1.t.id AND db.s2.t.w > 20)`,
    `SELECT v FROM db.s1.t WHERE s1.t.c LIKE 'Z%' AND NOT EXISTS (${ofOther} WHERE w > 20)`,
    "WITH names AS (SELECT 'Zoo' AS word) SELECT word FROM db.names WHERE c > 'A' AND EXISTS (SELECT 1 FROM names WHERE names.word = db.names.word)",
    "SELECT word FROM db.names WHERE c > 'A' AND EXISTS (SELECT 1 FROM db.various AS names WHERE names.word = db.names.word)",
  ])('asks for aliases where it could not: %s', async (query) => {
    await expect(read(query)).rejects.toMatchObject({
      class: 'QueryError',
      message: expect.stringMatching(/^duckdbQuery has several tables called (t|names), and names columns/),
    });
  });

  it('is sent to the source where it means the same there', async () => {
    const sent = async (condition: string, table = 'various') => {
      const before = readFileSync(server.logFile, 'utf8').length;
      await read(`SELECT id FROM db.${table} WHERE ${condition}`);
      return /FROM "public"\."\w+" WHERE (.*)\) TO STDOUT/.exec(
        readFileSync(server.logFile, 'utf8').slice(before),
      )?.[1];
    };
    expect(await sent("word = 'a' AND c = 'a'")).toBe('"word" = \'a\' COLLATE "C"');
    expect(await sent("word LIKE 'Z%'")).toBe('("word" >= \'Z\' COLLATE "C" AND "word" < \'[\' COLLATE "C")');
    expect(await sent("id > 1 AND b::VARCHAR = '2'")).toBe('"id" > \'1\'');
    expect(await sent("c = 'a'")).toBeUndefined();
    expect(await sent("code = 'A'", 'codes')).toBe('"code" = \'A\' COLLATE "C"');
    expect(await sent("code IN ('A', 'B')", 'codes')).toBe("\"code\" IN ('A', 'B')");
    expect(await sent("code IN ('A', 'B ')", 'codes')).toBeUndefined();
  });

  it.each(['word = chr(0)', "word IN ('a', chr(0))", "word > 'a' || chr(0)"])(
    'a zero byte, which ends what the client sends, is named: %s',
    async (condition) => {
      await expect(read(`SELECT id FROM db.various WHERE ${condition}`)).rejects.toMatchObject({
        class: 'QueryError',
        message: expect.stringContaining('compares a column with a text that has a zero byte'),
      });
    },
  );
});
