import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComparisonBench, startComparisonBench } from '../../support/compare/comparison-bench.ts';

let bench: ComparisonBench;
beforeAll(async () => {
  bench = await startComparisonBench();
});
afterAll(() => bench?.stop());

/** SQL of a value in A, of one in B, whether they are the same, and how they are said to be compared. */
type Case = [a: string, b: string, same: boolean, comparedAs: string];

const long = '12345678901234567890123456';
const cases: Record<string, Case[]> = {
  'values of one type': [
    ['NULL::INTEGER', 'NULL::INTEGER', true, 'value'],
    ['NULL::INTEGER', '0', false, 'value'],
    ['NULL::VARCHAR', "''", false, 'value'],
    ["'nan'::DOUBLE", "'nan'::DOUBLE", true, 'value'],
    ["'nan'::DOUBLE", 'NULL::DOUBLE', false, 'value'],
    ['-0.0::DOUBLE', '0.0::DOUBLE', true, 'value'],
    ['-0.0::FLOAT', '0.0::FLOAT', true, 'value'],
    ['0.1::DOUBLE + 0.2::DOUBLE', '0.3::DOUBLE', false, 'value'],
    ["'a'", "'a '", false, 'value'],
    ["'a'", "'A'", false, 'value'],
    ["'ü'", "'u\u0308'", false, 'value'],
    [`${long}.0123456789::DECIMAL(38,10)`, `${long}.0123456789::DECIMAL(38,10)`, true, 'value'],
    [`${long}.0123456789::DECIMAL(38,10)`, `${long}.0123456788::DECIMAL(38,10)`, false, 'value'],
    ["'\\xAA\\x00'::BLOB", "'\\xAA\\x00'::BLOB", true, 'value'],
    ["'\\xAA\\x00'::BLOB", "'\\xAA'::BLOB", false, 'value'],
    // Halves that are equal, and halves that changed places: DuckDB's hash alone takes each pair for one value.
    [
      "'a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1'::UUID",
      "'b1b1b1b1-b1b1-b1b1-b1b1-b1b1b1b1b1b1'::UUID",
      false,
      'value',
    ],
    ["INTERVAL '1 month 2 days'", "INTERVAL '2 months 1 day'", false, 'text'],
    ["INTERVAL '1 month'", "INTERVAL '30 days'", false, 'text'],
    ["INTERVAL '1 month'", "INTERVAL '1 month'", true, 'text'],
    ["'10:00:00+00'::TIMETZ", "'10:00:00+00'::TIMETZ", true, 'value'],
    ["'10:00:00+00'::TIMETZ", "'10:00:01+00'::TIMETZ", false, 'value'],
    ['1::HUGEINT', '2::HUGEINT', false, 'value'],
    ["'2026-01-01 00:00:00.000000001'::TIMESTAMP_NS", "'2026-01-01'::TIMESTAMP_NS", false, 'value'],
    ["'2026-01-01 12:00:00+02'::TIMESTAMPTZ", "'2026-01-01 10:00:00+00'::TIMESTAMPTZ", true, 'value'],
    ['\'{"a":1}\'::JSON', '\'{"a": 1}\'::JSON', false, 'text'],
  ],
  'nested values': [
    ['[1, NULL]', '[1, NULL]', true, 'text'],
    ['[1, NULL]', '[NULL, 1]', false, 'text'],
    ['[]::INTEGER[]', '[NULL]::INTEGER[]', false, 'text'],
    ['[]::INTEGER[]', 'NULL::INTEGER[]', false, 'text'],
    ["['a, b']", "['a', 'b']", false, 'text'],
    ["['NULL']", '[NULL::VARCHAR]', false, 'text'],
    ["{'a': 1, 'b': NULL::VARCHAR}", "{'a': 1, 'b': NULL::VARCHAR}", true, 'text'],
    ["{'a': 1, 'b': 'x'}", "{'a': 1, 'b': 'y'}", false, 'text'],
    ["{'a': NULL::INTEGER}", 'NULL::STRUCT(a INTEGER)', false, 'text'],
    ["MAP {'a': [1], 'b': [2]}", "MAP {'a': [1], 'b': [2]}", true, 'text'],
    ["MAP {'a': [1], 'b': [2]}", "MAP {'b': [2], 'a': [1]}", false, 'text'],
    ['[1::INTEGER]', '[1::BIGINT]', true, 'text'],
  ],
  'exact numbers': [
    ['1::INTEGER', '1::BIGINT', true, 'exact number'],
    ['(-9223372036854775808)::BIGINT', '(-9223372036854775808)::DECIMAL(19,0)', true, 'exact number'],
    ['18446744073709551615::UBIGINT', '-1::BIGINT', false, 'exact number'],
    ['1.50::DECIMAL(10,2)', '1.5::DECIMAL(38,10)', true, 'exact number'],
    ['1.50::DECIMAL(10,2)', '1.5000000001::DECIMAL(38,10)', false, 'exact number'],
    // Together more than 38 digits: compared as text of one spelling.
    ['-1.50::DECIMAL(38,2)', '-1.5::DECIMAL(38,10)', true, 'exact number'],
    ['0.00::DECIMAL(38,2)', '0::DECIMAL(38,10)', true, 'exact number'],
    ['100::DECIMAL(38,2)', '1::DECIMAL(38,10)', false, 'exact number'],
    ['NULL::DECIMAL(38,2)', 'NULL::DECIMAL(38,10)', true, 'exact number'],
  ],
  'numbers as DOUBLE or FLOAT': [
    ['0.1::DOUBLE', '0.1::DECIMAL(10,2)', true, 'DOUBLE'],
    ['0.1::DOUBLE', '0.11::DECIMAL(10,2)', false, 'DOUBLE'],
    ['-0.0::DOUBLE', '0::INTEGER', true, 'DOUBLE'],
    // DuckDB's own conversion of this DECIMAL misses the nearest DOUBLE.
    [
      "'83134487839837000.0009670870'::DOUBLE",
      '83134487839837000.0009670870::DECIMAL(38,10)',
      true,
      'DOUBLE',
    ],
    ['9007199254740993::BIGINT', '9007199254740992::DOUBLE', true, 'DOUBLE'],
    ['1.5::FLOAT', '1.5::DOUBLE', true, 'DOUBLE'],
    ['0.1::FLOAT', '0.1::DOUBLE', false, 'DOUBLE'],
    ['0.1::FLOAT', '0.10::DECIMAL(10,2)', true, 'FLOAT'],
  ],
  'numbers and text': [
    ['0.1::DOUBLE', "'0.1'", true, 'DOUBLE'],
    ['0.1::DOUBLE', "'+0.100e0'", true, 'DOUBLE'],
    ['1e300::DOUBLE', "'1' || repeat('0', 300)", true, 'DOUBLE'],
    ['0.1::DOUBLE', "'0.10000000000000001'", true, 'DOUBLE'],
    ['0.1::DOUBLE', "'0.11'", false, 'DOUBLE'],
    ['-0.0::DOUBLE', "'0'", true, 'DOUBLE'],
    ["'nan'::DOUBLE", "'NaN'", true, 'DOUBLE'],
    ["'-inf'::DOUBLE", "'-Infinity'", true, 'DOUBLE'],
    ['1::DOUBLE', "' 1'", false, 'DOUBLE'],
    ['1::DOUBLE', "'one'", false, 'DOUBLE'],
    ['1000::DOUBLE', "'1_000'", false, 'DOUBLE'],
    ['NULL::DOUBLE', 'NULL::VARCHAR', true, 'DOUBLE'],
    ['NULL::DOUBLE', "''", false, 'DOUBLE'],
    ['0.1::FLOAT', "'0.1'", true, 'FLOAT'],
    ['1.50::DECIMAL(10,2)', "'1.5'", true, 'exact number'],
    ['1.50::DECIMAL(10,2)', "'1.5000000000000000000000000000000000000000000001'", false, 'exact number'],
    ['7::INTEGER', "'007'", true, 'exact number'],
    ['-7::INTEGER', "'-7.'", true, 'exact number'],
    ['0.5::DECIMAL(3,2)', "'.5'", true, 'exact number'],
    ['0::INTEGER', "'-0.00'", true, 'exact number'],
    ['0::DECIMAL(3,2)', "'-.0e7'", true, 'exact number'],
    ['-100.5::DECIMAL(10,1)', "'-0100.50'", true, 'exact number'],
    ['5::INTEGER', "'+5'", true, 'exact number'],
    ['-5::INTEGER', "'+-5'", false, 'exact number'],
    ['0::INTEGER', "''", false, 'exact number'],
    ['0::INTEGER', "'-'", false, 'exact number'],
    ['5::INTEGER', "'5\n'", false, 'exact number'],
    ['5::INTEGER', "'5e0'", true, 'exact number'],
    ['5::INTEGER', "'.0005E+4'", true, 'exact number'],
    ['-1234.5::DECIMAL(10,2)', "'-12345000e-4'", true, 'exact number'],
    ['1500::INTEGER', "'1.5e3'", true, 'exact number'],
    ['0.0015::DECIMAL(10,5)', "'15E-4'", true, 'exact number'],
    ['0.0015::DECIMAL(10,5)', "'15E-5'", false, 'exact number'],
    ['1::INTEGER', "'1e999999999'", false, 'exact number'],
    ['1::INTEGER', "'.'", false, 'exact number'],
    ['1::INTEGER', "'true'", false, 'exact number'],
    ['100::INTEGER', "'1'", false, 'exact number'],
    ['NULL::INTEGER', 'NULL::VARCHAR', true, 'exact number'],
    [`${long}.0123456789::DECIMAL(38,10)`, `'${long}.0123456789000'`, true, 'exact number'],
  ],
  'other pairs of types': [
    ['true', '1::TINYINT', true, 'integer'],
    ['true', '2::TINYINT', false, 'integer'],
    ['false', '0::BIGINT', true, 'integer'],
    ['NULL::BOOLEAN', '0::BIGINT', false, 'integer'],
    ['true', "'true'", true, 'text'],
    ["'2026-01-01 12:00'::TIMESTAMP", "'2026-01-01 13:00:00+01'::TIMESTAMPTZ", true, 'TIMESTAMP in UTC'],
    ["'2026-01-01 12:00'::TIMESTAMP", "'2026-01-01 12:00:00+01'::TIMESTAMPTZ", false, 'TIMESTAMP in UTC'],
    ["'2026-01-01 12:00:00.1'::TIMESTAMP_NS", "'2026-01-01 12:00:00.1'::TIMESTAMP", true, 'TIMESTAMP in UTC'],
    [
      "'2026-01-01 12:00:00.100000001'::TIMESTAMP_NS",
      "'2026-01-01 12:00:00.1+00'::TIMESTAMPTZ",
      false,
      'TIMESTAMP in UTC',
    ],
    ["'infinity'::TIMESTAMP", "'infinity'::TIMESTAMPTZ", true, 'TIMESTAMP in UTC'],
    ["'2026-01-01'::DATE", "'2026-01-01 00:00'::TIMESTAMP", true, 'TIMESTAMP in UTC'],
    ["'2026-01-01'::DATE", "'2026-01-01 00:01'::TIMESTAMP", false, 'TIMESTAMP in UTC'],
    ["'10:00'::TIME", "'10:00:00+00'::TIMETZ", true, 'TIME in UTC'],
    ["'ü'", "'\\xC3\\xBC'::BLOB", true, 'bytes'],
    ["'ü'", "'\\xFC'::BLOB", false, 'bytes'],
    ["'2026-01-01'::DATE", "'2026-01-01'", true, 'text'],
    ["'a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1'::UUID", "'a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1'", true, 'text'],
    ['[1]', "'[1]'", true, 'text'],
    ["'[1]'::JSON", "'[1]'", true, 'text'],
  ],
};

describe('when values are the same', () => {
  it.each(Object.entries(cases))('%s', async (_title, pairs) => {
    const row = (side: 0 | 1) =>
      `SELECT ${pairs.map((pair, index) => `${pair[side]} AS c${index}`).join(', ')}`;
    // Both ways, as each file has its own conversion; by the key the values themselves are compared instead of their hashes.
    for (const [a, b] of [
      [row(0), row(1)],
      [row(1), row(0)],
    ] as const) {
      const { columns, byKey } = await bench.compare(
        `SELECT 1 AS id, * FROM (${a})`,
        `SELECT 1 AS id, * FROM (${b})`,
        {
          key: ['id'],
        },
      );
      const found = pairs.map((pair, index): Case => {
        const column = columns[index + 1];
        const difference = byKey?.differences[index];
        expect(difference?.rows, `${pair[0]} and ${pair[1]} by key`).toBe(column?.same ? 0 : 1);
        return [pair[0], pair[1], column?.same ?? false, column?.comparedAs ?? ''];
      });
      expect(found).toEqual(pairs);
    }
  });

  it('also as a whole row, and with a key of any type', async () => {
    const odd = `SELECT [1, NULL] AS l, {'a': 'x'} AS s, MAP {'k': 1} AS m, '\\xAA'::BLOB AS b, uuid() AS u, INTERVAL '3 days' AS i,
      '10:00:00+00'::TIMETZ AS t, ${long}.5::DECIMAL(38,10) AS d, 5::HUGEINT AS h, 'nan'::DOUBLE AS n FROM range(3)`;
    const path = await bench.write(odd);
    const key = ['l', 's', 'm', 'b', 'u', 'i', 't', 'd', 'h', 'n'];
    expect(await bench.compareFiles(path, path, { key })).toMatchObject({
      same: true,
      byKey: { rowsCompared: 3, repeated: { keys: 0 }, differences: [] },
    });
  });
});
