import type { TypesMode } from '../config/schema/ferry-config.ts';

/** A column of a query's result, as the source and DuckDB's client describe it. */
export interface SourceColumn {
  name: string;
  /** Type in the source's words, for people. */
  sourceType: string;
  /** What DuckDB's client would make of it. */
  clientType: string;
}

/** Values that cannot be written in the column's type. A run with such a value is refused. */
export interface Refusal {
  /** What they are, after "holds": `NaN or Infinity`. */
  values: string;
  /** What to write instead, in complete sentences. */
  hint: string;
  /** Nobody expects one: it only shows that a driver damages values. */
  isUnexpected?: true;
}

/** How a column gets from the source into the file. docs/types.md explains this to people. */
export interface ColumnPlan {
  name: string;
  /** The table that has it, as a duckdbQuery calls it. */
  table?: string;
  sourceType: string;
  /** Type in the Parquet file, in DuckDB's words. */
  type: string;
  /** The type is VARCHAR, and every value is a decimal number. */
  numberAsText?: boolean;
  /** The source's SQL for the value; absent: the column as it is. */
  atSource?: string;
  /** The source's SQL for whether there is a value, which {@link inDuckdb} needs to check the first: never NULL. */
  companion?: string;
  /**
   * DuckDB SQL from the name of the value, what its companion has become, and an expression that fails the run with this
   * column's name; absent: the value as it is.
   */
  inDuckdb?: (value: string, companion: string, refuse: string) => string;
  /**
   * The source's SQL for a value that is sent right after this one, and what DuckDB must receive for it: anything else
   * shows that a setting in {@link textDependsOn} was another one at that moment.
   */
  canary?: { sql: string; expected: string };
  /** The source may have cut off a text, or bytes, of this length in bytes. */
  cutAt?: number;
  /** The query gives another value each time it is computed, so the source must do that once for each row. */
  once?: true;
  /** There can be no canary: a wrapper around the query would damage another column. */
  unwatched?: boolean;
  /** Why the column is converted, as shown by `ferry preview`. */
  reason?: string;
  /** The values that fail the run. */
  refusal?: Refusal;
  /** The source's SQL, over the column, that is true for such a value; for reading a whole table without a wrapper. */
  violation?: string;
  /** {@link atSource} and {@link violation} for a value that a table stores: its type has refused some already, so less is checked. */
  stored?: { atSource: string; violation: string };
  /**
   * It is text at the source too, which compares it by its bytes if it is told to: all of it, or `padded`, without the
   * blanks at its end.
   */
  isText?: 'whole' | 'padded';
  /** Settings of the source's session that the form of a value depends on, as it is sent. */
  textDependsOn?: readonly string[];
  /**
   * A floating-point number with a fixed number of decimals, which MariaDB truncates when it stores rows in its own
   * table.
   */
  mayBeCutOff?: boolean;
  /** What the client reads from a whole table differs from what the source prints. */
  damagedInScan?: boolean;
  /** Why the client cannot scan it at all. */
  unscannable?: string;
  /** The client mistakes it for a built-in type with the same name. */
  namedLike?: string;
  /** What is lost on the way (types: compatible only). */
  loss?: { always: boolean; text: string };
}

/** How any value of a column is sent as text. */
export type TextPlan = Required<Pick<ColumnPlan, 'atSource' | 'inDuckdb' | 'refusal'>> &
  Pick<ColumnPlan, 'companion'>;

/** A column that a dialect must plan. */
export interface PlanRequest {
  mode: TypesMode;
  /** Position in the result, from 0. */
  index: number;
  /** SQL that refers to the column at the source. */
  reference: string;
}

const MARKER = 'ferry_refused_';

/** The text in an engine's message when a value of this column was refused. */
export function refusalMarker(index: number): string {
  return `${MARKER}${index}`;
}

/** The column whose {@link refusalMarker} an engine's message contains. */
export function refusedColumn(message: string): number | undefined {
  // Except where the engine quotes the statement itself, in which the marker is in quotes.
  const match = new RegExp(`${MARKER}(\\d+)(?![\\d'])`).exec(message);
  return match ? Number(match[1]) : undefined;
}

const CHANGED = 'ferry_changed_';

/** The text in an engine's message when this column was printed under other settings than at first. */
export function changeMarker(index: number): string {
  return `${CHANGED}${index}`;
}

/** The column whose {@link changeMarker} an engine's message contains. */
export function changedColumn(message: string): number | undefined {
  const match = new RegExp(`${CHANGED}(\\d+)(?![\\d'])`).exec(message);
  return match ? Number(match[1]) : undefined;
}

/** Splits `DECIMAL(10,2)` into its parts. */
export function decimalOf(type: string): { precision: number; scale: number } | undefined {
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  return match ? { precision: Number(match[1]), scale: Number(match[2]) } : undefined;
}

/** The most digits that Parquet's readers agree on for a decimal, which is also DuckDB's limit. */
export const MAX_DECIMAL_DIGITS = 38;

/**
 * DuckDB SQL that turns text into a decimal, or NULL where it does not fit. DuckDB takes 250 times longer for one with
 * more than 18 digits (measured: 5.7 s against 0.02 s for 300,000 values), so those that fit go through a shorter type.
 */
export function decimalFromText(
  value: string,
  { precision, scale }: { precision: number; scale: number },
): string {
  const type = `DECIMAL(${precision},${scale})`;
  if (precision <= 18 || scale > 18) return `TRY_CAST(${value} AS ${type})`;
  return `COALESCE(CAST(TRY_CAST(${value} AS DECIMAL(18,${scale})) AS ${type}), TRY_CAST(${value} AS ${type}))`;
}

/** A type for people. The labels of an enum in it are data, and stay out of messages and records. */
export function withoutLabels(type: string): string {
  return type.replace(/ENUM\(.*\)/s, 'ENUM');
}
