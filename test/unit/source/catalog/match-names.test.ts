import { expect, it } from 'vitest';
import { QueryError } from '../../../../shared/errors.ts';
import { assertRe2, matchWhole } from '../../../../shared/source/catalog/match-names.ts';
import { openDuckdb } from '../../../support/readers/open-duckdb.ts';

it('thousands of patterns are matched in a time that grows with their number', async () => {
  using duckdb = await openDuckdb();
  const statements: string[] = [];
  const compute = async (sql: string) => {
    statements.push(sql);
    return (await duckdb.connection.runAndReadAll(sql)).getRows() as unknown[][];
  };
  const patterns = Array.from({ length: 250 }, (_, index) => `^s${index}$`);
  const others = Array.from({ length: 20 }, (_, index) => `t${index}`);
  const names = ['S7', 's7', 's99', 's100', 's249', 's250', ...others];
  const matched = await matchWhole({ compute }, [...patterns, '(?i)S7', '*', '^s7$'], names);
  expect([...matched].filter(([, found]) => found.size > 0)).toEqual([
    ['^s7$', new Set(['s7'])],
    ['^s99$', new Set(['s99'])],
    ['^s100$', new Set(['s100'])],
    ['^s249$', new Set(['s249'])],
    ['(?i)S7', new Set(['S7', 's7'])],
    ['*', new Set(names)],
  ]);
  // DuckDB takes four times as long for a statement with twice as many.
  const sizes = statements.map((sql) => sql.split('regexp_full_match').length - 1);
  expect(sizes).toEqual([100, 100, 51]);
});

it('twenty thousand patterns are matched with a few names in one statement', async () => {
  using duckdb = await openDuckdb();
  const statements: string[] = [];
  const compute = async (sql: string) => {
    statements.push(sql);
    return (await duckdb.connection.runAndReadAll(sql)).getRows() as unknown[][];
  };
  const many = Array.from({ length: 20_000 }, (_, index) => `s${index}`);
  const odd = ['\u{e000}', "Bürger's", '', 'a\nb', '\u{e000}|'];
  const own = ['***=\u{e000}', "B.rger's", '***=', 'a\\nb', '\u{e000}\\|'];
  const matched = await matchWhole({ compute }, [...many, ...own], ['s19999', ...odd]);
  expect([...matched].flatMap(([pattern, found]) => [...found].map((name) => [pattern, name]))).toEqual([
    ['s19999', 's19999'],
    ...own.map((pattern, index) => [pattern, odd[index]]),
  ]);
  expect(statements).toHaveLength(1);
});

it('the first wrong pattern of twenty thousand is found in a few statements', async () => {
  using duckdb = await openDuckdb();
  let statements = 0;
  const compute = async (sql: string) => {
    statements += 1;
    try {
      return (await duckdb.connection.runAndReadAll(sql)).getRows() as unknown[][];
    } catch (cause) {
      throw new QueryError('It failed.', { cause });
    }
  };
  const schemas = Array.from({ length: 20_000 }, (_, index) => `s${index}`);
  const check = (include: string[]) =>
    assertRe2({ compute }, { include: { '.*': include }, exclude: {}, tempTableRegex: '' });
  await check(schemas);
  expect(statements).toBe(1);
  const wrong = check(schemas.with(12_345, '(x').with(15_000, '[y'));
  await expect(wrong).rejects.toThrow(
    'the schema pattern "(x" of ".*" is not a valid regular expression (RE2): missing )',
  );
  expect(statements).toBeLessThan(20);
});
