import {
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import { quoteLiteral } from '../../duckdb/sql-text.ts';

/** How a value of some type appears in a CSV file; docs/types.md ("As CSV") explains this to people. */
export interface CsvForm {
  /** DuckDB SQL for the value's text; NULL stays NULL. */
  text: string;
  /**
   * Readers take it as text, and it is in quotes: what looks like a number, or like a word for NULL, stays what it is.
   */
  quoted: boolean;
  /** Values without a form, after "holds". */
  refused?: string;
}

// ISO 8601 has four digits for a year unless both sides agree on more, and 0001 is the first year that readers know.
const FAR_DATES = 'a date before the year 1, after 9999 or infinite';

const asText = (value: string) => `CAST(${value} AS VARCHAR)`;

const withinIso = (value: string, type: string, refuse: string, text: string) =>
  `CASE WHEN ${value} < ${type} '0001-01-01' OR ${value} >= ${type} '10000-01-01' THEN ${refuse} ELSE ${text} END`;

/**
 * Enough digits to read the same number again, and Postgres's words for values that are not numbers, which other
 * readers know too.
 */
const float = (value: string) =>
  `CASE WHEN isnan(${value}) THEN 'NaN' WHEN isinf(${value}) THEN CASE WHEN ${value} > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE ${asText(value)} END`;

/**
 * The form of a column or part of one.
 *
 * @param value DuckDB SQL of the value, named more than once
 * @param refuse DuckDB SQL that fails the statement
 * @returns undefined when the type has none
 */
export function csvFormOf(value: string, type: DuckDBType, refuse: string): CsvForm | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.UHUGEINT:
    case DuckDBTypeId.DECIMAL:
    case DuckDBTypeId.TIME:
    case DuckDBTypeId.TIME_NS:
    case DuckDBTypeId.TIME_TZ:
    case DuckDBTypeId.UUID:
      return { text: asText(value), quoted: false };
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return { text: float(value), quoted: false };
    case DuckDBTypeId.DATE:
      return { text: withinIso(value, 'DATE', refuse, asText(value)), quoted: false, refused: FAR_DATES };
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
      return {
        // Nanoseconds have a smaller range than the limits they would be compared with.
        text: withinIso(
          `CAST(${value} AS TIMESTAMP)`,
          'TIMESTAMP',
          refuse,
          `replace(${asText(value)}, ' ', 'T')`,
        ),
        quoted: false,
        refused: FAR_DATES,
      };
    case DuckDBTypeId.TIMESTAMP_TZ: {
      // The session's zone is UTC, so this is its clock.
      const utc = `CAST(${value} AS TIMESTAMP)`;
      return {
        text: withinIso(utc, 'TIMESTAMP', refuse, `replace(${asText(utc)}, ' ', 'T') || 'Z'`),
        quoted: false,
        refused: FAR_DATES,
      };
    }
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.ENUM:
    case DuckDBTypeId.INTERVAL:
      return { text: asText(value), quoted: true };
    case DuckDBTypeId.BLOB:
      // Plain hexadecimal digits may look like a number: 12, 1e5.
      return { text: `'\\x' || lower(hex(${value}))`, quoted: true };
    default: {
      const json = nestedJson(value, type, refuse, 0);
      return json && { ...json, quoted: true };
    }
  }
}

/** JSON text of a list, struct or map; `depth` distinguishes the names of its parameters. */
function nestedJson(
  value: string,
  type: DuckDBType,
  refuse: string,
  depth: number,
): Omit<CsvForm, 'quoted'> | undefined {
  if (type instanceof DuckDBListType) {
    const item = `item${depth}`;
    const form = jsonOf(item, type.valueType, refuse, depth + 1);
    return (
      form && {
        ...form,
        text: `'[' || array_to_string(list_transform(${value}, lambda ${item}: ${form.text}), ',') || ']'`,
      }
    );
  }
  if (type instanceof DuckDBMapType) {
    // A key may have any type; a name in JSON may not.
    const entries = new DuckDBListType(
      new DuckDBStructType(['key', 'value'], [type.keyType, type.valueType]),
    );
    return nestedJson(`map_entries(${value})`, entries, refuse, depth);
  }
  if (!(type instanceof DuckDBStructType)) return undefined;
  const fields: string[] = [];
  let refused: string | undefined;
  for (const [index, name] of type.entryNames.entries()) {
    const fieldType = type.entryTypes[index];
    const form =
      fieldType && jsonOf(`struct_extract(${value}, ${quoteLiteral(name)})`, fieldType, refuse, depth + 1);
    if (!form) return undefined;
    refused ??= form.refused;
    fields.push(`${quoteLiteral(`${JSON.stringify(name)}:`)} || ${form.text}`);
  }
  const text = `CASE WHEN ${value} IS NOT NULL THEN '{' || ${fields.join(" || ',' || ")} || '}' END`;
  return refused === undefined ? { text } : { text, refused };
}

/** JSON text of an element of a list or struct; never NULL. */
function jsonOf(
  value: string,
  type: DuckDBType,
  refuse: string,
  depth: number,
): Omit<CsvForm, 'quoted'> | undefined {
  const nested = nestedJson(value, type, refuse, depth);
  const form = nested ?? csvFormOf(value, type, refuse);
  if (!form) return undefined;
  const text = nested || isJsonNumber(type) ? form.text : `CAST(to_json(${form.text}) AS VARCHAR)`;
  return { ...form, text: `COALESCE(${orNumber(value, type, text)}, 'null')` };
}

function isJsonNumber(type: DuckDBType): boolean {
  return [
    DuckDBTypeId.DECIMAL,
    DuckDBTypeId.BOOLEAN,
    DuckDBTypeId.TINYINT,
    DuckDBTypeId.SMALLINT,
    DuckDBTypeId.INTEGER,
    DuckDBTypeId.BIGINT,
    DuckDBTypeId.HUGEINT,
    DuckDBTypeId.UTINYINT,
    DuckDBTypeId.USMALLINT,
    DuckDBTypeId.UINTEGER,
    DuckDBTypeId.UBIGINT,
    DuckDBTypeId.UHUGEINT,
  ].includes(type.typeId);
}

/** JSON has no number for NaN and Infinity, so they become text, as in Postgres's to_json. */
function orNumber(value: string, type: DuckDBType, text: string): string {
  if (type.typeId !== DuckDBTypeId.FLOAT && type.typeId !== DuckDBTypeId.DOUBLE) return text;
  return `CASE WHEN isfinite(${value}) THEN ${asText(value)} ELSE ${text} END`;
}
