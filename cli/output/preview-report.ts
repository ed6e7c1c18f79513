import stringWidth from 'string-width';
import { describeReading } from '../../shared/source/query/export-query.ts';
import type { SyncPreview } from '../../shared/sync/preview-sync.ts';
import { formatCount } from '../../shared/text/format.ts';
import type { CliContext } from '../cli-context.ts';
import { formatError, formatTable, type Output, printWarnings } from './output.ts';
import { escapeUnseen } from './show-value.ts';

// Wider cells are cut: a table that wraps cannot be read.
const CELL_WIDTH = 40;

/** One line of at most {@link CELL_WIDTH} characters. */
function cell(value: string | null): string {
  if (value === null) return 'NULL';
  // Escapes characters that are invisible or move the cursor, and replaces line breaks by blanks.
  const line = escapeUnseen(value.replaceAll(/\s*[\r\n]+\s*/g, ' '));
  const characters = [...line];
  return characters.length > CELL_WIDTH ? `${characters.slice(0, CELL_WIDTH - 1).join('')}…` : line;
}

/**
 * Prints how the columns are written, and the first rows: as tables, or as one block a column where these are wider than
 * the terminal.
 *
 * @param limit how many rows were asked for
 */
export function printPreview(
  preview: SyncPreview,
  limit: number,
  { stdout, stderr, asTyped }: CliContext,
): void {
  const { rows, rowsError, estimatedRows, reading, warnings } = preview;
  stdout.write(`${formatColumns(preview, stdout)}\n\n`);
  if (rowsError) stderr.write(formatError(rowsError, asTyped));
  if (rows.length === 0 && !rowsError && limit > 0) stdout.write('The query returns no rows.\n');
  if (estimatedRows !== undefined)
    stdout.write(`The source expects about ${formatCount(estimatedRows, 'row')}.\n`);
  const how = 'connections' in reading || reading.mode === 'statement' ? describeReading(reading) : undefined;
  if (how !== undefined) stdout.write(`${how.charAt(0).toUpperCase()}${how.slice(1)}.\n`);
  if (!('connections' in reading) && reading.mode !== 'statement')
    stdout.write(
      'SOURCE TYPE is what DuckDB makes of the source’s type, because this is a duckdbQuery. With query it is the source’s own, and WHY says how it is converted.\n',
    );
  printWarnings(stderr, warnings);
}

type Shown = Pick<SyncPreview, 'columns' | 'rows' | 'rowsError'>;

/** The columns and rows, in the form that fits the output. */
export function formatColumns(
  { columns, rows, rowsError }: Shown,
  output: Pick<Output, 'isTTY' | 'columns'>,
): string {
  const described = columns.map(({ name, sourceType, type, reason, refusal }) => [
    escapeUnseen(name),
    escapeUnseen(sourceType),
    type,
    [reason, refusal && `refuses ${refusal.values}`].filter((part) => part !== undefined).join('; '),
  ]);
  const shown = rowsError ? [] : rows.map((row) => row.map(cell));
  const names = columns.map(({ name }) => cell(name));
  const tables = [
    formatTable(['COLUMN', 'SOURCE TYPE', 'PARQUET TYPE', 'WHY'], described),
    ...(shown.length === 0 ? [] : [formatTable(names, shown)]),
  ].join('\n\n');
  const width = output.isTTY ? (output.columns ?? 80) : Number.POSITIVE_INFINITY;
  if (tables.split('\n').every((line) => stringWidth(line) <= width)) return tables;
  return described
    .map((column, index) =>
      formatBlock(
        column,
        shown.map((row) => row[index] ?? ''),
      ),
    )
    .join('\n\n');
}

/** A single column: its name, its types, why, and its values one below another. */
function formatBlock([name = '', sourceType = '', type = '', why = '']: string[], values: string[]): string {
  const reason = why === '' ? [] : [`  ${why}`];
  return [name, `  ${sourceType} → ${type}`, ...reason, ...values.map((value) => `  │ ${value}`)].join('\n');
}
