import { type ColumnPlan, decimalFromText, decimalOf, type Refusal } from '../column-plan.ts';

/** DuckDB would round a number with a point to an integer. */
const integer = (value: string, type: string) =>
  `CASE WHEN regexp_full_match(${value}, '-?[0-9]+') THEN TRY_CAST(${value} AS ${type}) END`;

/** Texts that moments and bytes travel as, whatever the settings of the source: numbers, and hexadecimal digits. */
const parsers: Readonly<Record<string, (value: string) => string>> = {
  VARCHAR: (value) => value,
  BLOB: (value) => `unhex(${value})`,
  // Days, or microseconds, since 1970.
  DATE: (value) => `(DATE '1970-01-01' + ${integer(value, 'INTEGER')})`,
  TIME: (value) => `CAST(make_timestamp(${integer(value, 'BIGINT')}) AS TIME)`,
  TIMESTAMP: (value) => `make_timestamp(${integer(value, 'BIGINT')})`,
  'TIMESTAMP WITH TIME ZONE': (value) =>
    `CAST(make_timestamp(${integer(value, 'BIGINT')}) AS TIMESTAMP WITH TIME ZONE)`,
};

/** DuckDB SQL that makes a value of a type from its text; NULL where it does not fit. */
export function fromText(value: string, type: string): string {
  // A list travels as JSON of texts.
  if (type.endsWith('[]')) {
    const element = fromText('e', type.slice(0, -2));
    return `list_transform(from_json(${value}, '["VARCHAR"]'), lambda e: ${element})`;
  }
  const decimal = decimalOf(type);
  if (decimal) return strictDecimal(value, decimal);
  if (/^U?(TINYINT|SMALLINT|INTEGER|BIGINT)$/.test(type)) return integer(value, type);
  return parsers[type]?.(value) ?? `TRY_CAST(${value} AS ${type})`;
}

const notWhole = (type: string): Refusal => ({
  values: `a value that did not arrive as a ${type.toLowerCase()}`,
  hint: 'Cast the column to text in the query, and compare it with what the source shows.',
  isUnexpected: true,
});

/**
 * DuckDB SQL for a decimal from its digits; NULL where it has more of them than the type: a driver may be wrong about a
 * column's precision, and DuckDB would round.
 */
export function strictDecimal(value: string, decimal: { precision: number; scale: number }): string {
  const isWhole = `regexp_full_match(${value}, '-?[0-9]*([.][0-9]{0,${decimal.scale}}0*)?')`;
  return `CASE WHEN ${isWhole} THEN ${decimalFromText(value, decimal)} END`;
}

/**
 * A column whose values travel as text, which is the one form that drivers pass on as it is, and become values again
 * here. One that does not is refused.
 *
 * @param atSource the source's SQL for the text
 */
export function carriedAsText(plan: ColumnPlan, atSource: string): ColumnPlan {
  const { type, refusal = notWhole(type) } = plan;
  if (type === 'VARCHAR') return { ...plan, atSource };
  return {
    ...plan,
    atSource,
    refusal,
    inDuckdb: (value, _companion, refuse) => {
      const made = fromText(value, type);
      return `CASE WHEN ${value} IS NOT NULL AND ${made} IS NULL THEN ${refuse} ELSE ${made} END`;
    },
  };
}
