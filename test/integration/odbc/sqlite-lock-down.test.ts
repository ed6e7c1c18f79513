import { readdir, readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FerryError } from '../../../shared/errors.ts';
import { createSqlite, type SqliteFile } from '../../support/servers/sqlite-file.ts';

// A query of an SQLite source reads that file and nothing else. The driver helps a query to do much more: each attempt is refused, and
// afterwards the file and its folder are as they were.

let file: SqliteFile;
let before: Buffer;
beforeEach(async () => {
  file = await createSqlite();
  file.query(`CREATE TABLE orders (id INTEGER, note TEXT); INSERT INTO orders VALUES (1, 'one'), (2, 'two'), (3, NULL);
    CREATE VIEW writes AS SELECT blob_export('x', '${file.folder}/from-view') AS a;
    CREATE VIEW reads AS SELECT blob_import('/etc/passwd') AS a;
    CREATE VIEW loads AS SELECT load_extension('/tmp/nothing.so') AS a;`);
  before = await readFile(file.path);
});
afterEach(async () => {
  expect(await readFile(file.path)).toEqual(before);
  expect(await readdir(file.folder)).toEqual(['archive ü#1?%20.sqlite']);
  await file[Symbol.asyncDispose]();
});

const inFolder = (sql: string) => sql.replaceAll('{folder}', file.folder);

describe('refused', () => {
  it.each([
    "SELECT load_extension('{folder}/x.so')",
    "SELECT LOAD_EXTENSION /* a */ ('{folder}/x.so')",
    `SELECT "load_extension"('{folder}/x.so')`,
    "SELECT [load_extension]('{folder}/x.so')",
    "SELECT `load_extension`('{folder}/x.so')",
    "SELECT id FROM orders WHERE load_extension\n('{folder}/x.so') = 1",
    "SELECT blob_export(note, '{folder}/written') FROM orders",
    "SELECT blob_import('/etc/passwd')",
    "SELECT (SELECT blob_import('/etc/passwd'))",
    "WITH a AS (SELECT blob_import('/etc/passwd') AS b) SELECT * FROM a",
    "SELECT fts3_tokenizer('simple')",
    'SELECT * FROM writes',
    'SELECT * FROM reads',
    'SELECT * FROM loads',
    "ATTACH '{folder}/other.sqlite' AS other",
    "SELECT 1; ATTACH '{folder}/other.sqlite' AS other; CREATE TABLE other.a (b)",
    "SELECT 1) LIMIT 0; ATTACH '{folder}/other.sqlite' AS other; CREATE TABLE other.a AS SELECT * FROM (SELECT 1",
    "SELECT 1 -- '\n; ATTACH '{folder}/other.sqlite' AS other; CREATE TABLE other.a (b) --'",
    "SELECT '1\\'; ATTACH '{folder}/other.sqlite' AS other; CREATE TABLE other.a (b) --'",
    'SELECT "a""; DROP TABLE orders; --"; DROP TABLE orders',
    'DROP TABLE orders',
    "INSERT INTO orders VALUES (4, 'x')",
    "INSERT INTO orders VALUES (4, 'x') RETURNING id",
    'UPDATE orders SET id = 5',
    'CREATE TABLE more (a)',
    "VACUUM INTO '{folder}/copy.sqlite'",
    'PRAGMA journal_mode = WAL',
    "SELECT * FROM pragma_journal_mode('wal')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT readfile('/etc/passwd')",
    'SELECT getvariable(1)',
    "SELECT * FROM odbc_query(1, 'SELECT 1')",
    'SELECT ?',
    'SELECT $a',
    'EXPLAIN SELECT 1',
    'BEGIN',
    'SELECT id, ID FROM orders',
  ])('%s', async (sql) => {
    const failure = await file.read({ query: inFolder(sql) }, { withContent: false }).catch((error) => error);
    expect(failure).toBeInstanceOf(FerryError);
    expect(['QueryError', 'ExactnessError']).toContain(failure.class);
  });
});

describe('allowed', () => {
  it.each<[string, unknown[][]]>([
    ['SELECT id FROM orders ORDER BY id DESC', [[3], [2], [1]]],
    ['SELECT id FROM orders ORDER BY id DESC LIMIT 1 OFFSET 1;;', [[2]]],
    ["SELECT id -- don't; stop\n, note /* ; ' */ FROM orders WHERE id = 1 -- ?", [[1, 'one']]],
    ["SELECT note || ';' || '''' AS a FROM orders WHERE id = 1", [["one;'"]]],
    ['WITH a AS (SELECT id FROM orders) SELECT max(id) AS m FROM a', [['3']]],
    ['VALUES (1), (2)', [['1'], ['2']]],
    ['SELECT id FROM orders UNION ALL SELECT 9 ORDER BY 1 DESC', [[9], [3], [2], [1]]],
    ['SELECT 1 AS "a b", 2 AS "c""d", 3 AS "é"', [['1', '2', '3']]],
    ["SELECT count(*) AS n FROM pragma_table_info('orders')", [['2']]],
    ["SELECT json_extract('{\"a\": 1}', '$.a') AS a", [['1']]],
  ])('%s', async (query, rows) => {
    expect((await file.read({ query })).content.rows).toEqual(rows);
  });
});

it('reads one moment, also while another program writes', async () => {
  const other = new DatabaseSync(file.path);
  other.exec('PRAGMA journal_mode = WAL');
  try {
    const read = await file.read(
      { query: 'SELECT id FROM orders' },
      { onConnected: async () => other.exec('INSERT INTO orders VALUES (4, NULL)') },
    );
    expect(read.rows).toBe(4);
  } finally {
    other.exec('DELETE FROM orders WHERE id = 4; PRAGMA journal_mode = DELETE; VACUUM');
    other.close();
    before = await readFile(file.path);
  }
});
