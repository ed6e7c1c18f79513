import { expect, it } from 'vitest';
import { matchWhole } from '../../../../shared/source/catalog/match-names.ts';
import { openDuckdb } from '../../../support/readers/open-duckdb.ts';

it('thousands of patterns are matched in a time that grows with their number', async () => {
  using duckdb = await openDuckdb();
  const statements: string[] = [];
  const compute = async (sql: string) => {
    statements.push(sql);
    return (await duckdb.connection.runAndReadAll(sql)).getRows() as unknown[][];
  };
  const patterns = Array.from({ length: 250 }, (_, index) => `^s${index}$`);
  const names = ['S7', 's7', 's99', 's100', 's249', 's250'];
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
