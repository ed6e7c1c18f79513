import type { TypeCase } from './type-case.ts';

const zero = /an invalid date/;
const digits38 = '9'.repeat(38);

/** Every type of MySQL and MariaDB, in the order of docs/types.md. */
export const mysqlTypes: readonly TypeCase[] = [
  {
    type: 'tinyint(1), boolean',
    column: 'tinyint(1)',
    exact: 'TINYINT',
    compatible: 'BOOLEAN',
    warning: /other than 0 and 1 becomes true/,
    values: [
      ['2', 2],
      ['-5', -5],
      ['1', 1],
      ['0', 0],
    ],
  },
  {
    type: 'tinyint',
    exact: 'TINYINT',
    values: [
      ['-128', -128],
      ['127', 127],
    ],
  },
  { type: 'tinyint unsigned', exact: 'UTINYINT', values: [['255', 255]] },
  { type: 'smallint', exact: 'SMALLINT', values: [['-32768', -32768]] },
  { type: 'smallint unsigned', exact: 'USMALLINT', values: [['65535', 65535]] },
  { type: 'mediumint', exact: 'INTEGER', values: [['-8388608', -8388608]] },
  { type: 'mediumint unsigned', exact: 'UINTEGER', values: [['16777215', 16777215]] },
  { type: 'int', exact: 'INTEGER', values: [['-2147483648', -2147483648]] },
  { type: 'int unsigned', exact: 'UINTEGER', values: [['4294967295', 4294967295]] },
  { type: 'bigint', exact: 'BIGINT', values: [['-9223372036854775808', '-9223372036854775808']] },
  { type: 'bigint unsigned', exact: 'UBIGINT', values: [['18446744073709551615', '18446744073709551615']] },
  { type: 'int zerofill', column: 'int(8) zerofill', exact: 'UINTEGER', values: [['42', 42]] },
  {
    type: 'float',
    exact: 'FLOAT',
    values: [
      ['1.23456789', 1.2345678806304932],
      ['-3.4028234e38', -3.4028234663852886e38],
    ],
  },
  {
    type: 'double',
    exact: 'DOUBLE',
    values: [
      ['0.1e0', 0.1],
      ['1.7976931348623157e308', 1.7976931348623157e308],
      ['2.2250738585072014e-308', 2.2250738585072014e-308],
    ],
  },
  {
    type: 'decimal(10,2)',
    exact: 'DECIMAL(10,2)',
    values: [
      ['-99999999.99', '-99999999.99'],
      ['0.01', '0.01'],
    ],
  },
  {
    type: 'decimal(5,0)',
    exact: 'DECIMAL(5,0)',
    values: [
      ['99999', '99999'],
      ['-99999', '-99999'],
    ],
  },
  { type: 'decimal(38,0)', exact: 'DECIMAL(38,0)', values: [[digits38, digits38]] },
  {
    type: 'decimal(20,4) unsigned',
    exact: 'DECIMAL(20,4)',
    values: [['9999999999999999.9999', '9999999999999999.9999']],
  },
  {
    type: 'decimal(39,1) and wider',
    column: 'decimal(65,30)',
    exact: 'VARCHAR',
    compatible: 'DOUBLE',
    warning: /written as DOUBLE/,
    values: [
      [
        '12345678901234567890123456789012345.123456789012345678901234567891',
        '12345678901234567890123456789012345.123456789012345678901234567891',
      ],
    ],
  },
  {
    type: 'bit(1)',
    exact: 'BOOLEAN',
    warning: /other than 0 and 1/,
    values: [
      ["b'1'", true],
      ["b'0'", false],
    ],
  },
  {
    type: 'bit(n)',
    column: 'bit(64)',
    exact: 'BLOB',
    values: [
      ["b'1'", '0000000000000001'],
      ['0xffffffffffffffff', 'ffffffffffffffff'],
    ],
  },
  {
    type: 'date',
    exact: 'DATE',
    warning: /0000-00-00 becomes NULL/,
    values: [
      ["'1000-01-01'", '1000-01-01'],
      ["'9999-12-31'", '9999-12-31'],
      ["'0000-01-01'", '0000-01-01'],
    ],
    refused: [
      ["'0000-00-00'", zero],
      ["'2024-00-10'", zero],
      ["'2024-01-00'", zero],
      ["'2024-02-31'", zero],
    ],
  },
  {
    type: 'datetime(0–6)',
    column: 'datetime(6)',
    exact: 'TIMESTAMP',
    warning: /0000-00-00 becomes NULL/,
    values: [
      ["'1000-01-01 00:00:00'", '1000-01-01T00:00:00.000000'],
      ["'9999-12-31 23:59:59.999999'", '9999-12-31T23:59:59.999999'],
    ],
    refused: [
      ["'0000-00-00 00:00:00'", zero],
      ["'2024-00-10 00:00:00'", zero],
      ["'2024-02-31 00:00:00'", zero],
    ],
  },
  {
    type: 'timestamp(0–6)',
    column: 'timestamp(6) NULL',
    exact: 'TIMESTAMP',
    warning: /time zone/,
    values: [
      ["'2024-06-01 12:00:00.123456'", '2024-06-01T12:00:00.123456'],
      ["'2038-01-19 03:14:07'", '2038-01-19T03:14:07.000000'],
    ],
    refused: [["'0000-00-00 00:00:00'", zero]],
  },
  {
    type: 'time(0–6)',
    column: 'time(6)',
    exact: 'VARCHAR',
    values: [
      ["'-838:59:59'", '-838:59:59.000000'],
      ["'25:00:00.123456'", '25:00:00.123456'],
      ["'00:00:00'", '00:00:00.000000'],
    ],
  },
  {
    type: 'year',
    exact: 'INTEGER',
    values: [
      ['2024', 2024],
      ['0', 0],
    ],
  },
  { type: 'char(n)', column: 'char(5)', exact: 'VARCHAR', values: [["'ä '", 'ä']] },
  {
    type: 'varchar(n)',
    column: 'varchar(20)',
    exact: 'VARCHAR',
    values: [
      ["''", ''],
      ["'b '", 'b '],
      ["'日本 🚲'", '日本 🚲'],
    ],
  },
  {
    type: 'tinytext, text, mediumtext, longtext',
    column: 'longtext',
    exact: 'VARCHAR',
    values: [["'a\\n\\tü'", 'a\n\tü']],
  },
  {
    type: 'text of a _bin collation',
    column: 'varchar(20) COLLATE utf8mb4_bin',
    exact: 'VARCHAR',
    values: [["'Größe'", 'Größe']],
  },
  {
    type: 'text of another character set',
    column: 'varchar(20) CHARACTER SET latin1',
    exact: 'VARCHAR',
    values: [["'Größe'", 'Größe']],
  },
  { type: 'binary(n)', column: 'binary(4)', exact: 'BLOB', values: [["x'00ff'", '00ff0000']] },
  { type: 'varbinary(n)', column: 'varbinary(10)', exact: 'BLOB', values: [["x'00ff00'", '00ff00']] },
  {
    type: 'tinyblob, blob, mediumblob, longblob',
    column: 'longblob',
    exact: 'BLOB',
    values: [
      ["''", ''],
      ["x'00ff00'", '00ff00'],
    ],
  },
  { type: 'enum', column: "enum('a','Größe')", exact: 'VARCHAR', values: [["'Größe'", 'Größe']] },
  {
    type: 'set',
    column: "set('x','y')",
    exact: 'VARCHAR',
    values: [
      ["''", ''],
      ["'x,y'", 'x,y'],
    ],
  },
  { type: 'json', exact: 'VARCHAR', values: [['\'{"ü": [1, null]}\'', '{"ü": [1, null]}']] },
  {
    type: 'geometry, point and its like',
    column: 'point',
    exact: 'BLOB',
    values: [["ST_GeomFromText('POINT(1 2)')", '000000000101000000000000000000f03f0000000000000040']],
  },
  {
    type: 'uuid (MariaDB)',
    column: 'uuid',
    only: 'mariadb',
    exact: 'VARCHAR',
    values: [["'123e4567-e89b-12d3-a456-426655440000'", '123e4567-e89b-12d3-a456-426655440000']],
  },
  {
    type: 'inet4, inet6 (MariaDB)',
    column: 'inet6',
    only: 'mariadb',
    exact: 'VARCHAR',
    values: [["'::ffff:1.2.3.4'", '::ffff:1.2.3.4']],
  },
];
