import type { TypesMode } from '../config/schema/ferry-config.ts';

/** A column of a query's result, as the source itself and DuckDB's client describe it. */
export interface SourceColumn {
  name: string;
  /** Type in the source's words, for people. */
  sourceType: string;
  /** What DuckDB's client makes of it when nothing is done about it. */
  clientType: string;
}

/** Values of a column that have no place in its type: the run is refused when there is one. */
export interface Refusal {
  /** What they are, to follow "holds": `NaN or Infinity`. */
  values: string;
  /** What to write instead, complete sentences. */
  hint: string;
}

/** How a column gets from the source into the file. docs/types.md says the same for people. */
export interface ColumnPlan {
  name: string;
  sourceType: string;
  /** Type in the Parquet file, in DuckDB's words. */
  type: string;
  /** The type is VARCHAR, and every value of it a decimal number. */
  numberAsText?: boolean;
  /** SQL of the source for the value; absent: the column as it stands. */
  atSource?: string;
  /** SQL of the source for a second value that {@link inDuckdb} needs to judge the first. */
  companion?: string;
  /** DuckDB SQL made of the names of the value, its companion, and what fails the run naming this column; absent: the value as it is. */
  inDuckdb?: (value: string, companion: string, refuse: string) => string;
  /** Why the column is not simply carried: what a person reads in `ferry preview`. */
  reason?: string;
  /** Which values fail the run. */
  refusal?: Refusal;
  /** SQL of the source, over the column, that is true for such a value; for reading a whole table without a wrapper. */
  violation?: string;
  /** Settings of the source's session that decide what the text form of a value looks like. */
  textDependsOn?: readonly string[];
  /** A floating-point number with a fixed number of decimals, which MariaDB cuts off where it keeps rows in its own table. */
  mayBeCutOff?: boolean;
  /** What the client reads of a whole table is not what the source prints. */
  damagedInScan?: boolean;
  /** The client scans it as a type of the server's own, of the same name, which it is not. */
  namedLike?: string;
  /** What gets lost on the way (types: compatible only). */
  loss?: { always: boolean; text: string };
}

/** Asked of a dialect for each column. */
export interface PlanRequest {
  mode: TypesMode;
  /** Position in the result, from 0. */
  index: number;
  /** SQL of the source by which the column is called. */
  reference: string;
}

const MARKER = 'ferry_refused_';

/** The text that stands in an engine's message when a value of this column was refused. */
export function refusalMarker(index: number): string {
  return `${MARKER}${index}`;
}

/** The column that an engine's message names by its {@link refusalMarker}. */
export function refusedColumn(message: string): number | undefined {
  // Not where the engine quotes the statement itself, in which the marker stands in quotes.
  const match = new RegExp(`${MARKER}(\\d+)(?![\\d'])`).exec(message);
  return match ? Number(match[1]) : undefined;
}

const CHANGED = 'ferry_changed_';

/** The text that stands in an engine's message when this column was printed under other settings than the first one. */
export function changeMarker(index: number): string {
  return `${CHANGED}${index}`;
}

/** The column that an engine's message names by its {@link changeMarker}. */
export function changedColumn(message: string): number | undefined {
  const match = new RegExp(`${CHANGED}(\\d+)(?![\\d'])`).exec(message);
  return match ? Number(match[1]) : undefined;
}

/** `DECIMAL(10,2)` taken apart. */
export function decimalOf(type: string): { precision: number; scale: number } | undefined {
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  return match ? { precision: Number(match[1]), scale: Number(match[2]) } : undefined;
}

/** The most digits that Parquet's readers agree on for a decimal, and DuckDB's own limit. */
export const MAX_DECIMAL_DIGITS = 38;

/**
 * DuckDB SQL that makes a decimal of its text, or NULL where it does not fit. DuckDB takes 250 times longer for one of more than 18
 * digits (measured: 5.7 s against 0.02 s for 300,000 values), so those that fit take the way over a shorter type.
 */
export function decimalFromText(
  value: string,
  { precision, scale }: { precision: number; scale: number },
): string {
  const type = `DECIMAL(${precision},${scale})`;
  if (precision <= 18 || scale > 18) return `TRY_CAST(${value} AS ${type})`;
  return `COALESCE(CAST(TRY_CAST(${value} AS DECIMAL(18,${scale})) AS ${type}), TRY_CAST(${value} AS ${type}))`;
}

/** A type for people: the labels of an enum in it are data, and stay out of messages and records. */
export function withoutLabels(type: string): string {
  return type.replace(/ENUM\(.*\)/s, 'ENUM');
}
