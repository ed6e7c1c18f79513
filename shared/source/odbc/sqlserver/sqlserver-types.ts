import type { ColumnPlan, TextPlan } from '../../column-plan.ts';
import { carriedAsText } from '../carry-text.ts';

/** A column as the server describes it: sys.dm_exec_describe_first_result_set. */
export interface SqlServerColumn {
  name: string;
  /** Such as `decimal(10,2)`, `nvarchar(max)`. */
  declared: string;
}

/** A name for the source's SQL: https://learn.microsoft.com/sql/t-sql/functions/quotename-transact-sql */
export const quoteSqlServerName = (name: string) => `[${name.replaceAll(']', ']]')}]`;

/** A text for the source's SQL. */
export const quoteSqlServerText = (text: string) => `N'${text.replaceAll("'", "''")}'`;

const integers: Readonly<Record<string, string>> = {
  bigint: 'BIGINT',
  int: 'INTEGER',
  smallint: 'SMALLINT',
  // It has no sign.
  tinyint: 'UTINYINT',
};

/** Styles of CONVERT: https://learn.microsoft.com/sql/t-sql/functions/cast-and-convert-transact-sql */
const LOSSLESS_FLOAT = 3;
const HEX = 2;
const ODBC_TIMESTAMP = 121;

const asVarchar = (value: string, style?: number) =>
  `CONVERT(varchar(max), ${value}${style === undefined ? '' : `, ${style}`})`;
const hexOf = (value: string) => asVarchar(`CONVERT(varbinary(max), ${value})`, HEX);

/** Letters of UTF-16, low byte first, as the digits of their bytes: a driver converts text by its own rules. */
const hexOfText = (value: string) => hexOf(`CONVERT(nvarchar(max), ${value})`);
/** DuckDB SQL for a text from those digits, in a time that grows with its length; NULL for half a letter. */
const textOfHex = (value: string) =>
  `CASE WHEN length(${value}) % 4 = 0 THEN regexp_replace(${value}, '(..)(..)', '\\\\u\\2\\1', 'g') END`;
/** The same with the escapes read, as JSON has them. */
export const textOfUtf16 = (value: string) =>
  `TRY(json_extract_string('"' || ${textOfHex(value)} || '"', '$'))`;

const refusedText = (name: string) => ({
  values: 'half a letter of UTF-16',
  hint: `Write CONVERT(varbinary(max), ${quoteSqlServerName(name)}) AS ${quoteSqlServerName(name)} in the query to read bytes.`,
});

/** How any value is sent as text. */
export function sqlServerText(value: string, name: string): TextPlan {
  return {
    atSource: hexOfText(value),
    inDuckdb: (sent, _companion, refuse) =>
      `CASE WHEN ${sent} IS NULL THEN NULL ELSE COALESCE(${textOfUtf16(sent)}, ${refuse}) END`,
    refusal: refusedText(name),
  };
}

/** A moment by its digits: seven decimals, of which a file has six. */
function planMoment(plan: ColumnPlan, atSource: string): ColumnPlan {
  const { type, name } = plan;
  const made = (value: string) =>
    `CASE WHEN NOT regexp_matches(${value}, '[.][0-9]{6}[1-9]') THEN TRY_CAST(regexp_replace(${value}, '([.][0-9]{6})0', '\\1') AS ${type}) END`;
  return {
    ...plan,
    atSource,
    inDuckdb: (value, _companion, refuse) =>
      `CASE WHEN ${value} IS NULL THEN NULL ELSE COALESCE(${made(value)}, ${refuse}) END`,
    refusal: {
      values: 'a moment with more than six decimals',
      hint: `Write CONVERT(${type === 'TIME' ? 'time(6)' : type === 'TIMESTAMP' ? 'datetime2(6)' : 'datetimeoffset(6)'}, ${quoteSqlServerName(name)}) AS ${quoteSqlServerName(name)} in the query, which rounds, or columns: { ${name}: text }.`,
    },
  };
}

/**
 * How a column of a query to SQL Server is written. From the documentation of the server only: no SQL Server was to be
 * had for the tests.
 * https://learn.microsoft.com/sql/t-sql/data-types/data-types-transact-sql
 */
export function planSqlServerColumn({ name, declared }: SqlServerColumn, reference: string): ColumnPlan {
  const plan = { name, sourceType: declared, type: 'VARCHAR' };
  const base = /^[a-z0-9_ ]+/i.exec(declared)?.[0].toLowerCase() ?? '';
  const integer = integers[base];
  if (integer !== undefined) return carriedAsText({ ...plan, type: integer }, asVarchar(reference));
  const decimal = /^(?:decimal|numeric)\((\d+),(\d+)\)$/.exec(declared);
  if (decimal) {
    const type = `DECIMAL(${decimal[1]},${decimal[2]})`;
    return carriedAsText({ ...plan, type }, asVarchar(reference));
  }
  switch (base) {
    case 'bit':
      return carriedAsText({ ...plan, type: 'BOOLEAN' }, asVarchar(reference));
    case 'money':
      return carriedAsText(
        { ...plan, type: 'DECIMAL(19,4)' },
        asVarchar(`CONVERT(decimal(19,4), ${reference})`),
      );
    case 'smallmoney':
      return carriedAsText(
        { ...plan, type: 'DECIMAL(10,4)' },
        asVarchar(`CONVERT(decimal(10,4), ${reference})`),
      );
    case 'float':
      return carriedAsText({ ...plan, type: 'DOUBLE' }, asVarchar(reference, LOSSLESS_FLOAT));
    case 'real':
      return carriedAsText({ ...plan, type: 'FLOAT' }, asVarchar(reference, LOSSLESS_FLOAT));
    case 'date':
      return carriedAsText({ ...plan, type: 'DATE' }, asVarchar(`DATEDIFF(day, '19700101', ${reference})`));
    case 'datetime':
    case 'smalldatetime':
    case 'datetime2':
      return planMoment(
        { ...plan, type: 'TIMESTAMP' },
        asVarchar(`CONVERT(datetime2(7), ${reference})`, ODBC_TIMESTAMP),
      );
    case 'datetimeoffset':
      return planMoment(
        { ...plan, type: 'TIMESTAMP WITH TIME ZONE' },
        `${asVarchar(`CONVERT(datetime2(7), SWITCHOFFSET(${reference}, 0))`, ODBC_TIMESTAMP)} + '+00'`,
      );
    case 'time':
      return planMoment(
        { ...plan, type: 'TIME' },
        asVarchar(`CONVERT(time(7), ${reference})`, ODBC_TIMESTAMP),
      );
    case 'binary':
    case 'varbinary':
    case 'image':
    case 'timestamp':
    case 'rowversion':
      return carriedAsText({ ...plan, type: 'BLOB' }, hexOf(reference));
    case 'uniqueidentifier':
      return carriedAsText({ ...plan, type: 'UUID' }, asVarchar(reference));
    default:
      // Text, xml, and whatever the server converts to text: sql_variant, hierarchyid, geography …
      return { ...plan, ...sqlServerText(reference, name) };
  }
}
