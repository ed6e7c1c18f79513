import type { TypeCase } from './type-case.ts';

const long = '123456789012345678901234567890.123456789';
const array = /several dimensions, or one that does not begin at 1/;

/** Types of Postgres that are made of others: domains, composites, ranges, arrays; and what has no form of its own. */
export const builtTypes: readonly TypeCase[] = [
  {
    type: 'a domain',
    column: 'measure',
    exact: 'DECIMAL(12,3)',
    warning: /NaN and Infinity become 0/,
    values: [['999999999.999', '999999999.999']],
    refused: [["'NaN'", /NaN or Infinity/]],
  },
  {
    type: 'a domain over numeric',
    column: 'anything',
    exact: 'VARCHAR',
    compatible: 'DOUBLE',
    warning: /written as DOUBLE/,
    values: [[long, long]],
  },
  {
    type: 'a composite',
    column: 'address',
    exact: 'VARCHAR',
    values: [
      ["ROW('Am Markt, 1', 2, 3.50)", '("Am Markt, 1",2,3.50)'],
      ["ROW(NULL, NULL, 'NaN')", '(,,NaN)'],
    ],
  },
  {
    type: 'a range',
    column: 'numrange',
    exact: 'VARCHAR',
    values: [
      ["'[1.10,2)'", '[1.10,2)'],
      ["'empty'", 'empty'],
      ["'(,)'", '(,)'],
    ],
  },
  {
    type: 'a multirange',
    column: 'int4multirange',
    exact: 'VARCHAR',
    values: [["'{[1,3),[5,6)}'", '{[1,3),[5,6)}']],
  },
  {
    type: 'a range of somebody’s own',
    column: 'moment',
    exact: 'VARCHAR',
    values: [["'(,2024-01-01 00:00+00)'", '(,"2024-01-01 00:00:00+00")']],
  },
  { type: 'point', exact: 'VARCHAR', values: [["'(0.1,-2)'", '(0.1,-2)']] },
  {
    type: 'line, lseg, box, path, polygon, circle',
    column: 'polygon',
    exact: 'VARCHAR',
    values: [["'((0,0),(1,1),(1,0))'", '((0,0),(1,1),(1,0))']],
  },
  { type: 'tsvector', exact: 'VARCHAR', values: [["'a:1 b:2'", "'a':1 'b':2"]] },
  { type: 'tsquery', exact: 'VARCHAR', values: [["'a & b'", "'a' & 'b'"]] },
  { type: 'hstore', exact: 'VARCHAR', values: [["'a=>1, b=>NULL'", '"a"=>"1", "b"=>NULL']] },
  { type: 'oid', exact: 'VARCHAR', values: [['4294967295', '4294967295']] },
  {
    type: 'regclass and its like',
    column: 'regclass',
    exact: 'VARCHAR',
    values: [["'pg_class'", 'pg_class']],
  },
  { type: 'xid8', exact: 'VARCHAR', values: [["'18446744073709551615'", '18446744073709551615']] },
  { type: 'pg_lsn', exact: 'VARCHAR', values: [["'FFFFFFFF/FFFFFFFF'", 'FFFFFFFF/FFFFFFFF']] },
  { type: 'tid', exact: 'VARCHAR', values: [["'(4294967295,65535)'", '(4294967295,65535)']] },
  {
    type: 'integer[]',
    exact: 'INTEGER[]',
    values: [
      ["'{}'", []],
      ["'{1,NULL,-2147483648}'", [1, null, -2147483648]],
    ],
    refused: [
      ["'{{1,2},{3,4}}'", array],
      ["'[0:1]={1,2}'", array],
    ],
  },
  {
    type: 'text[]',
    exact: 'VARCHAR[]',
    values: [["ARRAY['a,b', NULL, '{ü}']", ['a,b', null, '{ü}']]],
    refused: [["ARRAY[['a'],['b']]", array]],
  },
  {
    type: 'numeric(10,2)[]',
    exact: 'DECIMAL(10,2)[]',
    warning: /NaN and Infinity become 0/,
    values: [["'{1.50,NULL}'", ['1.50', null]]],
    refused: [["'{1,NaN}'", /NaN or Infinity/]],
  },
  {
    type: 'numeric(3,5)[]',
    exact: 'DECIMAL(5,5)[]',
    values: [["'{0.00999,NULL}'", ['0.00999', null]]],
    refused: [["'{0.001,NaN}'", /NaN or Infinity/]],
  },
  {
    type: 'numeric(5,-2)[]',
    exact: 'VARCHAR[]',
    values: [["'{12345,NULL}'", ['12300', null]]],
  },
  {
    type: 'numeric[]',
    exact: 'VARCHAR[]',
    compatible: 'DOUBLE[]',
    warning: /written as DOUBLE/,
    values: [[`ARRAY[${long}, 'NaN', NULL]`, [long, 'NaN', null]]],
    refused: [["'{{1},{2}}'", array]],
  },
  {
    type: 'date[]',
    exact: 'DATE[]',
    warning: /infinity becomes a number/,
    values: [["'{2024-02-29,NULL}'", ['2024-02-29', null]]],
    refused: [["'{2024-01-01,infinity}'", /infinity/]],
  },
  {
    type: 'interval[]',
    exact: 'VARCHAR[]',
    compatible: 'INTERVAL[]',
    warning: /microseconds are lost/,
    values: [["ARRAY['-1 day'::interval, NULL]", ['-1 days', null]]],
  },
  {
    type: 'uuid[]',
    exact: 'UUID[]',
    values: [["'{00000000-0000-0000-0000-000000000001}'", ['00000000-0000-0000-0000-000000000001']]],
  },
  {
    type: 'an array of an enum, a composite or another rare type',
    column: 'mood[]',
    exact: 'VARCHAR',
    values: [["'{größer,traurig}'", '{größer,traurig}']],
  },
];
