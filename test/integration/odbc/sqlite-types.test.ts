import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactnessError } from '../../../shared/errors.ts';
import { createSqlite, type SqliteFile } from '../../support/servers/sqlite-file.ts';
import type { ReadResult } from '../../support/sync/read-through-ferry.ts';
import { sqliteTypes } from '../../support/type-cases/sqlite-types.ts';
import { arrowTypeOf } from '../../support/type-cases/type-case.ts';

const cases = sqliteTypes.map((each, index) => ({ ...each, index }));
const MOST = Math.max(...cases.map(({ values }) => values.length)) + 1;

let file: SqliteFile;
let exact: ReadResult;
beforeAll(async () => {
  file = await createSqlite();
  const numbers = Array.from({ length: MOST }, (_, n) => `(${n})`).join(', ');
  file.query(`CREATE TABLE s (n INTEGER); INSERT INTO s VALUES ${numbers}`);
  for (const { type, column, values, index } of cases) {
    const rows = values.map(([sql], n) => `(${n}, ${sql})`);
    file.query(
      `CREATE TABLE c${index} (n INTEGER, v ${column ?? type}); INSERT INTO c${index} VALUES ${rows.join(', ')}`,
    );
  }
  const columns = cases.map(({ index }) => `c${index}.v AS c${index}`).join(', ');
  const joins = cases.map(({ index }) => `LEFT JOIN c${index} ON c${index}.n = s.n`).join(' ');
  exact = await file.read({ query: `SELECT ${columns} FROM s ${joins} ORDER BY s.n` });
}, 300_000);
afterAll(() => file?.[Symbol.asyncDispose]());

describe('types of SQLite', () => {
  it.each(cases)('$type: every value arrives', ({ exact: type, values, index }) => {
    expect(exact.columns[index]).toMatchObject({ name: `c${index}`, type });
    expect(exact.content.columns[index]).toEqual({ name: `c${index}`, type: arrowTypeOf(type) });
    const expected = Array.from({ length: MOST }, (_, n) => values[n]?.[1] ?? null);
    expect(exact.content.rows.map((row) => row[index])).toEqual(expected);
  });

  it.each(
    cases.flatMap(({ type, column, refused = [] }) =>
      refused.map(([sql, says]) => ({ type, column, sql, says })),
    ),
  )('$type: $sql is refused, with the name of the column', async ({ type, column, sql, says }) => {
    file.query(`DROP TABLE IF EXISTS refused; CREATE TABLE refused (n INTEGER, "Größe ""x""" ${column ?? type});
      INSERT INTO refused VALUES (1, NULL), (2, ${sql})`);
    const failure = await file
      .read({ query: 'SELECT * FROM refused' }, { withContent: false })
      .catch((error) => error);
    expect(failure).toBeInstanceOf(ExactnessError);
    expect(failure.message).toContain('Column "Größe "x""');
    expect(failure.message).toMatch(says);
    expect(failure.hint).toMatch(/^Write .*Größe/);
    // What the hint says works: text for everything but bytes.
    const isBytes = sql.includes("x'") || (column ?? type) === 'BLOB';
    const fixed = isBytes
      ? { query: 'SELECT n, hex("Größe ""x""") AS h FROM refused' }
      : { query: 'SELECT * FROM refused', columns: { 'Größe "x"': 'text' } };
    expect(await file.read(fixed, { withContent: false })).toMatchObject({
      rows: 2,
      columns: [{}, { type: 'VARCHAR' }],
    });
  });

  it.each([
    "Archiv (alt) 'neu'*! ~ 100% #1?.sqlite",
    // Ten letters of a URI each, which the driver has no room for.
    `${'ü'.repeat(120)}.sqlite`,
    'a'.repeat(230),
  ])('a file is read whatever it is called: %s', async (name) => {
    await using other = await createSqlite(name);
    other.query("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('eins')");
    expect((await other.read({ query: 'SELECT a FROM t' })).content.rows).toEqual([['eins']]);
  });

  it('a query is sent with its letters, wherever they stand in it', async () => {
    file.query(`CREATE TABLE "Straße 漢" (id INTEGER, "größe 🐘" TEXT);
      INSERT INTO "Straße 漢" VALUES (1, 'zwölf 漢 🐘'), (2, 'zwélf'), (3, 'zwölf')`);
    const { content } = await file.read({
      query: `SELECT id, "größe 🐘", 'ü 漢' AS "ändern", length('ü漢🐘') AS n FROM "Straße 漢" -- für 漢
        WHERE "größe 🐘" IN ('zwölf 漢 🐘', 'zwölf') /* ß */ ORDER BY id`,
      columns: { n: 'bigint' },
    });
    expect(content.columns.map(({ name }) => name)).toEqual(['id', 'größe 🐘', 'ändern', 'n']);
    expect(content.rows).toEqual([
      [1, 'zwölf 漢 🐘', 'ü 漢', 3],
      [3, 'zwölf', 'ü 漢', 3],
    ]);
    const failure = await file.read({ query: 'SELECT "größe" FROM "Gärten 漢"' }).catch((error) => error);
    expect(failure.message).toBe('The source refused the query: no such table: Gärten 漢.');
  });

  it.each(['double', 'bigint', 'decimal(10,2)'])(
    'a word is refused where columns: asks for %s',
    async (type) => {
      const read = (query: string) => file.read({ query, columns: { a: type } });
      expect((await read("SELECT '12' || '' AS a")).content.rows).toHaveLength(1);
      const failure = await read("SELECT '12' || '' AS a UNION ALL SELECT 'zwölf'").catch((error) => error);
      expect(failure).toBeInstanceOf(ExactnessError);
      expect(failure.message).toContain('Column "a"');
    },
  );

  it('what a query computes anew each time is of one computation in each row', async () => {
    file.query(`CREATE TABLE many (i INTEGER);
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO many SELECT i FROM n`);
    const column = "CASE abs(random()) % 3 WHEN 0 THEN 12 WHEN 1 THEN 1.5 ELSE 'zwölf' END AS v";
    const { content: plain } = await file.read({ query: `SELECT ${column} FROM many` });
    expect(new Set(plain.rows.map(([v]) => v))).toEqual(new Set(['12', '1.5', 'zwölf']));
    const { content } = await file.read({ query: `SELECT i, ${column} FROM many ORDER BY (i * 7) % 2000` });
    expect(new Set(content.rows.map(([, v]) => v))).toEqual(new Set(['12', '1.5', 'zwölf']));
    expect(content.rows.slice(0, 3).map(([i]) => i)).toEqual([2000, 1143, 286]);
  });

  it('a number of any size arrives as itself', async () => {
    file.query(`CREATE TABLE reals (n INTEGER, v REAL);
      WITH RECURSIVE r (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < 19999)
      INSERT INTO reals SELECT n, (abs(random()) / 9223372036854775807.0) * pow(10.0, (n % 600) - 300) FROM r`);
    const { rows: expected } = await file.read({ query: 'SELECT n FROM reals' });
    expect(expected).toBe(20_000);
    const { DatabaseSync } = await import('node:sqlite');
    const other = new DatabaseSync(file.path, { readOnly: true });
    const stored = other.prepare('SELECT v FROM reals ORDER BY n').all() as { v: number }[];
    other.close();
    const read = await file.read({ query: 'SELECT v FROM reals ORDER BY n' });
    const wrong = read.content.rows.filter(([value], n) => value !== stored[n]?.v);
    expect(wrong).toEqual([]);
  });

  it('computed columns are text, which columns: makes numbers without loss', async () => {
    const query = 'SELECT count(*) AS n, sum(v) / 0.5 AS total, max(v) AS most FROM c0';
    const text = await file.read({ query });
    expect(text.columns.map(({ type }) => type)).toEqual(['VARCHAR', 'VARCHAR', 'VARCHAR']);
    expect(text.content.rows[0]?.[2]).toBe('9223372036854775807');
    const numbers = await file.read({ query, columns: { n: 'bigint', total: 'double', most: 'bigint' } });
    expect(numbers.content.rows[0]?.[0]).toBe(4);
    expect(numbers.content.rows[0]?.[2]).toBe('9223372036854775807');
    const failure = file.read({ query: 'SELECT 1.5 AS n', columns: { n: 'bigint' } });
    await expect(failure).rejects.toThrow(/Column "n" .* a number that is not a bigint/);
  });
});

describe('docs/types.md', () => {
  it('has a row for each tested type of SQLite, and no other', () => {
    const text = readFileSync(new URL('../../../docs/types.md', import.meta.url), 'utf8');
    const section = text.split(/^## /m).find((part) => part.startsWith('SQLite')) ?? '';
    const rows = section.split('\n').filter((line) => /^\| (?!---|declared)/.test(line));
    const cells = rows.map((row) =>
      row
        .split('|')
        .slice(1, 3)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
    expect(cells).toEqual(sqliteTypes.map(({ type, exact }) => [type, exact]));
  });
});
