import { builtTypes } from './postgres-built-types.ts';
import type { TypeCase } from './type-case.ts';

/** What must exist before the tables of {@link postgresTypes} can be made. */
export const postgresTypesSetup = `
  CREATE EXTENSION IF NOT EXISTS hstore;
  CREATE EXTENSION IF NOT EXISTS citext;
  CREATE TYPE mood AS ENUM ('traurig', 'größer');
  CREATE DOMAIN amount AS numeric(12,3) CHECK (value > -1000000000 OR value = 'NaN');
  CREATE DOMAIN measure AS amount;
  CREATE DOMAIN anything AS numeric;
  CREATE TYPE address AS (street text, number int, value numeric(10,2));
  CREATE TYPE public.moment AS RANGE (subtype = timestamptz);`;

const long = '123456789012345678901234567890.123456789';
const digits38 = '9'.repeat(38);

/** Every type of Postgres, in the order of docs/types.md. */
export const postgresTypes: readonly TypeCase[] = [
  {
    type: 'boolean',
    exact: 'BOOLEAN',
    values: [
      ['true', true],
      ['false', false],
    ],
  },
  {
    type: 'smallint',
    exact: 'SMALLINT',
    values: [
      ['-32768', -32768],
      ['32767', 32767],
    ],
  },
  {
    type: 'integer',
    exact: 'INTEGER',
    values: [
      ['-2147483648', -2147483648],
      ['2147483647', 2147483647],
    ],
  },
  {
    type: 'bigint',
    exact: 'BIGINT',
    values: [
      ['-9223372036854775808', '-9223372036854775808'],
      ['9223372036854775807', '9223372036854775807'],
    ],
  },
  {
    type: 'real',
    exact: 'FLOAT',
    values: [
      ["'NaN'", 'NaN'],
      ["'Infinity'", 'Infinity'],
      ["'-Infinity'", '-Infinity'],
      ["'1.1'", 1.100000023841858],
      ["'3.4028235e38'", 3.4028234663852886e38],
      ["'1e-45'", 1.401298464324817e-45],
    ],
  },
  {
    type: 'double precision',
    exact: 'DOUBLE',
    values: [
      ["'NaN'", 'NaN'],
      ["'Infinity'", 'Infinity'],
      ["'-Infinity'", '-Infinity'],
      ["'0.1'", 0.1],
      ["'1.7976931348623157e308'", 1.7976931348623157e308],
      ["'5e-324'", 5e-324],
    ],
  },
  {
    type: 'numeric(10,2)',
    exact: 'DECIMAL(10,2)',
    warning: /NaN and Infinity become 0/,
    values: [
      ['0', '0.00'],
      ['99999999.99', '99999999.99'],
      ['-99999999.99', '-99999999.99'],
      ['0.01', '0.01'],
    ],
    refused: [["'NaN'", /NaN or Infinity/]],
  },
  {
    type: 'numeric(38,0)',
    exact: 'DECIMAL(38,0)',
    warning: /NaN and Infinity become 0/,
    values: [
      [digits38, digits38],
      [`-${digits38}`, `-${digits38}`],
    ],
    refused: [["'NaN'", /NaN or Infinity/]],
  },
  {
    type: 'numeric(3,5)',
    exact: 'DECIMAL(5,5)',
    values: [
      ['0.00999', '0.00999'],
      ['-0.00001', '-0.00001'],
    ],
    refused: [["'NaN'", /NaN or Infinity/]],
  },
  {
    type: 'numeric(5,-2)',
    exact: 'VARCHAR',
    values: [
      ['12345', '12300'],
      ['-9999900', '-9999900'],
      ["'NaN'", 'NaN'],
    ],
  },
  {
    type: 'numeric(39,1) and wider',
    column: 'numeric(39,1)',
    exact: 'VARCHAR',
    compatible: 'DOUBLE',
    warning: /written as DOUBLE/,
    values: [
      [`${digits38}.9`, `${digits38}.9`],
      ["'NaN'", 'NaN'],
    ],
  },
  {
    type: 'numeric',
    exact: 'VARCHAR',
    compatible: 'DOUBLE',
    warning: /written as DOUBLE/,
    values: [
      [long, long],
      ["'NaN'", 'NaN'],
      ["'Infinity'", 'Infinity'],
      ["'-Infinity'", '-Infinity'],
      ['1.50', '1.50'],
    ],
  },
  {
    type: 'money',
    exact: 'DECIMAL(21,2)',
    compatible: 'VARCHAR',
    values: [
      ["'-92233720368547758.08'", '-92233720368547758.08'],
      ["'92233720368547758.07'", '92233720368547758.07'],
      ["'0.01'", '0.01'],
    ],
  },
  {
    type: 'text',
    exact: 'VARCHAR',
    values: [
      ["''", ''],
      ["'Müller ''&'' 日本 🚲'", "Müller '&' 日本 🚲"],
      ["E'a\\n\\tb '", 'a\n\tb '],
    ],
  },
  { type: 'varchar(n)', column: 'varchar(10)', exact: 'VARCHAR', values: [["'a '", 'a ']] },
  { type: 'char(n)', column: 'char(5)', exact: 'VARCHAR', values: [["'a'", 'a']] },
  { type: '"char"', exact: 'VARCHAR', values: [["'a'", 'a']] },
  { type: 'name', exact: 'VARCHAR', values: [["'größe'", 'größe']] },
  { type: 'citext', exact: 'VARCHAR', values: [["'Größe'", 'Größe']] },
  {
    type: 'bytea',
    exact: 'BLOB',
    values: [
      ["''", ''],
      ["'\\x00ff00'", '00ff00'],
    ],
  },
  {
    type: 'uuid',
    exact: 'UUID',
    values: [
      ["'00000000-0000-0000-0000-000000000000'", '00000000-0000-0000-0000-000000000000'],
      ["'ffffffff-ffff-ffff-ffff-ffffffffffff'", 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
    ],
  },
  { type: 'json', exact: 'VARCHAR', values: [['\'{"a": 1.10,  "ü":null}\'', '{"a": 1.10,  "ü":null}']] },
  { type: 'jsonb', exact: 'VARCHAR', values: [['\'{"b":1.10}\'', '{"b": 1.10}']] },
  { type: 'jsonpath', exact: 'VARCHAR', values: [["'$.a'", '$."a"']] },
  { type: 'xml', exact: 'VARCHAR', values: [['\'<a b="1"/>\'', '<a b="1"/>']] },
  {
    type: 'date',
    exact: 'DATE',
    warning: /infinity becomes a number/,
    values: [
      ["'2024-02-29'", '2024-02-29'],
      ["'4713-01-01 BC'", '-4712-01-01'],
      ["'0001-12-31 BC'", '0000-12-31'],
      ["'5874897-12-31'", '5874897-12-31'],
    ],
    refused: [
      ["'infinity'", /infinity/],
      ["'-infinity'", /infinity/],
    ],
  },
  {
    type: 'time',
    exact: 'TIME',
    warning: /24:00/,
    values: [
      ["'00:00'", '00:00:00.000000'],
      ["'23:59:59.999999'", '23:59:59.999999'],
    ],
    refused: [["'24:00'", /24:00/]],
  },
  {
    type: 'timetz',
    exact: 'VARCHAR',
    compatible: 'TIME WITH TIME ZONE',
    warning: /offset is lost/,
    values: [
      ["'12:00:00.5+05:30'", '12:00:00.5+05:30'],
      ["'24:00-12'", '24:00:00-12'],
    ],
  },
  {
    type: 'timestamp',
    exact: 'TIMESTAMP',
    warning: /infinity becomes a number/,
    values: [
      ["'2024-02-29 23:59:59.999999'", '2024-02-29T23:59:59.999999'],
      ["'4713-01-01 00:00:00 BC'", '-4712-01-01T00:00:00.000000'],
      ["'4714-11-24 00:00:00 BC'", '-4713-11-24T00:00:00.000000'],
      ["'294246-12-31 23:59:59.999999'", '294246-12-31T23:59:59.999999'],
      ["'294247-01-10 04:00:54.775806'", '294247-01-10T04:00:54.775806'],
    ],
    refused: [
      ["'infinity'", /infinity/],
      ["'-infinity'", /infinity/],
      ["'294247-01-10 04:00:54.775807'", /outside the range of Parquet/],
      ["'294247-01-10 04:00:54.775808'", /outside the range of Parquet/],
      ["'294276-12-31 23:59:59'", /outside the range of Parquet/],
    ],
  },
  {
    type: 'timestamptz',
    exact: 'TIMESTAMP WITH TIME ZONE',
    warning: /infinity becomes a number/,
    values: [
      ["'2024-10-27 02:30:00.000001 Europe/Berlin'", '2024-10-27T01:30:00.000001Z'],
      ["'2024-10-27 02:30:00.000001+02'", '2024-10-27T00:30:00.000001Z'],
      ["'4713-01-01 00:00:00+00 BC'", '-4712-01-01T00:00:00.000000Z'],
      ["'4714-11-24 00:00:00+00 BC'", '-4713-11-24T00:00:00.000000Z'],
    ],
    refused: [
      ["'infinity'", /infinity/],
      ["'-infinity'", /infinity/],
      ["'294247-01-10 04:00:54.775807+00'", /outside the range of Parquet/],
      ["'294276-12-31 23:59:59+00'", /outside the range of Parquet/],
    ],
  },
  {
    type: 'interval',
    exact: 'VARCHAR',
    compatible: 'INTERVAL',
    warning: /microseconds are lost/,
    values: [
      ["'1 mon 2 days 03:04:05.123456'", '1 mon 2 days 03:04:05.123456'],
      ["'-1 year -00:00:00.000001'", '-1 years -00:00:00.000001'],
      ["'178000000 years'", '178000000 years'],
    ],
  },
  {
    type: 'inet',
    exact: 'VARCHAR',
    values: [
      ["'10.0.0.1/8'", '10.0.0.1/8'],
      ["'::1'", '::1'],
    ],
  },
  { type: 'cidr', exact: 'VARCHAR', values: [["'10.0.0.0/8'", '10.0.0.0/8']] },
  { type: 'macaddr', exact: 'VARCHAR', values: [["'08:00:2b:01:02:03'", '08:00:2b:01:02:03']] },
  { type: 'macaddr8', exact: 'VARCHAR', values: [["'08:00:2b:01:02:03:04:05'", '08:00:2b:01:02:03:04:05']] },
  { type: 'bit(n)', column: 'bit(9)', exact: 'VARCHAR', values: [["B'000000001'", '000000001']] },
  {
    type: 'bit varying',
    exact: 'VARCHAR',
    values: [
      ["B''", ''],
      ["B'101'", '101'],
    ],
  },
  { type: 'an enum', column: 'mood', exact: 'VARCHAR', values: [["'größer'", 'größer']] },
  ...builtTypes,
];
