import { expect, it } from 'vitest';
import { formatComparison } from '../../../../cli/output/comparison-report.ts';
import type { Comparison } from '../../../../shared/compare/compare-parquet.ts';

const type = 'TIMESTAMP WITH TIME ZONE';
const comparison: Comparison = {
  same: false,
  a: { path: '/a', rows: 2, columns: [{ name: 'eingegangen', type }] },
  b: { path: '/b', rows: 2, columns: [{ name: 'eingegangen', type }] },
  schema: { same: true, onlyInA: [], onlyInB: [], typeDiffers: [], orderDiffers: false },
  rows: { same: false, onlyInA: 1, onlyInB: 1 },
  columns: [
    {
      name: 'eingegangen',
      typeInA: type,
      typeInB: type,
      comparedAs: 'value',
      same: false,
      onlyInA: 1,
      onlyInB: 1,
      nullsInA: 0,
      nullsInB: 0,
    },
  ],
};

it.each([
  [undefined, 'COLUMN       TYPE IN A                 TYPE IN B                 COMPARED AS  NULLS IN A'],
  [90, 'COLUMN       TYPE IN A    TYPE IN B    COMPARED AS  VALUES ONLY IN A  VALUES ONLY IN B'],
  [76, 'COLUMN       TYPE IN A    TYPE IN B    VALUES ONLY IN A  VALUES ONLY IN B'],
])('a comparison fits a terminal of %s columns', (columns, header) => {
  const output = { isTTY: columns !== undefined, columns };
  const text = formatComparison(comparison, { a: 'a.parquet', b: 'b.parquet' }, output);
  expect(text.split('\n')[4]).toContain(header);
  if (columns !== undefined)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
});
