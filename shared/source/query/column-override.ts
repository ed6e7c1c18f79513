import { ConfigError } from '../../errors.ts';
import {
  type ColumnPlan,
  decimalFromText,
  decimalOf,
  MAX_DECIMAL_DIGITS,
  type TextPlan,
} from '../column-plan.ts';

const integers = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
const isExactNumber = (type: string) => integers.test(type) || decimalOf(type) !== undefined;

/** DuckDB SQL for the value as another type, which fails the run if it is not the same number. */
export function strictly(
  plan: Pick<ColumnPlan, 'type' | 'numberAsText'>,
  value: string,
  target: string,
  refuse: string,
): string {
  const decimal = decimalOf(target);
  const converted =
    decimal && plan.numberAsText ? decimalFromText(value, decimal) : `TRY_CAST(${value} AS ${target})`;
  const scale = decimal?.scale ?? 0;
  // A decimal of any length that the source printed: digits beyond the target's would be rounded off.
  const same = plan.numberAsText
    ? `regexp_matches(${value}, '^-?[0-9]*([.][0-9]{0,${scale}}0*)?$')`
    : `TRY_CAST(${converted} AS ${plan.type}) IS NOT DISTINCT FROM ${value}`;
  return `CASE WHEN ${value} IS NOT NULL AND (${converted} IS NULL OR NOT ${same}) THEN ${refuse} ELSE ${converted} END`;
}

/** What also holds for the text of a value. */
function whatTextKeeps({ canary, cutAt, mayBeCutOff, once, textDependsOn }: ColumnPlan): Partial<ColumnPlan> {
  return {
    ...(mayBeCutOff ? { mayBeCutOff } : {}),
    ...(once ? { once } : {}),
    ...(cutAt === undefined ? {} : { cutAt }),
    ...(textDependsOn ? { textDependsOn } : {}),
    ...(canary ? { canary } : {}),
  };
}

/**
 * Changes how a column is written to what `columns:` of a sync asks for.
 *
 * @param plan how the column is written exactly
 * @param asText the source's SQL for the column as it prints it, or how its text is sent; absent for a value of DuckDB's own
 * @throws ConfigError when a column of this type cannot become that
 */
export function overrideColumn(
  plan: ColumnPlan,
  target: string,
  asText: string | TextPlan | undefined,
): ColumnPlan {
  const { name, sourceType } = plan;
  const impossible = (hint: string) =>
    new ConfigError(`columns.${name}: a column of type ${sourceType} cannot become ${target}.`, { hint });
  const reason = 'requested by columns:';
  if (target === 'text') {
    if (plan.type === 'BLOB') throw impossible('Bytes are not text: convert them in the query.');
    if (asText === undefined) {
      return { name, sourceType, type: 'VARCHAR', inDuckdb: (value) => `CAST(${value} AS VARCHAR)`, reason };
    }
    // An inet is sent in another form than its cast to text has.
    const own = plan.type === 'VARCHAR' ? plan.atSource : undefined;
    const sent = typeof asText === 'string' ? { atSource: own ?? asText } : asText;
    return { name, sourceType, type: 'VARCHAR', ...sent, reason, ...whatTextKeeps(plan) };
  }

  if (target === 'boolean' && plan.type === 'BOOLEAN') return plan;
  const floating = plan.type === 'FLOAT' || plan.type === 'DOUBLE';
  const numeric = isExactNumber(plan.type) || plan.numberAsText === true;
  if (!numeric && !(floating && target !== 'boolean' && !target.startsWith('decimal'))) {
    throw impossible(
      floating
        ? 'A floating-point number is not an exact decimal: round and cast it in the query.'
        : 'decimal, double, bigint and boolean only apply to numbers; cast other types in the query.',
    );
  }
  const type = target === 'boolean' ? 'BOOLEAN' : target.toUpperCase();
  const decimal = decimalOf(type);
  if (decimal && (decimal.precision > MAX_DECIMAL_DIGITS || decimal.scale > decimal.precision))
    throw impossible(
      `A decimal may have up to ${MAX_DECIMAL_DIGITS} digits, and at most as many decimals as digits.`,
    );
  const convert = (value: string, refuse: string) => {
    if (type === 'DOUBLE') {
      if (!plan.numberAsText) return `CAST(${value} AS DOUBLE)`;
      // What has no type in SQLite may also be a word. A number beyond all doubles would become Infinity, which is not
      // rounding.
      const number = `TRY_CAST(${value} AS DOUBLE)`;
      const isBeyond = `(isinf(${number}) AND regexp_matches(${value}, '[0-9]'))`;
      return `CASE WHEN ${value} IS NOT NULL AND (${number} IS NULL OR ${isBeyond}) THEN ${refuse} ELSE ${number} END`;
    }
    if (type !== 'BOOLEAN') return strictly(plan, value, type, refuse);
    const integer = `(${strictly(plan, value, 'BIGINT', refuse)})`;
    return `CASE WHEN ${integer} NOT IN (0, 1) THEN ${refuse} ELSE ${integer} = 1 END`;
  };
  return {
    ...plan,
    type,
    inDuckdb: (value, companion, refuse) =>
      convert(plan.inDuckdb ? `(${plan.inDuckdb(value, companion, refuse)})` : value, refuse),
    reason: type === 'DOUBLE' ? `${reason}: about 15 digits are kept` : reason,
    refusal: {
      values: `${plan.refusal ? `${plan.refusal.values}, or ` : ''}a number that is not a ${target}`,
      hint: `Change columns: { ${name}: ${target} }, or the query.`,
    },
  };
}
