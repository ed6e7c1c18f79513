import type { TypeCase } from './type-case.ts';

const noInteger = /a value that is not an integer/;
const noText = /a value that is not text, or not in UTF-8/;
const noDouble = /text, bytes, or an integer beyond 2\^53/;
const noDay = /other than a day in the form/;
const noMoment = /other than a moment in the form/;
const noTime = /other than a time in the form/;

/** What SQLite's declared types become, in the order of docs/types.md. Any value can be in most of them. */
export const sqliteTypes: readonly TypeCase[] = [
  {
    type: 'INTEGER, INT, BIGINT and all with INT in them',
    column: 'INTEGER',
    exact: 'BIGINT',
    values: [
      ['9223372036854775807', '9223372036854775807'],
      ['-9223372036854775808', '-9223372036854775808'],
      ['9007199254740993', '9007199254740993'],
      ['0', 0],
    ],
    refused: [
      ["'text'", noInteger],
      ['1.5', noInteger],
      ["x'01'", noInteger],
    ],
  },
  {
    type: 'REAL, DOUBLE, FLOAT, DECIMAL, NUMERIC',
    column: 'REAL',
    exact: 'DOUBLE',
    values: [
      ['0.1', 0.1],
      ['9007199254740993.0', 9007199254740992],
      ['1.7976931348623157e308', 1.7976931348623157e308],
      ['5e-324', 5e-324],
      ['2.2250738585072011e-308', 2.225073858507201e-308],
      ['-123456789.123456789', -123456789.12345679],
      ['9e999', 'Infinity'],
      ['-9e999', '-Infinity'],
    ],
    refused: [
      ["'text'", noDouble],
      ["x'01'", noDouble],
    ],
  },
  {
    type: 'DECIMAL(10,2)',
    exact: 'DOUBLE',
    values: [
      ['12.34', 12.34],
      ['7', 7],
      ['9007199254740992', 9007199254740992],
    ],
    refused: [
      ['9007199254740993', noDouble],
      ["'9.99 EUR'", noDouble],
    ],
  },
  {
    type: 'TEXT, VARCHAR(n), CHAR(n), CLOB',
    column: 'VARCHAR(10)',
    exact: 'VARCHAR',
    values: [
      ["'Größe 😀'", 'Größe 😀'],
      ["'a' || char(0) || 'b'", 'a\0b'],
      ["'longer than ten letters'", 'longer than ten letters'],
      ["''", ''],
      ["'it''s; -- \"' || char(10) || '`'", 'it\'s; -- "\n`'],
      ['12', '12'],
      ['char(65279) || 1', '\ufeff1'],
    ],
    refused: [
      ["x'6162'", noText],
      ["CAST(x'c328' AS TEXT)", noText],
    ],
  },
  {
    type: 'BLOB',
    exact: 'BLOB',
    values: [
      ["x'00ff'", '00ff'],
      ["x''", ''],
    ],
    refused: [
      ["'text'", /a value that is not bytes/],
      ['5', /a value that is not bytes/],
    ],
  },
  {
    type: 'BOOLEAN',
    exact: 'BOOLEAN',
    values: [
      ['1', true],
      ['0', false],
      ['true', true],
    ],
    refused: [
      ['2', /a value other than 0 and 1/],
      ["'yes'", /a value other than 0 and 1/],
    ],
  },
  {
    type: 'DATE',
    exact: 'DATE',
    values: [
      ["'2024-02-29'", '2024-02-29'],
      ["'0001-01-01'", '0001-01-01'],
    ],
    refused: [
      ["'2023-02-29'", noDay],
      ["'2024-1-2'", noDay],
      ["'2024-01-02 03:04'", noDay],
      ['2460000.5', noDay],
      ['1700000000', noDay],
    ],
  },
  {
    type: 'DATETIME, TIMESTAMP',
    column: 'DATETIME',
    exact: 'TIMESTAMP',
    values: [
      ["'2024-01-02 03:04:05.123456'", '2024-01-02T03:04:05.123456'],
      ["'2024-01-02T03:04'", '2024-01-02T03:04:00.000000'],
    ],
    refused: [
      ["'2024-01-02 03:04:05.1234567'", noMoment],
      ["'2024-01-02 03:04:05Z'", noMoment],
      ["'2024-01-02 24:00:00'", noMoment],
      ["'2024-01-02'", noMoment],
      ['2460000.5', noMoment],
      ['1700000000', noMoment],
    ],
  },
  {
    type: 'TIME',
    exact: 'TIME',
    values: [
      ["'23:59:59.999999'", '23:59:59.999999'],
      ["'03:04'", '03:04:00.000000'],
    ],
    refused: [
      ["'24:00'", noTime],
      ['12', noTime],
    ],
  },
  {
    type: 'any other, and no type',
    column: '',
    exact: 'VARCHAR',
    values: [
      ["'text'", 'text'],
      ['9223372036854775807', '9223372036854775807'],
      ['0.1', '0.1'],
      ['1e300', '1e+300'],
      ["'a' || char(0)", 'a\0'],
    ],
    refused: [["x'01'", /bytes, or text that is not in UTF-8/]],
  },
];
