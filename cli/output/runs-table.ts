import stringWidth from 'string-width';
import type { Run } from '../../shared/api/schemas.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import { formatBytes, formatCount, formatDuration, formatMoment } from '../../shared/text/format.ts';
import { errorClasses } from './failures.ts';
import { formatTable, type Output } from './output.ts';
import { stateWord } from './run-state.ts';

type AnyRun = RunRecord | Run;

/** How a run came to send a file that an earlier one had read, by its id. */
export type SentAs = ReadonlyMap<string, 'accepted' | 'resent'>;

/** A column of a table that is made to fit. */
export interface Column {
  header: string;
  right?: true;
  /** Columns with a higher number are left out first where a terminal is too narrow. */
  spare?: number;
  cells: string[];
  /** Shorter cells, which are used before a column is left out. */
  short?: string[];
}

// Up to the end of a group of the id, so that it can be read and copied.
const LENGTHS = [13, 18, 23, 36];

/** Ids as short as they can be while all are different. A beginning is enough for every command. */
function shortIds(ids: readonly string[]): string[] {
  const length = LENGTHS.find((one) => new Set(ids.map((id) => id.slice(0, one))).size === new Set(ids).size);
  return ids.map((id) => id.slice(0, length));
}

/** What became of a run, in a word. */
function stateOf(run: AnyRun, sentAs: SentAs): string {
  if ('stale' in run && run.stale) return `${run.state} (stale)`;
  if (run.state !== 'succeeded') return stateWord(run);
  return sentAs.get(run.id) ?? (run.outcome === 'unchanged' ? 'unchanged' : run.state);
}

/** Its class; of several, the first and how many more there are. */
function shortError(run: AnyRun): string {
  const [first = '', ...others] = errorClasses(run);
  return others.length === 0 ? first : `${first} +${others.length}`;
}

/** The columns of a list of runs. */
export function formatRuns(runs: readonly AnyRun[], sentAs: SentAs): Column[] {
  const started = runs.map(({ startedAt }) => formatMoment(startedAt));
  const ids = runs.map(({ id }) => id);
  return [
    { header: 'STARTED (UTC)', cells: started, short: started.map((text) => text.slice(5, 16)) },
    { header: 'JOB', cells: runs.map(({ job }) => job) },
    { header: 'STATE', cells: runs.map((run) => stateOf(run, sentAs)) },
    {
      header: 'TIME',
      right: true,
      spare: 2,
      cells: runs.map(({ durationMs }) => (durationMs === undefined ? '' : formatDuration(durationMs))),
    },
    {
      header: 'ROWS',
      right: true,
      cells: runs.map(({ rows }) => (rows === undefined ? '' : formatCount(rows))),
    },
    {
      header: 'SIZE',
      right: true,
      spare: 4,
      cells: runs.map(({ bytes }) => (bytes === undefined ? '' : formatBytes(bytes))),
    },
    { header: 'BY', spare: 3, cells: runs.map((run) => run.triggeredBy ?? run.trigger) },
    { header: 'RUN', cells: ids, short: shortIds(ids) },
    { header: 'ERROR', spare: 1, cells: runs.map(shortError) },
  ];
}

/**
 * A table that fits into the terminal, if the output is one: with shorter cells, then with fewer columns, then with cut
 * names.
 */
export function fitTable(columns: readonly Column[], output: Pick<Output, 'isTTY' | 'columns'>): string {
  const width = output.isTTY ? (output.columns ?? 80) : Number.POSITIVE_INFINITY;
  let shown = [...columns];
  for (;;) {
    const table = layOut(shown);
    const excess = Math.max(...table.split('\n').map((line) => stringWidth(line))) - width;
    if (excess <= 0) return table;
    const spare = Math.max(...shown.map((column) => column.spare ?? 0));
    if (shown.some(({ short }) => short !== undefined)) {
      shown = shown.map(({ short, ...column }) => ({ ...column, cells: short ?? column.cells }));
    } else if (spare > 0) shown = shown.filter((column) => column.spare !== spare);
    else
      return layOut(
        shown.map((column) => (/^(JOB|COLUMN)$/.test(column.header) ? cutCells(column, excess) : column)),
      );
  }
}

/** A narrower column, but one in which names can still be told apart. */
function cutCells(column: Column, excess: number): Column {
  const most = Math.max(8, ...column.cells.map((cell) => stringWidth(cell) - excess));
  const cells = column.cells.map((cell) => (cell.length > most ? `${cell.slice(0, most - 1)}…` : cell));
  return { ...column, cells };
}

function layOut(columns: readonly Column[]): string {
  const count = columns[0]?.cells.length ?? 0;
  const rows = Array.from({ length: count }, (_, row) => columns.map(({ cells }) => cells[row] ?? ''));
  const right = columns.flatMap((column, index) => (column.right ? [index] : []));
  return formatTable(
    columns.map(({ header }) => header),
    rows,
    right,
  );
}
