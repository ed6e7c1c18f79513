/**
 * The form in which the values of a column are compared. Two values are the same when DuckDB considers their forms
 * equal: NULL equals NULL, NaN equals NaN, and -0.0 equals 0.0, as in every database. Text is compared byte by byte:
 * 'a' differs from 'a ', and an ü of one code point from an ü of two. BLOB, UUID and DECIMAL are compared as they are.
 *
 * INTERVAL, LIST, STRUCT, MAP and rarer types are compared by the text that DuckDB makes of them, which is one-to-one:
 * '1 month' differs from '30 days' (DuckDB's own comparison calls these equal), the order of a MAP counts, and so does
 * the sign of -0.0 inside these.
 */
export interface ValueForm {
  /** How the values are compared, for people: `value` when both types are the same and nothing is converted. */
  comparedAs: string;
  /** DuckDB's type of the form. */
  type: string;
  /** SQL for the form of a column of A; `column` is the SQL for its value. */
  ofA: (column: string) => string;
  ofB: (column: string) => string;
  /**
   * For a form in binary floating point: the share of a value below which a difference is only rounding in the last
   * digits. DuckDB's Postgres scanner is one such step away from the nearest DOUBLE for a third of all numerics with
   * more than 15 digits.
   */
  rounding?: number;
}

/** What the forms need in the session: one spelling for numbers in text. */
export const FORM_MACROS = [
  // 15e-1 → 1.5, padded with zeros on both sides. At most three digits of exponent, because RE2 repeats no more than a
  // thousand times.
  `CREATE MACRO ferry_shift(padded, exponent) AS
     CASE WHEN exponent < 0 THEN regexp_replace(padded, '([0-9]{' || -exponent || '})\\.', '.\\1')
     ELSE regexp_replace(padded, '\\.([0-9]{' || exponent || '})', '\\1.') END`,
  `CREATE MACRO ferry_without_exponent(t) AS
     CASE WHEN regexp_full_match(t, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)[eE][+-]?[0-9]{1,3}') THEN ferry_shift(
       regexp_replace(t, '^([+-]?)([0-9]*)\\.?([0-9]*).*$', '\\1' || repeat('0', 999) || '\\2.\\3' || repeat('0', 999)),
       CAST(regexp_extract(t, '[+-]?[0-9]+$') AS INTEGER))
     ELSE t END`,
  // +01.50, 1.5, 15e-1 → 1.5 and 7, 7.0 → 7. (always with a point). Text that is not a number stays as it is, and so
  // equals no number.
  `CREATE MACRO ferry_exact_text(t) AS
     regexp_replace(regexp_replace(regexp_replace(ferry_without_exponent(t),
       '^([+-]?)\\.([0-9])', '\\10.\\2'),
       '^(?:\\+|(-?))0*([0-9]+)(?:\\.([0-9]*?)0*)?$', '\\1\\2.\\3'),
       '^-0\\.$', '0.')`,
  // Adding 0.0 would turn -0.0 into 0.0, but an optimizer may drop the addition.
  "CREATE MACRO ferry_float_text(x) AS CASE WHEN x = 0 THEN '0' ELSE CAST(x AS VARCHAR) END",
];

const NUMBER_OR_WORD = '(?i)[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)(e[+-]?[0-9]+)?|nan|[+-]?inf(inity)?';

const WHOLE_DIGITS: Readonly<Record<string, number>> = {
  TINYINT: 3,
  UTINYINT: 3,
  SMALLINT: 5,
  USMALLINT: 5,
  INTEGER: 10,
  UINTEGER: 10,
  BIGINT: 19,
  UBIGINT: 20,
  HUGEINT: 39,
  UHUGEINT: 39,
};
const ROUNDING: Readonly<Record<string, number>> = { FLOAT: 1e-6, DOUBLE: 1e-15 };
const MOMENTS = /^(DATE|TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?)$/;
const TIMES = /^TIME( WITH TIME ZONE)?$/;
const COMPARED_BY_VALUE =
  /^(BOOLEAN|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|VARCHAR|BLOB|UUID|DATE|TIME.*)$/;

const MAX_DIGITS = 38;

/** One of the forms below, before it is known which side has which type. */
interface Conversion {
  comparedAs: string;
  type: string;
  /** SQL for a value of the given type. */
  convert: (column: string, type: string) => string;
  rounding?: number;
}

/**
 * Chooses the form for a column that has these two types. Where they differ, the values are compared
 *
 * - as exact numbers, when both types are exact (integers and DECIMAL of any scale);
 * - as the nearest DOUBLE or FLOAT, when one of them is that and the other an exact number; FLOAT and DOUBLE as DOUBLE;
 * - text and numbers as the number's type, where the text is a number (digits, point, sign, exponent; next to floating
 *   point also NaN and Infinity; no blanks); other text differs from every number;
 * - BOOLEAN and integers as 0 and 1;
 * - DATE (its midnight) and the kinds of TIMESTAMP as moments in UTC, where a TIMESTAMP without zone counts as UTC;
 *   TIME likewise;
 * - VARCHAR and BLOB as UTF-8 bytes;
 * - anything else as DuckDB's text.
 */
export function chooseForm(typeA: string, typeB: string): ValueForm {
  const { convert, ...form } =
    sameType(typeA, typeB) ??
    exactNumbers(typeA, typeB) ??
    floatingPoint(typeA, typeB) ??
    numberAndText(typeA, typeB) ??
    numberAndText(typeB, typeA) ??
    truthAndInteger(typeA, typeB) ??
    momentsOrTimes(typeA, typeB) ??
    textAndBytes(typeA, typeB) ??
    asText;
  return { ...form, ofA: (column) => convert(column, typeA), ofB: (column) => convert(column, typeB) };
}

const cast = (column: string, type: string) => `CAST(${column} AS ${type})`;

const asText: Conversion = {
  comparedAs: 'text',
  type: 'VARCHAR',
  convert: (column) => cast(column, 'VARCHAR'),
};

function sameType(a: string, b: string): Conversion | undefined {
  if (a !== b) return undefined;
  if (!COMPARED_BY_VALUE.test(a)) return asText;
  return { comparedAs: 'value', type: a, convert: (column) => column, ...roundingOf(a) };
}

function exactNumbers(a: string, b: string): Conversion | undefined {
  const [digitsA, digitsB] = [digitsOf(a), digitsOf(b)];
  if (!digitsA || !digitsB) return undefined;
  const scale = Math.max(digitsA.scale, digitsB.scale);
  const width = Math.max(digitsA.whole, digitsB.whole) + scale;
  const comparedAs = 'exact number';
  if (width > MAX_DIGITS) return { comparedAs, type: 'VARCHAR', convert: exactText };
  const type = `DECIMAL(${width},${scale})`;
  return { comparedAs, type, convert: (column) => cast(column, type) };
}

function floatingPoint(a: string, b: string): Conversion | undefined {
  if (!isFloating(a) && !isFloating(b)) return undefined;
  const type = isFloating(a) && isFloating(b) ? 'DOUBLE' : isFloating(a) ? a : b;
  if (![a, b].every((each) => isFloating(each) || digitsOf(each))) return undefined;
  return {
    comparedAs: type,
    type,
    // Through text: DuckDB divides a DECIMAL in floating point, which sometimes misses the nearest value.
    convert: (column, own) => (isFloating(own) ? cast(column, type) : cast(cast(column, 'VARCHAR'), type)),
    ...roundingOf(type),
  };
}

function numberAndText(number: string, text: string): Conversion | undefined {
  if (text !== 'VARCHAR') return undefined;
  if (digitsOf(number)) return { comparedAs: 'exact number', type: 'VARCHAR', convert: exactText };
  if (!isFloating(number)) return undefined;
  return {
    comparedAs: number,
    type: 'VARCHAR',
    convert: (column, own) =>
      own === number
        ? `ferry_float_text(${column})`
        : `CASE WHEN regexp_full_match(${column}, '${NUMBER_OR_WORD}')
             THEN coalesce(ferry_float_text(TRY_CAST(${column} AS ${number})), ${column}) ELSE ${column} END`,
    ...roundingOf(number),
  };
}

function truthAndInteger(a: string, b: string): Conversion | undefined {
  const other = a === 'BOOLEAN' ? b : b === 'BOOLEAN' ? a : undefined;
  if (other === undefined || WHOLE_DIGITS[other] === undefined) return undefined;
  return {
    comparedAs: 'integer',
    type: other,
    convert: (column) => cast(column, other),
  };
}

function momentsOrTimes(a: string, b: string): Conversion | undefined {
  if (TIMES.test(a) && TIMES.test(b))
    return { comparedAs: 'TIME in UTC', type: 'TIME', convert: (column) => cast(column, 'TIME') };
  if (!MOMENTS.test(a) || !MOMENTS.test(b)) return undefined;
  return {
    comparedAs: 'TIMESTAMP in UTC',
    // As text, which has room for nanoseconds and also for years outside the range of TIMESTAMP_NS.
    type: 'VARCHAR',
    convert: (column, own) =>
      own === 'TIMESTAMP_NS'
        ? cast(column, 'VARCHAR')
        : `coalesce(CAST(TRY_CAST(${column} AS TIMESTAMP) AS VARCHAR), CAST(${column} AS VARCHAR))`,
  };
}

function textAndBytes(a: string, b: string): Conversion | undefined {
  if (![a, b].includes('VARCHAR') || ![a, b].includes('BLOB')) return undefined;
  return {
    comparedAs: 'bytes',
    type: 'BLOB',
    convert: (column, own) => (own === 'BLOB' ? column : `encode(${column})`),
  };
}

/** An exact number, or text, in the spelling of `ferry_exact_text`. */
function exactText(column: string, type: string): string {
  const digits = digitsOf(type);
  if (!digits) return `ferry_exact_text(${column})`;
  return digits.scale > 0 ? `rtrim(${cast(column, 'VARCHAR')}, '0')` : `${cast(column, 'VARCHAR')} || '.'`;
}

const isFloating = (type: string) => ROUNDING[type] !== undefined;

function roundingOf(type: string): { rounding?: number } {
  const rounding = ROUNDING[type];
  return rounding === undefined ? {} : { rounding };
}

/** Digits before and after the point of an exact numeric type. */
function digitsOf(type: string): { whole: number; scale: number } | undefined {
  const [, width, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (width !== undefined) return { whole: Number(width) - Number(scale), scale: Number(scale) };
  const whole = WHOLE_DIGITS[type];
  return whole === undefined ? undefined : { whole, scale: 0 };
}
