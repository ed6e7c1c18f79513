import { disguiseForHash } from '../duckdb/row-hashes.ts';
import { type CommonColumn, formOf } from './common-columns.ts';
import type { Side } from './comparison-session.ts';

/*
 * Rows and cells are compared by hash and not by value: grouping or joining the values of 300 columns does not fit into
 * 500 MB at all. Hashes take a fixed 16 bytes a row, and spill to disk beyond the limit (shared/duckdb/row-hashes.ts).
 */

/** The table of a file, in SQL. */
export type Tables = Readonly<Record<Side, string>>;

/**
 * Two hashes of a row that are nearly independent: the columns in another order, and other bytes of values wider than
 * 64 bits.
 */
export function hashesOfRow(columns: readonly CommonColumn[], side: Side): [string, string] {
  const disguised = columns.map((column) => disguise(column, side)).reverse();
  return [
    `hash(${columns.map((column) => formOf(column, side)).join(', ')})`,
    `hash('ferry', ${disguised.join(', ')})`,
  ];
}

/** The hash of a value. */
export function hashOfCell(column: CommonColumn, side: Side): string {
  return `hash(${disguise(column, side)})`;
}

function disguise(column: CommonColumn, side: Side): string {
  return disguiseForHash(formOf(column, side), column.form.type);
}
