import { type ColumnPlan, decimalOf, type TextPlan } from '../../column-plan.ts';
import type { AskSource, ClientColumn } from '../../dialect.ts';
import { mysqlDialect } from '../../mysql/mysql-dialect.ts';
import { type MysqlColumn, mysqlTypeName, quoteMysqlName } from '../../mysql/mysql-types.ts';
import { mysqlTableOf } from '../../mysql/mysql-wrapper.ts';
import { carriedAsText } from '../carry-text.ts';

/** What the server says beside the driver: whether text is text, and a DOUBLE has a fixed number of decimals. */
export async function describeMariadbColumns(
  ask: AskSource,
  query: string,
  columns: readonly ClientColumn[],
  { isMariadb }: { isMariadb: boolean },
): Promise<MysqlColumn[]> {
  const names = columns.map(({ name }) => name);
  const { before, from } = mysqlTableOf(query, names);
  const none = `(SELECT 1) AS one LEFT JOIN (SELECT * FROM ${from} AS u LIMIT 0) AS q ON true`;
  const probes = names.map((_, index) => `CHARSET(${mysqlDialect.reference(names, index)}) AS c${index}`);
  const { rows } = await ask(`${before}SELECT ${probes.join(', ')} FROM ${none}`);
  const fixed = isMariadb ? await findFixedDecimals(ask, query, columns) : new Set<number>();
  return columns.map(({ name, type }, index) => {
    const column = {
      clientType: type,
      charset: String(rows[0]?.[index]),
      isTime: type === 'TIME',
      decimal: decimalOf(type),
      wideDecimal: false,
      mayBeCutOff: fixed.has(index),
    };
    return { ...column, name, sourceType: mysqlTypeName(column) };
  });
}

/** More digits than a DOUBLE has: one with fixed decimals prints all of them. */
const LONG_INTEGER = '123456789012345678';

/** The positions of floating-point numbers with a fixed number of decimals, which MariaDB may truncate. */
async function findFixedDecimals(
  ask: AskSource,
  query: string,
  columns: readonly ClientColumn[],
): Promise<Set<number>> {
  const names = columns.map(({ name }) => name);
  const floats = columns.flatMap(({ type }, index) => (/^(FLOAT|DOUBLE)$/.test(type) ? [index] : []));
  if (floats.length === 0) return new Set();
  const { before, from } = mysqlTableOf(query, names);
  const values = floats.map((index) => `${mysqlDialect.reference(names, index)} AS c${index}`);
  // A row with the query's types that does not come from the query.
  const { rows } = await ask(
    `${before}SELECT ${floats.map((index) => `CAST(w.c${index} AS CHAR) AS c${index}`).join(', ')} FROM (
       SELECT * FROM (SELECT ${values.join(', ')} FROM ${from} AS q LIMIT 0) AS v
       UNION ALL SELECT ${floats.map(() => LONG_INTEGER).join(', ')}) AS w`,
  );
  return new Set(floats.filter((_, position) => !/e/i.test(String(rows[0]?.[position]))));
}

const hex = (value: string) => `HEX(CONVERT(${value} USING utf8mb4))`;

/**
 * Sent next to a value of any length: MariaDB gives NULL instead of more hexadecimal digits than max_allowed_packet, with a
 * warning that nobody sees.
 */
const isGiven = (value: string) => `IF(${value} IS NULL, 0, 1)`;
const TOO_LONG = 'more than half of the max_allowed_packet of the source';

/** A text of any letters, zero bytes included: the driver ends it at one. */
const textOf = (value: string) => `TRY(decode(unhex(${value})))`;

const beyondMonth = (date: string) => `DAYOFMONTH(${date}) > DAYOFMONTH(LAST_DAY(${date}))`;

function planText({ name, sourceType, charset }: MysqlColumn, reference: string): ColumnPlan {
  // What the server does not know to be text may be none: JSON of MySQL, or bytes that GROUP_CONCAT joined.
  const bytes =
    charset === 'binary' ? `HEX(CAST(${reference} AS CHAR CHARACTER SET binary))` : hex(reference);
  return {
    name,
    sourceType,
    type: 'VARCHAR',
    atSource: bytes,
    companion: isGiven(reference),
    refusal: {
      values: `bytes that are not text, or ${TOO_LONG}`,
      hint: `Write HEX(${quoteMysqlName(name)}) AS ${quoteMysqlName(name)} in the query for bytes; for long values, raise max_allowed_packet on the server.`,
    },
    inDuckdb: (value, given, refuse) =>
      `CASE WHEN ${given} = 1 AND ${textOf(value)} IS NULL THEN ${refuse} ELSE ${textOf(value)} END`,
  };
}

function planBytes(plan: Pick<ColumnPlan, 'name' | 'sourceType' | 'type'>, reference: string): ColumnPlan {
  return {
    ...plan,
    atSource: `HEX(CAST(${reference} AS BINARY))`,
    companion: isGiven(reference),
    inDuckdb: (value, given, refuse) =>
      `CASE WHEN ${given} = 1 AND ${value} IS NULL THEN ${refuse} ELSE unhex(${value}) END`,
    refusal: { values: TOO_LONG, hint: 'Raise max_allowed_packet on the server.' },
  };
}

/** Below this, a number is sent times {@link UP}. */
const SMALL = '1e-99';
const UP = 'POW(2, 1000)';
const DOWN = 'pow(2, -1000)';

/**
 * A floating-point number, by the digits that the server prints. It prints at most 22 characters, and leaves out the
 * last digits of a number that needs more: so without a sign, and small ones multiplied by a power of two, which is
 * exact. One that it does not read back as the same number is refused.
 */
function planFloat(
  { name, sourceType, clientType: type, mayBeCutOff }: MysqlColumn,
  reference: string,
): ColumnPlan {
  // The server prints a FLOAT with six digits, and one with fixed decimals without the others.
  const number = `(CAST(${reference} AS DOUBLE) + 0e0)`;
  const isSmall = `ABS(${number}) < ${SMALL}`;
  const size = `(ABS(${number}) * IF(${isSmall}, ${UP}, 1e0))`;
  const digits = `CAST(${size} AS CHAR)`;
  const made = (value: string) =>
    `TRY_CAST(replace(${value}, 's', '') AS DOUBLE) * CASE WHEN contains(${value}, 's') THEN ${DOWN} ELSE 1 END`;
  return {
    name,
    sourceType,
    type,
    mayBeCutOff,
    atSource: `CASE WHEN ${number} = 0 THEN CAST(CAST(${reference} AS DOUBLE) AS CHAR) WHEN ${digits} + 0e0 <> ${size} THEN '-'
      ELSE CONCAT(IF(${number} < 0, '-', ''), IF(${isSmall}, 's', ''), ${digits}) END`,
    refusal: {
      values: 'a number that the source does not print with all its digits',
      hint: `Round it in the query: ROUND(${quoteMysqlName(name)}, 10) AS ${quoteMysqlName(name)}.`,
    },
    inDuckdb: (value, _companion, refuse) =>
      `CASE WHEN ${value} IS NOT NULL AND ${made(value)} IS NULL THEN ${refuse} ELSE CAST(${made(value)} AS ${type}) END`,
  };
}

/** What DuckDB's own client reads as a date, by its text, from which DuckDB makes it again. */
function planDate({ name, sourceType, clientType: type }: MysqlColumn, reference: string): ColumnPlan {
  const parsed = (value: string) => `TRY_CAST(${value} AS ${type})`;
  const quoted = quoteMysqlName(name);
  return {
    name,
    sourceType,
    type,
    atSource: `IF(${beyondMonth(reference)}, '-', CAST(${reference} AS CHAR))`,
    refusal: {
      values: 'an invalid date (0000-00-00, a month or day 0, or a day that does not exist in its month)',
      hint: `Write IF(${quoted} = 0, NULL, ${quoted}) AS ${quoted} in the query to get NULL, or columns: { ${name}: text } to keep them as text.`,
    },
    inDuckdb: (value, _companion, refuse) =>
      `CASE WHEN ${value} IS NOT NULL AND ${parsed(value)} IS NULL THEN ${refuse} ELSE ${parsed(value)} END`,
  };
}

/**
 * How a column of a query to MariaDB or MySQL is written through ODBC: the same as with DuckDB's own client, but each
 * value travels as text of ASCII letters.
 */
export function planOdbcMariadbColumn(column: MysqlColumn, reference: string): ColumnPlan {
  const { name, sourceType, clientType: type, decimal } = column;
  const plan = { name, sourceType, type };
  if (decimal) {
    const values = `a number that is not a decimal(${decimal.precision},${decimal.scale})`;
    const hint = `Write CAST(${quoteMysqlName(name)} AS CHAR) AS ${quoteMysqlName(name)} in the query, or columns: { ${name}: text }.`;
    return carriedAsText({ ...plan, refusal: { values, hint } }, `CAST(${reference} AS CHAR)`);
  }
  switch (type) {
    case 'TIME':
      // It may be outside of a day.
      return { ...plan, type: 'VARCHAR', atSource: `CAST(${reference} AS CHAR)` };
    case 'DATE':
    case 'TIMESTAMP':
      return planDate(column, reference);
    case 'VARCHAR':
      return planText(column, reference);
    case 'BLOB':
      if (column.charset !== 'binary') return planText(column, reference);
      return planBytes(plan, reference);
    case 'BOOLEAN':
      return carriedAsText(plan, `CAST(${reference} + 0 AS CHAR)`);
    case 'FLOAT':
    case 'DOUBLE':
      // The server prints a FLOAT with six digits, and one with fixed decimals without the others.
      return planFloat(column, reference);
    default:
      return carriedAsText(plan, `CAST(${reference} AS CHAR)`);
  }
}

/** How a column's text is sent that `columns:` asks for. */
export function mariadbText(value: string, type: string): TextPlan {
  const isFloat = type === 'FLOAT' || type === 'DOUBLE';
  const number = isFloat ? `CAST(${value} AS DOUBLE) + 0e0` : type === 'BOOLEAN' ? `${value} + 0` : value;
  return {
    atSource: hex(`CAST(${number} AS CHAR)`),
    companion: isGiven(value),
    inDuckdb: (sent, given, refuse) =>
      `CASE WHEN ${given} = 1 AND ${textOf(sent)} IS NULL THEN ${refuse} ELSE ${textOf(sent)} END`,
    refusal: {
      values: `bytes that are not text, or ${TOO_LONG}`,
      hint: 'Convert bytes in the query: HEX(x) AS x; for long values, raise max_allowed_packet on the server.',
    },
  };
}
