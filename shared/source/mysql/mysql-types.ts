import {
  type ColumnPlan,
  decimalFromText,
  MAX_DECIMAL_DIGITS,
  type PlanRequest,
  type SourceColumn,
  type TextPlan,
} from '../column-plan.ts';

/** What the server itself says about a column, and what DuckDB's client makes of it. */
export interface MysqlColumn extends SourceColumn {
  /** Character set; `binary` for everything except text. */
  charset: string;
  /** Only for a DECIMAL: its declared or computed precision; undefined for a DOUBLE that is not a DECIMAL. */
  decimal: { precision: number; scale: number } | undefined;
  /** A DECIMAL that the client takes for a DOUBLE, because it is too wide for the client. */
  wideDecimal: boolean;
  /** A TIME, which the client turns into text, because it may be outside of a day. */
  isTime: boolean;
  /** A FLOAT or DOUBLE with fixed decimals (MariaDB). */
  mayBeCutOff: boolean;
}

/** A name for the source's SQL. */
export const quoteMysqlName = (name: string) => `\`${name.replaceAll('`', '``')}\``;

/** Text for the source's SQL, whatever its sql_mode makes of a backslash. */
export const quoteMysqlText = (text: string) =>
  `CONVERT(X'${Buffer.from(text).toString('hex')}' USING utf8mb4)`;

const sourceNames: Readonly<Record<string, string>> = {
  TINYINT: 'tinyint',
  UTINYINT: 'tinyint unsigned',
  SMALLINT: 'smallint',
  USMALLINT: 'smallint unsigned',
  INTEGER: 'int',
  UINTEGER: 'int unsigned',
  BIGINT: 'bigint',
  UBIGINT: 'bigint unsigned',
  FLOAT: 'float',
  DOUBLE: 'double',
  DATE: 'date',
  TIMESTAMP: 'datetime or timestamp',
  VARCHAR: 'text',
};

/**
 * The closest type to the declared one that the server reports for a query's column: its protocol does not have a name
 * for every type.
 */
export function mysqlTypeName({
  clientType,
  charset,
  decimal,
  wideDecimal,
  isTime,
}: Omit<MysqlColumn, 'name' | 'sourceType'>): string {
  if (wideDecimal) return 'decimal beyond 38 digits';
  if (decimal) return `decimal(${decimal.precision},${decimal.scale})`;
  if (isTime) return 'time';
  if (clientType === 'BLOB') return charset === 'binary' ? 'binary, bit or geometry' : 'text';
  if (clientType === 'VARCHAR' && charset === 'binary') return 'binary';
  if (clientType === 'BOOLEAN') return 'bit(1) or tinyint(1)';
  return sourceNames[clientType] ?? clientType.toLowerCase();
}

function planDecimal(
  column: MysqlColumn,
  decimal: { precision: number; scale: number },
  reference: string,
): ColumnPlan {
  const { name, sourceType, clientType } = column;
  const type = `DECIMAL(${decimal.precision},${decimal.scale})`;
  // The client reads up to 18 digits fast and as declared. It miscounts the digits of unsigned columns and of those
  // without decimals, and decodes longer ones slowly.
  if (type === clientType && decimal.precision <= 18) return { name, sourceType, type };
  return {
    name,
    sourceType,
    type,
    atSource: `CAST(${reference} AS CHAR)`,
    companion: `${reference} IS NOT NULL`,
    inDuckdb: (value, given, refuse) => {
      const number = decimalFromText(value, decimal);
      return `CASE WHEN ${given} AND ${number} IS NULL THEN ${refuse} ELSE ${number} END`;
    },
    refusal: {
      values: `a number that is not a ${type.toLowerCase()}`,
      hint: `Write CAST(${quoteMysqlName(name)} AS CHAR) AS ${quoteMysqlName(name)} in the query.`,
    },
  };
}

/** Whether its day exists in its month, which a server with ALLOW_INVALID_DATES does not ask; NULL for no date, or month 0. */
const hasItsDay = (date: string) => `DAYOFMONTH(${date}) BETWEEN 1 AND DAYOFMONTH(LAST_DAY(${date}))`;

/**
 * The text of a column that `columns:` asks for, of any length: instead of one longer than max_allowed_packet, MariaDB
 * gives NULL for most of what is computed, with a warning that nobody sees.
 */
export const longText = (reference: string, name: string): TextPlan => ({
  atSource: `CONVERT(${reference} USING utf8mb4)`,
  companion: `${reference} IS NOT NULL`,
  inDuckdb: (value, given, refuse) =>
    `CASE WHEN ${given} AND ${value} IS NULL THEN ${refuse} ELSE decode(encode(${value})) END`,
  refusal: {
    values: 'bytes that are not text, or more text than max_allowed_packet of the source allows',
    hint: `Leave out columns: { ${name}: text } if the column is text anyway; bytes: HEX(${quoteMysqlName(name)}) AS ${quoteMysqlName(name)} in the query.`,
  },
});

/**
 * Bytes that are computed, which the client takes for text, while MariaDB writes a question mark for each that is none.
 * Of more than max_allowed_packet, the server makes NULL.
 */
function planBytes({ name, sourceType }: MysqlColumn, reference: string): ColumnPlan {
  return {
    name,
    sourceType,
    type: 'BLOB',
    atSource: `HEX(${reference})`,
    companion: `${reference} IS NOT NULL`,
    inDuckdb: (value, given, refuse) =>
      `CASE WHEN ${given} AND ${value} IS NULL THEN ${refuse} ELSE unhex(${value}) END`,
    refusal: {
      values: 'more bytes than half of max_allowed_packet of the source',
      hint: 'Raise max_allowed_packet, or select the column itself instead of what is computed from it.',
    },
    reason: 'computed bytes, which the client takes for text',
  };
}

/** How a column of a MySQL or MariaDB query is written without losing anything. */
function planExactly(column: MysqlColumn, reference: string): ColumnPlan {
  const { name, sourceType, clientType, decimal } = column;
  const kept = {
    name,
    sourceType,
    type: clientType,
    ...(column.mayBeCutOff ? { mayBeCutOff: true } : {}),
  };
  if (isWide(column)) {
    return {
      ...kept,
      type: 'VARCHAR',
      numberAsText: true,
      atSource: `CAST(${reference} AS CHAR)`,
      reason: 'no decimal type holds more than 38 digits; text is exact',
    };
  }
  if (decimal) return planDecimal(column, decimal, reference);
  if (clientType === 'BLOB' && column.charset !== 'binary') {
    return {
      ...kept,
      type: 'VARCHAR',
      atSource: `CONVERT(${reference} USING utf8mb4)`,
      reason: 'text, although its collation makes the client treat it as bytes',
    };
  }
  // The client omits zeros at the end of a fraction, which the server prints.
  if (column.isTime) return { ...kept, atSource: `CAST(${reference} AS CHAR)` };
  if (clientType === 'VARCHAR' && column.charset === 'binary') return planBytes(column, reference);
  if (clientType === 'DATE' || clientType === 'TIMESTAMP') {
    return {
      ...kept,
      // Of 0000-00-00 and a month or day 0, the client makes NULL. On 2024-02-31 it fails.
      companion: `${reference} IS NOT NULL`,
      inDuckdb: (value, given, refuse) =>
        `CASE WHEN ${given} AND ${value} IS NULL THEN ${refuse} ELSE ${value} END`,
      violation: `(${reference} IS NOT NULL AND (${hasItsDay(reference)}) IS NOT TRUE)`,
      refusal: {
        values: 'an invalid date (0000-00-00, a month or day 0, or a day that does not exist in its month)',
        hint: `Write IF(${quoteMysqlName(name)} = 0, NULL, ${quoteMysqlName(name)}) AS ${quoteMysqlName(name)} in the query to get NULL, or columns: { ${name}: text } to keep them as text.`,
      },
    };
  }
  return kept;
}

const isWide = ({ wideDecimal, decimal }: MysqlColumn) =>
  wideDecimal || (decimal !== undefined && decimal.precision > MAX_DECIMAL_DIGITS);

function lossOf(column: MysqlColumn): ColumnPlan['loss'] {
  const { clientType } = column;
  if (isWide(column)) return { always: true, text: 'written as DOUBLE: about 15 digits are kept' };
  if (clientType === 'BOOLEAN')
    return { always: false, text: 'a tinyint(1) other than 0 and 1 becomes true' };
  if (clientType === 'DATE') return { always: false, text: '0000-00-00 becomes NULL' };
  if (clientType === 'TIMESTAMP') {
    return {
      always: false,
      text: "0000-00-00 becomes NULL, and a timestamp is written in the server's time zone",
    };
  }
  return undefined;
}

/** Decides how a column of a MySQL or MariaDB query is written. */
export function planMysqlColumn(column: MysqlColumn, { mode, reference }: PlanRequest): ColumnPlan {
  const { name, sourceType, clientType } = column;
  const exact = planExactly(column, reference);
  if (mode === 'exact') return exact;
  const loss = lossOf(column);
  // Where nothing is lost, the exact form equals the connector's, which read tables and so avoided the client's errors
  // with queries.
  if (!loss) return exact;
  if (!isWide(column)) return { name, sourceType, type: clientType, loss, reason: loss.text };
  // Through text, because the client may describe a column of 39 digits as one of 38.
  return {
    name,
    sourceType,
    type: 'DOUBLE',
    atSource: `CAST(${reference} AS CHAR)`,
    inDuckdb: (value) => `CAST(${value} AS DOUBLE)`,
    loss,
    reason: loss.text,
  };
}
