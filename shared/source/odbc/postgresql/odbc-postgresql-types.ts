import { type ColumnPlan, decimalOf, refusalMarker } from '../../column-plan.ts';
import { type PostgresColumn, planPostgresColumn } from '../../postgres/postgres-types.ts';
import { carriedAsText } from '../carry-text.ts';

/** What DuckDB's own client makes of Postgres' types; text of all others. */
const nativeTypes: Readonly<Record<string, string>> = {
  bool: 'BOOLEAN',
  int2: 'SMALLINT',
  int4: 'INTEGER',
  int8: 'BIGINT',
  float4: 'FLOAT',
  float8: 'DOUBLE',
  bytea: 'BLOB',
  uuid: 'UUID',
  date: 'DATE',
  time: 'TIME',
  timetz: 'TIME WITH TIME ZONE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  interval: 'INTERVAL',
};

/** The type that DuckDB's own client would describe. The driver says the precision of a numeric, if it has one. */
function nativeType({ base, element, clientType }: PostgresColumn): string {
  const plain = (name: string) => {
    if (name !== 'numeric') return nativeTypes[name] ?? 'VARCHAR';
    // Of an array's elements, the driver says nothing.
    return element === undefined && decimalOf(clientType) ? clientType : 'DOUBLE';
  };
  return element === undefined ? plain(base) : `${plain(element)}[]`;
}

const microseconds = (value: string) =>
  `(pg_catalog.date_part('hour', ${value})::pg_catalog.int8 * 3600000000 + pg_catalog.date_part('minute', ${value})::pg_catalog.int8 * 60000000
    + pg_catalog.date_part('microseconds', ${value})::pg_catalog.int8)`;
const days = (value: string) => `((${value})::pg_catalog.date - '1970-01-01'::pg_catalog.date)`;
const moment = (value: string) => `(${days(value)}::pg_catalog.int8 * 86400000000 + ${microseconds(value)})`;

const text = (value: string) => `(${value})::pg_catalog.text`;

/** A float as text that means the same number: a function of the query may change how many digits are printed. */
function float(value: string, cast: string, index: number): string {
  const fail = `('${refusalMarker(index)}' || pg_catalog.left(${text(value)}, 0))::${cast}::pg_catalog.text`;
  return `CASE WHEN (${value}) IS NULL THEN NULL WHEN (${text(value)})::${cast} = (${value}) THEN ${text(value)} ELSE ${fail} END`;
}

/** The source's SQL for the text that a value travels as: carry-text.ts. */
function sent(value: string, type: string, index: number): string {
  switch (type) {
    case 'VARCHAR':
      return text(value);
    case 'BLOB':
      return `pg_catalog.encode(${value}, 'hex')`;
    case 'DATE':
      return text(days(value));
    case 'TIME':
      return text(microseconds(value));
    case 'TIMESTAMP':
      return text(moment(value));
    case 'TIMESTAMP WITH TIME ZONE':
      return text(moment(`pg_catalog.timezone('UTC', ${value})`));
    case 'FLOAT':
      return float(value, 'pg_catalog.float4', index);
    case 'DOUBLE':
      return float(value, 'pg_catalog.float8', index);
    default:
      return text(value);
  }
}

/** An array as JSON of texts. */
function sentArray(value: string, type: string, index: number): string {
  const element = sent('e.v', type.slice(0, -2), index);
  return `CASE WHEN (${value}) IS NOT NULL THEN (SELECT COALESCE(pg_catalog.json_agg(${element} ORDER BY e.n), '[]')
    FROM pg_catalog.unnest(${value}) WITH ORDINALITY AS e (v, n))::pg_catalog.text END`;
}

/**
 * How a column of a Postgres query is written through ODBC: the same as with DuckDB's own client, but each value travels
 * as text.
 *
 * @param column as Postgres says, and with the driver's type
 */
export function planOdbcPostgresColumn(
  column: PostgresColumn,
  { index, reference }: { index: number; reference: string },
): ColumnPlan {
  const own = { ...column, clientType: nativeType(column) };
  const plan = planPostgresColumn(own, { mode: 'exact', index, reference });
  const decimal = decimalOf(plan.type);
  if (column.base === 'numeric' && decimal) {
    // Without the cast that DuckDB's own client needs, which would round where the driver is wrong about the type.
    const values = `NaN or Infinity, or a number that is not a decimal(${decimal.precision},${decimal.scale})`;
    return carriedAsText({ ...plan, refusal: { values, hint: plan.refusal?.hint ?? '' } }, text(reference));
  }
  const value = plan.atSource ?? reference;
  const send = plan.type.endsWith('[]') ? sentArray : sent;
  return carriedAsText(plan, send(value, plan.type, index));
}
