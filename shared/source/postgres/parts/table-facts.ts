import { Obstacle, type QueryShape } from './query-shape.ts';

/** What the source says about a table, and about what a query computes (postgres-part-facts.sql). */
export interface TableFacts {
  schema: string;
  name: string;
  of_server: boolean;
  kind: string;
  persistence: string;
  access_method: string;
  has_children: boolean;
  row_security: boolean;
  may_select: boolean;
  columns: string[];
  column_types: string[];
  /** Functions that might not return the same on each connection, or do not compute a value from values. */
  functions: string[];
  operators: string[];
  /** Functions and operators that may return a text. */
  textual: string[];
  types: string[];
  changing_types: boolean;
  changing_casts: boolean;
  standby: boolean;
  other_server: boolean;
  block_size: bigint | number;
  size: bigint | number;
}

const TID_RANGE_SCANS = 140_000;
const KINDS: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  p: 'a partitioned table',
  f: 'a foreign table',
};
/** Types of the server of which a conversion to a date or time does not read a text. */
const TIMES = new Set(['date', 'time', 'timestamp', 'timestamptz', 'interval']);

/**
 * Compares what a query consists of with what the source says about it.
 *
 * @returns how many blocks the table has
 * @throws Obstacle
 */
export function assertSplittable(facts: TableFacts, shape: QueryShape, minBytes: number): { blocks: number } {
  assertServer(facts);
  assertTable(facts);
  assertColumns(facts, shape);
  assertCalls(facts, shape);
  if (Number(facts.size) < minBytes) throw new Obstacle(`its table has less than ${minBytes / 1_000_000} MB`);
  return { blocks: Math.ceil(Number(facts.size) / Number(facts.block_size)) };
}

/** @throws Obstacle for a server that cannot read a range of a table by itself, and would not answer the other questions */
export function assertVersion(version: number): void {
  if (version < TID_RANGE_SCANS) throw new Obstacle('the source is older than Postgres 14');
}

function assertServer(facts: TableFacts): void {
  if (facts.standby) throw new Obstacle('the source is a standby');
  if (facts.other_server) throw new Obstacle('this kind of Postgres is not known to share snapshots');
}

function assertTable(facts: TableFacts): void {
  if (facts.kind !== 'r')
    throw new Obstacle(`the query reads ${KINDS[facts.kind] ?? 'something other than a table'}`);
  if (facts.of_server) throw new Obstacle('the query reads a table of the server itself');
  if (facts.persistence === 't') throw new Obstacle('the query reads a temporary table');
  if (facts.access_method !== 'heap') throw new Obstacle('its table has another access method than heap');
  if (facts.has_children) throw new Obstacle('other tables inherit from its table');
  if (facts.row_security) throw new Obstacle('row-level security applies to the login');
  if (!facts.may_select) throw new Obstacle('the login may read some columns of the table only');
}

function assertColumns(facts: TableFacts, { columns, computed }: QueryShape): void {
  // A name that is no column could be the whole row, a column of the system, or a function.
  const types = new Map(facts.columns.map((name, index) => [name, facts.column_types[index]]));
  if ([...columns].some((name) => !types.has(name)))
    throw new Obstacle('the query names something that is no column of the table');
  if (facts.changing_types)
    throw new Obstacle('a type of the table has functions that may change their results');
  if (facts.changing_casts) throw new Obstacle('the database has conversions that may change their results');
  // A time that is compared with it gets the offset of today.
  if ([...computed].some((name) => types.get(name) === 'timetz'))
    throw new Obstacle('the query computes something from a time with time zone');
}

function assertCalls(facts: TableFacts, { momentCasts }: QueryShape): void {
  const [call] = facts.functions;
  if (call !== undefined)
    throw new Obstacle(`the query calls ${call}(), which connections may answer differently`);
  if (facts.operators.length > 0)
    throw new Obstacle('the query has an operator that connections may answer differently');
  if (facts.types.length > 0) throw new Obstacle('the query converts to a type whose name is not unique');
  const types = new Map(facts.columns.map((name, index) => [name, facts.column_types[index] ?? '']));
  const mayBeText = momentCasts.some(({ kind, name }) =>
    kind === 'column' ? !TIMES.has(types.get(name) ?? '') : facts.textual.includes(name),
  );
  if (mayBeText) throw new Obstacle('the query converts a text to a date or time');
}
