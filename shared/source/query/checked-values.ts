import type { ColumnPlan, Refusal } from '../column-plan.ts';

/**
 * DuckDB SQL for a value that is checked on its way into the file, by its type: whatever the source or the query, the
 * file could not hold it.
 */
type Check = (value: string, refuse: string) => string;

// DuckDB writes the milliseconds of an interval into 32 bits, and drops what does not fit: 1193:02:47.295 is the most.
// By this Infinity, of which each part is the largest number, is found too.
const MOST_MILLISECONDS = 4_294_967_295;
const milliseconds = (value: string) =>
  `(date_part('hour', ${value}) * 3600000 + date_part('minute', ${value}) * 60000 + date_part('millisecond', ${value}))`;

const checks: Readonly<Record<string, Check>> = {
  // The client passes it on as bytes in any encoding: a query may change the encoding of its session while it runs.
  VARCHAR: (value) => `decode(encode(${value}))`,
  INTERVAL: (value, refuse) =>
    `CASE WHEN ${milliseconds(value)} > ${MOST_MILLISECONDS} THEN ${refuse} ELSE ${value} END`,
};

const refusals: Readonly<Record<string, (name: string) => Refusal>> = {
  INTERVAL: (name) => ({
    values:
      'an infinite interval, or one of 1193 hours or more, not counting its days, which a Parquet file cannot hold',
    hint: `Set columns: { ${name}: text } to keep intervals as text, or write justify_hours(${name}) in a \`query\` on Postgres: 24 hours become a day.`,
  }),
};

// Inside structs and maps, of any depth: by the hours in their text, as DuckDB writes them. The quotes are DuckDB's own: a
// text that only contains a time is none.
const LONG_TIME =
  "''(-?[0-9]+ (year|month|day)s? )*(119[3-9]|1[2-9][0-9]{2}|[2-9][0-9]{3}|[0-9]{5,}):[0-9]{2}:[0-9]{2}([.][0-9]+)?''";
const checkInside: Check = (value, refuse) =>
  `CASE WHEN regexp_matches(CAST(${value} AS VARCHAR), '${LONG_TIME}') THEN ${refuse} ELSE ${value} END`;

function checkOf(type: string): Check | undefined {
  if (/^(STRUCT|MAP)\(.*\bINTERVAL\b/s.test(type)) return checkInside;
  if (Object.hasOwn(checks, type)) return checks[type];
  const element = type.endsWith('[]') ? checkOf(type.slice(0, -2)) : undefined;
  return (
    element &&
    ((value, refuse) =>
      `list_transform(${value}, lambda e${type.length}: ${element(`e${type.length}`, refuse)})`)
  );
}

/** The plan of a column with the check that values of its type need; the same plan if it has its own conversion. */
export function withCheckedValues(plan: ColumnPlan): ColumnPlan {
  const check = plan.inDuckdb ? undefined : checkOf(plan.type);
  return check ? { ...plan, inDuckdb: (value, _companion, refuse) => check(value, refuse) } : plan;
}

/** What {@link withCheckedValues} refuses in a column; undefined where it refuses nothing. */
export function refusalOfType({ name, type }: Pick<ColumnPlan, 'name' | 'type'>): Refusal | undefined {
  return /^(STRUCT|MAP)\(/.test(type)
    ? refusals.INTERVAL?.(name)
    : refusals[type.replace(/(\[\])+$/, '')]?.(name);
}
