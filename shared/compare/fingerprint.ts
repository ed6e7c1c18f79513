import { type CommonColumn, formOf } from './common-columns.ts';
import type { Side } from './comparison-session.ts';

/*
 * Rows and cells are compared by hashes and not by their values: a group or a join of the values of 300 columns does not fit into 500 MB
 * at all, while fixed 16 bytes a row do and spill to disk beyond that. DuckDB's hash of up to 64 bits is one-to-one, so that integers,
 * dates and floating-point numbers cannot collide in a cell; two different texts do with a probability of 2^-64.
 */

/** What a file's table is called in SQL. */
export type Tables = Readonly<Record<Side, string>>;

/** Two hashes of a row that have little in common: other order of the columns, other bytes of what is wider than 64 bits. */
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

/** A one-to-one image of the value's form that DuckDB hashes in another way. */
function disguise(column: CommonColumn, side: Side): string {
  const form = formOf(column, side);
  const { type } = column.form;
  if (type === 'VARCHAR') return `'ferry' || ${form}`;
  if (type === 'BLOB') return `'ferry'::BLOB || ${form}`;
  // The hash of 128 bits is the exclusive or of its halves: all UUIDs of two equal halves have the same.
  if (/^(U?HUGEINT|UUID|DECIMAL\((19|[23]\d),\d+\))$/.test(type)) return `CAST(${form} AS VARCHAR)`;
  return form;
}
