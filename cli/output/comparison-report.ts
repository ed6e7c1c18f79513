import type { KeyedComparison } from '../../shared/compare/compare-by-key.ts';
import type { Comparison } from '../../shared/compare/compare-parquet.ts';
import { formatCount } from '../../shared/text/format.ts';
import { formatTable, type Output } from './output.ts';
import { type Column, fitTable } from './runs-table.ts';
import { showName, showValue, showValues } from './show-value.ts';

type Width = Pick<Output, 'isTTY' | 'columns'>;

/**
 * A comparison for a person: both files, each column, the rows, and one sentence at the end.
 *
 * @param files the names that the person gave
 * @param output a terminal that is too narrow gets the columns that matter most
 */
export function formatComparison(
  comparison: Comparison,
  files: { a: string; b: string },
  output: Width,
): string {
  const parts = [
    formatFiles(comparison, files),
    formatColumns(comparison, output),
    formatRows(comparison),
    ...(comparison.byKey ? formatByKey(comparison, comparison.byKey) : []),
    conclude(comparison) + suggest(comparison),
  ];
  return `${parts.join('\n\n')}\n`;
}

function formatFiles({ a, b }: Comparison, files: { a: string; b: string }): string {
  const line = (side: string, path: string, { rows, columns }: Comparison['a']) => [
    side,
    formatCount(rows),
    formatCount(columns.length),
    showName(path),
  ];
  const header = ['', 'ROWS', 'COLUMNS', 'FILE'];
  return formatTable(header, [line('A', files.a, a), line('B', files.b, b)], [1, 2]);
}

function formatColumns({ a, b, schema, columns }: Comparison, output: Width): string {
  const common = new Map(columns.map((column) => [column.name, column]));
  const onlyInB = b.columns.filter(({ name }) => schema.onlyInB.includes(name));
  const rows = [
    ...a.columns.map(({ name, type }) => {
      const column = common.get(name);
      if (!column) return [showName(name), type, 'none', '', '', '', '', ''];
      return [
        showName(name),
        type,
        column.typeInB,
        column.comparedAs === 'value' ? '' : column.comparedAs,
        ...[column.nullsInA, column.nullsInB, column.onlyInA, column.onlyInB].map((count) =>
          formatCount(count),
        ),
      ];
    }),
    ...onlyInB.map(({ name, type }) => [showName(name), 'none', type, '', '', '', '', '']),
  ];
  const cells = (column: number) => rows.map((row) => row[column] ?? '');
  const type = (header: string, column: number): Column => ({
    header,
    cells: cells(column),
    short: cells(column).map((one) => one.replaceAll('TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ')),
  });
  return fitTable(
    [
      { header: 'COLUMN', cells: cells(0) },
      type('TYPE IN A', 1),
      type('TYPE IN B', 2),
      { ...type('COMPARED AS', 3), spare: 1 },
      { header: 'NULLS IN A', cells: cells(4), right: true, spare: 2 },
      { header: 'NULLS IN B', cells: cells(5), right: true, spare: 2 },
      { header: 'VALUES ONLY IN A', cells: cells(6), right: true },
      { header: 'VALUES ONLY IN B', cells: cells(7), right: true },
    ],
    output,
  );
}

function formatRows({ rows, columns, schema }: Comparison): string {
  const lines: string[] = [];
  if (schema.orderDiffers) lines.push('The columns are in a different order in B.');
  if (columns.length === 0) lines.push('The files have no column in common.');
  else if (rows.same) lines.push(`${inColumns(columns.length)}, both files contain the same rows.`);
  else {
    const { onlyInA, onlyInB } = rows;
    lines.push(`${inColumns(columns.length)}, ${onlyIn(onlyInA, 'A')} and ${onlyIn(onlyInB, 'B')}.`);
    if (columns.every(({ same }) => same))
      lines.push('Each column on its own has the same values, but they are combined into different rows.');
  }
  return lines.join('\n');
}

const inColumns = (count: number) =>
  `In ${count === 1 ? 'the one column' : `the ${formatCount(count)} columns`} of both`;

const onlyIn = (count: number, file: string) =>
  `${formatCount(count, 'row')} ${count === 1 ? 'is' : 'are'} only in ${file}`;

function formatByKey({ columns }: Comparison, byKey: KeyedComparison): string[] {
  const { rowsCompared, rowsOnlyInA, rowsOnlyInB, repeated, differences, examples, unmatched } = byKey;
  const names = byKey.columns.map(showName);
  const lines = [
    `By ${names.join(', ')}: ${formatCount(rowsCompared, 'row')} in both, ${formatCount(rowsOnlyInA)} only in A, ${formatCount(rowsOnlyInB)} only in B.`,
  ];
  if (repeated.keys > 0) {
    const stand = repeated.keys === 1 ? '1 key occurs' : `${formatCount(repeated.keys)} keys occur`;
    lines.push(
      `${stand} more than once, in ${formatCount(repeated.rowsInA, 'row')} of A and ${formatCount(repeated.rowsInB, 'row')} of B: these rows are not compared by key.`,
    );
  }
  const types = new Map(columns.map(({ name, typeInA, typeInB }) => [name, [typeInA, typeInB] as const]));
  const typesOf = (name: string) => types.get(name) ?? (['', ''] as const);
  const keyOf = (key: readonly (string | null)[], side: 0 | 1) =>
    key.map((value, index) => showValue(value, typesOf(byKey.columns[index] ?? '')[side]));
  const alone = unmatched.map(({ key, onlyIn }) => [...keyOf(key, onlyIn === 'A' ? 0 : 1), onlyIn]);
  const tables = alone.length === 0 ? [] : [formatTable([...names, 'ONLY IN'], alone)];
  const differing = differences.filter(({ rows }) => rows > 0);
  if (differing.length === 0) {
    if (rowsCompared > 0) lines.push('No value differs in the matched rows.');
    return [lines.join('\n'), ...tables];
  }
  const rows = differing.map(({ column, rows, byRounding }) => [
    showName(column),
    formatCount(rows),
    byRounding === undefined ? '' : formatCount(byRounding),
  ]);
  tables.push(formatTable(['COLUMN', 'ROWS THAT DIFFER', 'BY ROUNDING ONLY'], rows, [1, 2]));
  if (examples.length > 0) {
    const cells = examples.map(({ key, column, a, b }) => [
      ...keyOf(key, 0),
      showName(column),
      ...showValues([a, b], typesOf(column)),
    ]);
    tables.push(formatTable([...names, 'COLUMN', 'IN A', 'IN B'], cells));
  }
  return [lines.join('\n'), ...tables];
}

/** How to see more, where rows differ and nobody has asked which. */
function suggest({ rows, columns, byKey }: Comparison): string {
  if (rows.same || columns.length === 0) return '';
  if (!byKey) return '\nTo see which rows, say what identifies one: --key id --examples 5.';
  const nothingShown = byKey.examples.length === 0 && byKey.unmatched.length === 0;
  return nothingShown ? '\nTo see which rows: --examples 5. It shows data.' : '';
}

const conclude = (comparison: Comparison) =>
  comparison.same
    ? 'The files contain the same rows.'
    : `The files differ: ${describeDifferences(comparison)}.`;

/** What differs, for a sentence. */
export function describeDifferences({ schema, rows, columns }: Comparison): string {
  const columnsOnlyIn = (names: readonly string[], file: string) =>
    names.length > 0 ? [`${formatCount(names.length, 'column')} only in ${file}`] : [];
  const rowsOnlyIn = (count: number, file: string) =>
    count > 0 ? [`${formatCount(count, 'row')} only in ${file}`] : [];
  const types = schema.typeDiffers.length;
  const differences = [
    ...columnsOnlyIn(schema.onlyInA, 'A'),
    ...columnsOnlyIn(schema.onlyInB, 'B'),
    ...(types > 0 ? [`${formatCount(types, 'column')} of another type`] : []),
    ...(schema.orderDiffers ? ['a different order of columns'] : []),
    ...rowsOnlyIn(rows.onlyInA, 'A'),
    ...rowsOnlyIn(rows.onlyInB, 'B'),
  ];
  const agreement = rows.same && columns.length > 0 ? '; in the columns of both, the rows are the same' : '';
  return `${differences.join(', ')}${agreement}`;
}
