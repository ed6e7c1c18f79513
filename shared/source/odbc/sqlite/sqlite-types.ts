import type { ColumnPlan, Refusal } from '../../column-plan.ts';

/** What a column's declared type asks of its values. SQLite itself accepts any value in most columns. */
type Kind = 'integer' | 'double' | 'text' | 'bytes' | 'boolean' | 'date' | 'timestamp' | 'time' | 'any';

/**
 * The kind that a declared type stands for: by its name where that is a promise, else by SQLite's own rules
 * (https://www.sqlite.org/datatype3.html, 3.1).
 *
 * @param declared as in CREATE TABLE; empty for a column that is computed
 */
function kindOf(declared: string): Kind {
  const type = declared.toUpperCase().trim();
  if (/^BOOL(EAN)?$/.test(type)) return 'boolean';
  if (type === 'DATE') return 'date';
  if (/^(DATETIME|TIMESTAMP)(\s*\(\d+\))?$/.test(type)) return 'timestamp';
  if (/^TIME(\s*\(\d+\))?$/.test(type)) return 'time';
  if (type.includes('INT')) return 'integer';
  if (/CHAR|CLOB|TEXT/.test(type)) return 'text';
  if (type.includes('BLOB')) return 'bytes';
  if (/REAL|FLOA|DOUB|^(DECIMAL|NUMERIC)\b/.test(type)) return 'double';
  return 'any';
}

/** The source's SQL for a name. */
export const quoteSqliteName = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** More digits than any number of 64 bits needs to be told from its neighbours. */
const DIGITS = '%!.20g';

/** The source's SQL for a number as text, with all its digits. */
export const printedReal = (value: string) => `printf('${DIGITS}', ${value})`;

/**
 * The source's SQL for what is sent of a value: its storage class as one letter, then digits, or bytes in hexadecimal.
 * Nothing else arrives as it is: the driver ends a text at a zero byte, and reads what is no UTF-8 as something else.
 */
const sent = (value: string) =>
  `CASE typeof(${value}) WHEN 'integer' THEN 'i' || ${value} WHEN 'real' THEN 'r' || ${printedReal(value)}
    WHEN 'text' THEN 't' || hex(${value}) WHEN 'blob' THEN 'b' || hex(${value}) END`;

/** DuckDB SQL for the parts of what was sent. */
const digits = (value: string) => `substr(${value}, 2)`;
const bytes = (value: string) => `unhex(substr(${value}, 2))`;
/** NULL for bytes that are no UTF-8. */
const text = (value: string) => `TRY(decode(${bytes(value)}))`;
const is = (value: string, storage: 'i' | 'r' | 't' | 'b') => `starts_with(${value}, '${storage}')`;

/** A text in this form, as another type; NULL if it is another one, or a moment that does not exist. */
const formed = (value: string, pattern: string, type: string) =>
  `CASE WHEN regexp_full_match(${text(value)}, '${pattern}') THEN TRY_CAST(${text(value)} AS ${type}) END`;

const DAY = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?';

/** Integers up to here are numbers of 64 bits with a point, too. */
const EXACT_IN_DOUBLE = 2 ** 53;

interface Form {
  type: string;
  /** DuckDB SQL for a value that is not NULL; NULL if the column cannot hold it. */
  read: (value: string) => string;
  refused: string;
  hint: (name: string) => string;
}

const asTextInstead = (name: string) => `columns: { ${name}: text } keeps all but bytes as they are`;
const inQuery = (name: string, how: string) =>
  `Write ${how} AS ${quoteSqliteName(name)} in the query; ${asTextInstead(name)}.`;

const forms: Readonly<Record<Kind, Form>> = {
  integer: {
    type: 'BIGINT',
    read: (value) => `CASE WHEN ${is(value, 'i')} THEN TRY_CAST(${digits(value)} AS BIGINT) END`,
    refused: 'a value that is not an integer',
    hint: (name) => inQuery(name, `CAST(${quoteSqliteName(name)} AS INTEGER)`),
  },
  double: {
    type: 'DOUBLE',
    read: (value) =>
      `CASE WHEN ${is(value, 'r')} OR (${is(value, 'i')} AND TRY_CAST(${digits(value)} AS BIGINT) BETWEEN -${EXACT_IN_DOUBLE} AND ${EXACT_IN_DOUBLE})
        THEN TRY_CAST(${digits(value)} AS DOUBLE) END`,
    refused: 'text, bytes, or an integer beyond 2^53',
    hint: (name) => inQuery(name, `CAST(${quoteSqliteName(name)} AS REAL)`),
  },
  text: {
    type: 'VARCHAR',
    read: (value) => `CASE WHEN ${is(value, 't')} THEN ${text(value)} END`,
    refused: 'a value that is not text, or not in UTF-8',
    hint: (name) =>
      `Write hex(${quoteSqliteName(name)}) AS ${quoteSqliteName(name)} in the query to read bytes.`,
  },
  bytes: {
    type: 'BLOB',
    read: (value) => `CASE WHEN ${is(value, 'b')} THEN ${bytes(value)} END`,
    refused: 'a value that is not bytes',
    hint: (name) => `Write CAST(${quoteSqliteName(name)} AS BLOB) AS ${quoteSqliteName(name)} in the query.`,
  },
  boolean: {
    type: 'BOOLEAN',
    read: (value) => `CASE ${value} WHEN 'i1' THEN true WHEN 'i0' THEN false END`,
    refused: 'a value other than 0 and 1',
    hint: (name) => inQuery(name, `${quoteSqliteName(name)} <> 0`),
  },
  date: {
    type: 'DATE',
    read: (value) => `CASE WHEN ${is(value, 't')} THEN ${formed(value, DAY, 'DATE')} END`,
    refused: 'something other than a day in the form 2024-12-31',
    hint: (name) => inQuery(name, `date(${quoteSqliteName(name)}, 'unixepoch')`),
  },
  timestamp: {
    type: 'TIMESTAMP',
    read: (value) =>
      `CASE WHEN ${is(value, 't')} THEN ${formed(value, `${DAY}[ T]${CLOCK}`, 'TIMESTAMP')} END`,
    refused: 'something other than a moment in the form 2024-12-31 23:59:59, with up to six decimals',
    hint: (name) => inQuery(name, `datetime(${quoteSqliteName(name)}, 'unixepoch')`),
  },
  time: {
    type: 'TIME',
    read: (value) => `CASE WHEN ${is(value, 't')} THEN ${formed(value, CLOCK, 'TIME')} END`,
    refused: 'something other than a time in the form 23:59:59, with up to six decimals',
    hint: (name) => inQuery(name, `time(${quoteSqliteName(name)}, 'unixepoch')`),
  },
  any: {
    type: 'VARCHAR',
    // The shortest digits that mean the same number.
    read: (value) =>
      `CASE WHEN ${is(value, 't')} THEN ${text(value)} WHEN ${is(value, 'i')} THEN ${digits(value)}
        WHEN ${is(value, 'r')} THEN CAST(TRY_CAST(${digits(value)} AS DOUBLE) AS VARCHAR) END`,
    refused: 'bytes, or text that is not in UTF-8',
    hint: (name) => `Write hex(${quoteSqliteName(name)}) AS ${quoteSqliteName(name)} in the query.`,
  },
};

/** How a value travels and becomes one of a form. */
function carry(
  form: Form,
  name: string,
  reference: string,
): Required<Pick<ColumnPlan, 'atSource' | 'inDuckdb'>> & { refusal: Refusal } {
  return {
    atSource: sent(reference),
    inDuckdb: (value, _companion, refuse) =>
      `CASE WHEN ${value} IS NULL THEN NULL ELSE COALESCE(${form.read(value)}, ${refuse}) END`,
    refusal: { values: form.refused, hint: form.hint(name) },
  };
}

/** How a column is written as text, whatever it holds. */
export function planSqliteText(name: string, reference: string): ReturnType<typeof carry> {
  return carry(forms.any, name, reference);
}

/** How a column of an SQLite query is written without losing anything. */
export function planSqliteColumn(
  { name, declared }: { name: string; declared: string },
  reference: string,
): ColumnPlan {
  const kind = kindOf(declared);
  const form = forms[kind];
  const isComputed = declared.trim() === '';
  return {
    name,
    sourceType: isComputed ? 'no declared type' : declared,
    type: form.type,
    ...(kind === 'any' ? { numberAsText: true } : {}),
    ...(kind === 'any'
      ? {
          reason: isComputed
            ? 'SQLite gives a computed column no type: text is exact; columns: makes it a number'
            : 'any value may be in it: text is exact',
        }
      : {}),
    ...carry(form, name, reference),
  };
}

/** Whether numbers with a point may be among a column's values. */
export const mayHoldReals = (declared: string) => ['double', 'any'].includes(kindOf(declared));
