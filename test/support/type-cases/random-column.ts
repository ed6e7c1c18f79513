import fc from 'fast-check';

/** A column of a random table. */
export interface RandomColumn {
  /** As it is declared. */
  type: string;
  /** Values in the source's literal form; null is NULL. */
  values: (string | null)[];
  /** SQL of the source that prints a value; absent: its plain text. */
  print?: (value: string) => string;
  /** Brings what the source printed and what pyarrow read into one form. */
  normalize: (value: unknown) => unknown;
}

/** How the values of one type are made up. */
export interface RandomType {
  type: string;
  value: fc.Arbitrary<string>;
  print?: (value: string) => string;
  normalize?: (value: unknown) => unknown;
}

const asText = (value: unknown) => String(value);
const asNumber = (value: unknown) => {
  const number = Number(value);
  return Object.is(number, -0) ? '-0' : number;
};
/** `2024-01-31 12:00:00.5+00` and `2024-01-31T12:00:00.500000Z`; years before 1 as ISO 8601 counts them. */
const asMoment = (value: unknown) => {
  const [, sign, year = '', rest = '', bc] =
    /^(-?)(\d+)(-.*?)(?:Z|\+00)?( BC)?$/.exec(String(value).replace('T', ' ')) ?? [];
  const signed = bc ? 1 - Number(year) : Number(`${sign}${year}`);
  return `${signed}${rest.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')}`;
};

const int = (min: bigint, max: bigint) =>
  fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n)).map(String);
const pad = (value: number, length = 2) => String(value).padStart(length, '0');
const two = (max: number, min = 0) => fc.integer({ min, max }).map((value) => pad(value));
const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length });
const text = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter((value) => value.isWellFormed() && !value.includes('\0'));
const hex = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const clock = fc.tuple(two(23), two(59), two(59), digits(6)).map(([h, m, s, f]) => `${h}:${m}:${s}.${f}`);
const day = (first: number, last: number) =>
  fc
    .tuple(fc.integer({ min: first, max: last }), two(12, 1), two(28, 1))
    .map(([y, m, d]) => `${pad(y, 4)}-${m}-${d}`);
const float = fc.double({ noNaN: true, noDefaultInfinity: true, minExcluded: true, maxExcluded: true });

/** A decimal with all digits that it may have, or few. */
const decimal = (precision: number, scale: number) =>
  fc
    .tuple(fc.boolean(), fc.integer({ min: 0, max: precision - scale }), fc.integer({ min: 0, max: scale }))
    .chain(([negative, whole, fraction]) =>
      fc
        .tuple(digits(whole), digits(fraction))
        .map(([a, b]) => `${negative ? '-' : ''}${a || '0'}.${b || '0'}`),
    );

const timestamp = fc.tuple(day(1, 9999), clock).map(([date, time]) => `${date} ${time}`);

/** Types of Postgres. */
export const postgresRandomTypes: fc.Arbitrary<RandomType> = fc.oneof(
  fc.constantFrom<RandomType>(
    { type: 'boolean', value: fc.constantFrom('true', 'false') },
    { type: 'smallint', value: int(-32768n, 32767n) },
    { type: 'integer', value: int(-(2n ** 31n), 2n ** 31n - 1n) },
    { type: 'bigint', value: int(-(2n ** 63n), 2n ** 63n - 1n) },
    {
      type: 'double precision',
      value: fc.oneof(
        float.map((value) => (Object.is(value, -0) ? '-0' : String(value))),
        fc.constantFrom('NaN', 'Infinity', '-Infinity'),
      ),
      normalize: asNumber,
    },
    {
      type: 'real',
      value: fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
      print: (v) => `${v}::float8`,
      normalize: asNumber,
    },
    { type: 'numeric', value: fc.oneof(decimal(60, 30), fc.constantFrom('NaN', 'Infinity', '-Infinity')) },
    { type: 'text', value: text },
    { type: 'varchar(30)', value: text },
    { type: 'bytea', value: hex.map((value) => `\\x${value}`), print: (v) => `encode(${v}, 'hex')` },
    { type: 'uuid', value: fc.uuid() },
    {
      type: 'jsonb',
      value: fc.json({ noUnicodeString: false }).filter((value) => !/\\u0000|\\ud[89a-f]/i.test(value)),
    },
    {
      type: 'date',
      value: fc.oneof(
        day(1, 9999),
        day(1, 4713).map((value) => `${value} BC`),
        fc.constant('5874897-12-31'),
      ),
      normalize: asMoment,
    },
    { type: 'time', value: clock, normalize: (value) => asText(value).replace(/\.?0+$/, '') },
    { type: 'timestamp', value: timestamp, normalize: asMoment },
    { type: 'timestamptz', value: timestamp.map((value) => `${value}+05:30`), normalize: asMoment },
    {
      type: 'interval',
      value: fc
        .tuple(
          fc.integer({ min: -9999, max: 9999 }),
          fc.integer({ min: -9999, max: 9999 }),
          int(-(10n ** 12n), 10n ** 12n),
        )
        .map(([months, days, micros]) => `${months} months ${days} days ${micros} microseconds`),
    },
    {
      type: 'integer[]',
      value: fc
        .array(fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })))
        .map((items) => `{${items.map((item) => item ?? 'NULL').join(',')}}`),
      print: (v) => `array_to_json(${v})`,
      normalize: (value) => JSON.stringify(value),
    },
    // Without a cast, which would add /32.
    { type: 'inet', value: fc.ipV4(), print: (v) => v },
    {
      type: 'int4range',
      value: fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `[${Math.min(a, b)},${Math.max(a, b)})`),
    },
    { type: 'bit varying', value: fc.string({ unit: fc.constantFrom('0', '1'), maxLength: 70 }) },
  ),
  fc.integer({ min: 1, max: 45 }).chain((precision) =>
    fc.integer({ min: 0, max: precision }).map((scale) => ({
      type: `numeric(${precision},${scale})`,
      value: decimal(precision, scale),
    })),
  ),
);

/** Types of MySQL and MariaDB. */
export const mysqlRandomTypes: fc.Arbitrary<RandomType> = fc.oneof(
  fc.constantFrom<RandomType>(
    { type: 'tinyint(1)', value: int(-128n, 127n) },
    { type: 'smallint unsigned', value: int(0n, 65535n) },
    { type: 'mediumint', value: int(-8388608n, 8388607n) },
    { type: 'int unsigned', value: int(0n, 2n ** 32n - 1n) },
    { type: 'bigint', value: int(-(2n ** 63n), 2n ** 63n - 1n) },
    { type: 'bigint unsigned', value: int(0n, 2n ** 64n - 1n) },
    { type: 'double', value: float.map(String), normalize: (value) => Number(value) },
    // The server prints a FLOAT with six digits only.
    {
      type: 'float',
      value: fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
      print: (v) => `CAST(${v} AS DOUBLE)`,
      normalize: (value) => Number(value),
    },
    { type: 'varchar(40)', value: text },
    { type: 'varchar(40) COLLATE utf8mb4_bin', value: text },
    { type: 'longtext', value: text },
    { type: 'varbinary(20)', value: hex.map((value) => `x:${value}`), print: (v) => `LOWER(HEX(${v}))` },
    { type: 'date', value: day(1000, 9999) },
    {
      type: 'datetime(6)',
      value: fc.tuple(day(1000, 9999), clock).map(([date, time]) => `${date} ${time}`),
      normalize: asMoment,
    },
    {
      type: 'timestamp(6) NULL',
      value: fc.tuple(day(1971, 2037), clock).map(([date, time]) => `${date} ${time}`),
      normalize: asMoment,
    },
    {
      type: 'time(6)',
      value: fc
        .tuple(fc.boolean(), fc.integer({ min: 0, max: 837 }), two(59), two(59), digits(6))
        .map(([negative, h, m, s, f]) => `${negative ? '-' : ''}${pad(h)}:${m}:${s}.${f}`),
    },
    { type: 'year', value: fc.integer({ min: 1901, max: 2155 }).map(String) },
    { type: "enum('a','Größe','''')", value: fc.constantFrom('a', 'Größe', "'") },
  ),
  fc.integer({ min: 1, max: 65 }).chain((precision) =>
    fc.tuple(fc.integer({ min: 0, max: Math.min(30, precision) }), fc.boolean()).map(([scale, unsigned]) => ({
      type: `decimal(${precision},${scale})${unsigned ? ' unsigned' : ''}`,
      value: decimal(precision, scale).map((value) => (unsigned ? value.replace('-', '') : value)),
    })),
  ),
);

/** A table: up to nine columns of as many rows. */
export function randomTable(types: fc.Arbitrary<RandomType>): fc.Arbitrary<RandomColumn[]> {
  return fc
    .tuple(fc.array(types, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 40 }))
    .chain(([columns, rows]) =>
      fc.tuple(
        ...columns.map(({ type, value, print, normalize }) =>
          fc.array(fc.option(value, { freq: 8 }), { minLength: rows, maxLength: rows }).map(
            (values): RandomColumn => ({
              type,
              values,
              ...(print ? { print } : {}),
              normalize: normalize ?? asText,
            }),
          ),
        ),
      ),
    );
}
