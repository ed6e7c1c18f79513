import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompareOptions, compareParquet } from '../../../shared/compare/compare-parquet.ts';
import { type FerryResult, runFerry } from '../../support/cli/ferry-command.ts';
import { pythonEnvironment } from '../../support/processes/python.ts';

const run = promisify(execFile);

let folder: string;
let temporary: string;
let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry compare ü '));
  temporary = join(folder, 'tmp');
  await mkdir(temporary);
  instance = await DuckDBInstance.create();
  connection = await instance.connect();
  await connection.run("SET TimeZone='UTC'");
});
afterAll(async () => {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
});

/** Writes the result of a query to a Parquet file and returns its path. */
async function write(query: string, name = 'file.parquet', options = ''): Promise<string> {
  const path = join(await mkdtemp(join(folder, 'files-')), name);
  await connection.run(`COPY (${query}) TO '${path.replaceAll("'", "''")}' (FORMAT parquet${options})`);
  return path;
}

const defaults: CompareOptions = { workFolder: tmpdir(), memoryLimitBytes: 500_000_000, threads: 2 };

function compareFiles(a: string, b: string, options: Partial<CompareOptions> = {}) {
  return compareParquet(a, b, { ...defaults, workFolder: temporary, ...options });
}

/** Compares the results of two queries. */
async function compare(a: string, b: string, options: Partial<CompareOptions> = {}) {
  return compareFiles(await write(a), await write(b), options);
}

/** Runs `ferry compare` where the files are, and tells what it left in the folder for temporary files. */
async function ferryCompare(...args: string[]): Promise<FerryResult & { leftovers: string[] }> {
  const result = await runFerry(['compare', ...args], { folder, environment: { TMPDIR: temporary } });
  return { ...result, leftovers: await readdir(temporary) };
}

describe('schemas', () => {
  it('tells columns of one file only, other types, another order', async () => {
    const { same, schema, a, columns } = await compare(
      'SELECT 1 AS id, 2 AS x, 3 AS old, 4 AS y',
      'SELECT 4 AS y, 2::BIGINT AS x, 1 AS id, 5 AS new',
    );
    expect(same).toBe(false);
    expect(schema).toEqual({
      same: false,
      onlyInA: ['old'],
      onlyInB: ['new'],
      typeDiffers: ['x'],
      orderDiffers: true,
    });
    expect(a.columns).toContainEqual({ name: 'x', type: 'INTEGER' });
    expect(columns.map(({ name }) => name)).toEqual(['id', 'x', 'y']);
  });

  it('does not take a column more or less for another order', async () => {
    const { schema } = await compare('SELECT 1 AS a, 2 AS b, 3 AS c', 'SELECT 0 AS z, 1 AS a, 3 AS c');
    expect(schema).toMatchObject({ onlyInA: ['b'], onlyInB: ['z'], orderDiffers: false });
  });

  it('counts another order or type as a difference, though the rows are the same', async () => {
    const order = await compare('SELECT 1 AS a, 2 AS b', 'SELECT 2 AS b, 1 AS a');
    expect(order).toMatchObject({ same: false, rows: { same: true } });
    const type = await compare('SELECT 1 AS a', 'SELECT 1::BIGINT AS a');
    expect(type).toMatchObject({ same: false, rows: { same: true } });
  });

  it('tells names apart that DuckDB does not, and reads the right one', async () => {
    const { python } = await pythonEnvironment();
    const paths = ['a', 'b', 'twice', 'wide'].map((name) => join(folder, `case-${name}.parquet`));
    // DuckDB would write `Name` and `name_1`: pyarrow writes what it is told.
    await run(python, [
      '-I',
      '-c',
      `import sys, pyarrow as pa, pyarrow.parquet as pq
columns = lambda names: pa.Table.from_arrays([pa.array([1, 2]), pa.array([{'Name': 3, 'x': None}, None]), pa.array([5, 6]), pa.array([7, 8])], names)
pq.write_table(columns(['Name', 's', 'name', 'name_1']), sys.argv[1])
pq.write_table(columns(['name_1', 's', 'NAME', '']), sys.argv[2])
pq.write_table(columns(['x', 's', 'y', 'x']), sys.argv[3])
pq.write_table(pa.table({'l': [[1]]}).cast(pa.schema([('l', pa.list_(pa.decimal256(50, 2)))])), sys.argv[4])`,
      ...paths,
    ]);
    const [a = '', b = '', twice = '', wide = ''] = paths;
    const { schema, columns } = await compareFiles(a, b);
    expect(schema).toMatchObject({ onlyInA: ['Name', 'name'], onlyInB: ['NAME', ''], orderDiffers: true });
    expect(columns.map(({ name, onlyInA, onlyInB }) => [name, onlyInA, onlyInB])).toEqual([
      ['s', 0, 0],
      ['name_1', 2, 2],
    ]);
    expect(await compareFiles(a, a, { key: ['name'] })).toMatchObject({ same: true });
    await expect(compareFiles(a, twice)).rejects.toMatchObject({
      class: 'ConfigError',
      message: `${twice} has more than one column named "x".`,
    });
    await expect(compareFiles(wide, a)).rejects.toMatchObject({
      message: `${wide} contains decimals with more than 38 digits, which DuckDB cannot read.`,
    });
  });

  it('compares files without a common column, and without rows', async () => {
    const nothing = await compare('SELECT 1 AS a', 'SELECT 1 AS b');
    expect(nothing).toMatchObject({
      same: false,
      rows: { same: false, onlyInA: 1, onlyInB: 1 },
      columns: [],
    });
    const empty = await compare('SELECT 1 AS a LIMIT 0', 'SELECT 1 AS a LIMIT 0', { key: ['a'] });
    expect(empty).toMatchObject({ same: true, a: { rows: 0 }, byKey: { rowsCompared: 0 } });
  });
});

describe('rows as a multiset', () => {
  it('does not regard their order, and counts each as often as it stands', async () => {
    const rows = (values: string) => `FROM (VALUES ${values}) AS rows(id, name)`;
    const ordered = rows("(1, 'a'), (2, NULL), (2, NULL), (3, 'c')");
    expect(await compare(ordered, rows("(3, 'c'), (2, NULL), (1, 'a'), (2, NULL)"))).toMatchObject({
      same: true,
    });
    expect(await compare(ordered, rows("(1, 'a'), (2, NULL), (3, 'C'), (3, 'C'), (4, NULL)"))).toMatchObject({
      same: false,
      a: { rows: 4 },
      b: { rows: 5 },
      rows: { same: false, onlyInA: 2, onlyInB: 3 },
      columns: [
        { name: 'id', same: false, onlyInA: 1, onlyInB: 2, nullsInA: 0, nullsInB: 0 },
        { name: 'name', same: false, onlyInA: 1, onlyInB: 2, nullsInA: 2, nullsInB: 2 },
      ],
    });
  });

  it('sees values that changed places, though each column holds the same', async () => {
    const { rows, columns } = await compare(
      "FROM (VALUES (1, 'a'), (2, 'b')) AS rows(id, name)",
      "FROM (VALUES (1, 'b'), (2, 'a')) AS rows(id, name)",
    );
    expect(rows).toEqual({ same: false, onlyInA: 2, onlyInB: 2 });
    expect(columns.every(({ same }) => same)).toBe(true);
  });

  it('counts and joins as a comparison in JavaScript does', async () => {
    const cell = fc.option(fc.constantFrom('', 'a', 'A', 'a ', 'NULL', "'", 'ferrya'), { nil: null });
    const table = fc.array(fc.record({ id: fc.nat(6), x: cell, y: cell }), { maxLength: 12 });
    const values = (rows: Array<Record<string, unknown>>) => {
      const literal = (value: unknown) =>
        value === null
          ? 'NULL'
          : typeof value === 'number'
            ? value
            : `'${String(value).replaceAll("'", "''")}'`;
      const lines = [{ id: -1, x: '', y: '' }, ...rows].map((row) => `(${Object.values(row).map(literal)})`);
      return `FROM (VALUES ${lines}) AS rows(id, x, y) WHERE id >= 0`;
    };
    const surplus = (of: unknown[], over: unknown[]) => {
      const left = over.map((value) => JSON.stringify(value));
      return of.filter((value) => {
        const at = left.indexOf(JSON.stringify(value));
        if (at >= 0) left.splice(at, 1);
        return at < 0;
      }).length;
    };
    await fc.assert(
      fc.asyncProperty(table, table, async (a, b) => {
        const found = await compare(values(a), values(b), { key: ['id'], examples: 100 });
        expect(found.rows).toMatchObject({ onlyInA: surplus(a, b), onlyInB: surplus(b, a) });
        for (const name of ['id', 'x', 'y'] as const) {
          const [ofA, ofB] = [a.map((row) => row[name]), b.map((row) => row[name])];
          expect(found.columns.find((column) => column.name === name)).toMatchObject({
            onlyInA: surplus(ofA, ofB),
            onlyInB: surplus(ofB, ofA),
            nullsInA: ofA.filter((value) => value === null).length,
            nullsInB: ofB.filter((value) => value === null).length,
          });
        }
        const withId = (rows: typeof a, id: number) => rows.filter((row) => row.id === id);
        const ids = [...new Set([...a, ...b].map(({ id }) => id))].sort();
        const pairs = ids.flatMap((id) => {
          const [[left, ...moreInA], [right, ...moreInB]] = [withId(a, id), withId(b, id)];
          return left && right && moreInA.length + moreInB.length === 0 ? [[left, right] as const] : [];
        });
        const repeated = ids.filter((id) => withId(a, id).length > 1 || withId(b, id).length > 1);
        expect(found.byKey).toEqual({
          columns: ['id'],
          rowsCompared: pairs.length,
          rowsOnlyInA: a.filter(({ id }) => withId(b, id).length === 0).length,
          rowsOnlyInB: b.filter(({ id }) => withId(a, id).length === 0).length,
          repeated: {
            keys: repeated.length,
            rowsInA: a.filter(({ id }) => repeated.includes(id)).length,
            rowsInB: b.filter(({ id }) => repeated.includes(id)).length,
          },
          differences: (['x', 'y'] as const).map((column) => ({
            column,
            rows: pairs.filter(([left, right]) => left[column] !== right[column]).length,
          })),
          examples: pairs.flatMap(([left, right]) =>
            (['x', 'y'] as const)
              .filter((column) => left[column] !== right[column])
              .map((column) => ({ key: [String(left.id)], column, a: left[column], b: right[column] })),
          ),
        });
      }),
      { numRuns: 25 },
    );
  });
});

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
      const { columns, byKey } = await compare(
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

  it('as a whole row and by a key of any type, too', async () => {
    const odd = `SELECT [1, NULL] AS l, {'a': 'x'} AS s, MAP {'k': 1} AS m, '\\xAA'::BLOB AS b, uuid() AS u, INTERVAL '3 days' AS i,
      '10:00:00+00'::TIMETZ AS t, ${long}.5::DECIMAL(38,10) AS d, 5::HUGEINT AS h, 'nan'::DOUBLE AS n FROM range(3)`;
    const path = await write(odd);
    const key = ['l', 's', 'm', 'b', 'u', 'i', 't', 'd', 'h', 'n'];
    expect(await compareFiles(path, path, { key })).toMatchObject({
      same: true,
      byKey: { rowsCompared: 3, repeated: { keys: 0 }, differences: [] },
    });
  });
});

describe('--key', () => {
  it('joins by keys of different types and takes NULL for a key', async () => {
    const { byKey } = await compare(
      "FROM (VALUES (1, 'x', 5), (2, NULL, 6), (NULL, NULL, 7)) AS rows(id, part, n)",
      "FROM (VALUES ('01', 'x', 5), ('2', NULL, 60), (NULL, NULL, 70)) AS rows(id, part, n)",
      { key: ['id,part'], examples: 5 },
    );
    expect(byKey).toMatchObject({
      columns: ['id', 'part'],
      rowsCompared: 3,
      rowsOnlyInA: 0,
      rowsOnlyInB: 0,
      examples: [
        { key: ['2', null], column: 'n', a: '6', b: '60' },
        { key: [null, null], column: 'n', a: '7', b: '70' },
      ],
    });
  });

  it('sorts by the key as A has it', async () => {
    const { byKey } = await compare(
      'SELECT id, 1 AS x FROM range(8, 12) AS rows(id)',
      'SELECT id::VARCHAR AS id, 2 AS x FROM range(12) AS rows(id)',
      { key: ['id'], examples: 3 },
    );
    expect(byKey?.examples.map(({ key }) => key)).toEqual([['8'], ['9'], ['10']]);
  });

  it('takes a name with a comma for one column', async () => {
    const path = await write('SELECT 1 AS "a,b", 2 AS a');
    expect((await compareFiles(path, path, { key: ['a,b', 'a'] })).byKey?.columns).toEqual(['a,b', 'a']);
  });

  it('counts apart what is rounding in the last digits', async () => {
    const { byKey } = await compare(
      "FROM (VALUES (1, 12094639.572385293::DOUBLE), (2, 1.5), (3, 1.5), (4, 'inf'::DOUBLE)) AS rows(id, x)",
      "FROM (VALUES (1, '12094639.57238529346660760200'), (2, '1.5'), (3, '1.6'), (4, '5')) AS rows(id, x)",
      { key: ['id'] },
    );
    expect(byKey?.differences).toEqual([{ column: 'x', rows: 3, byRounding: 1 }]);
  });

  it('shows the first differing cells by key, then by column, of more columns than go into one join', async () => {
    const columns = (change: string) =>
      Array.from({ length: 40 }, (_, index) => `${index % 20 === 7 ? change : 'id'} AS c${index}`).join(', ');
    const { byKey } = await compare(
      `SELECT id, ${columns('id')} FROM range(100) AS rows(id)`,
      `SELECT id, ${columns('id + 1')} FROM range(100) AS rows(id) ORDER BY id DESC`,
      { key: ['id'], examples: 3 },
    );
    expect(byKey?.differences.filter(({ rows }) => rows > 0)).toEqual([
      { column: 'c7', rows: 100 },
      { column: 'c27', rows: 100 },
    ]);
    expect(byKey?.examples.map(({ key, column, b }) => [...key, column, b])).toEqual([
      ['0', 'c7', '1'],
      ['0', 'c27', '1'],
      ['1', 'c7', '2'],
    ]);
  });

  it('does not join rows of a repeated key each with each', async () => {
    const path = await write('SELECT id, id // 50000 AS part FROM range(200000) AS rows(id)');
    expect((await compareFiles(path, path, { key: ['part'] })).byKey).toMatchObject({
      rowsCompared: 0,
      repeated: { keys: 4, rowsInA: 200_000, rowsInB: 200_000 },
      differences: [{ column: 'id', rows: 0 }],
    });
  });

  it('must be in both files', async () => {
    const [a, b] = [await write('SELECT 1 AS id, 2 AS old'), await write('SELECT 1 AS id, 2 AS new')];
    await expect(compareFiles(a, b, { key: ['Id'] })).rejects.toMatchObject({
      class: 'ConfigError',
      message: `The key's column "Id" is not in A and B.`,
      hint: expect.stringContaining('"id"'),
    });
    await expect(compareFiles(a, b, { key: ['id', 'new'] })).rejects.toMatchObject({
      message: `The key's column "new" is not in A.`,
    });
  });
});

describe('paths', () => {
  it.each([
    "it's a file.parquet",
    'Größe "ü".parquet',
    '*.parquet',
    'a?.parquet',
    '[ab].parquet',
    'a\\*{b}.parquet',
    '$1;--.parquet',
    'without an extension',
  ])('takes %s literally', async (name) => {
    const a = await write('SELECT 1 AS x', 'other.parquet');
    const path = join(a, '..', name);
    // DuckDB writes `*` as it is; what such a name would match as a pattern stands next to it.
    await connection.run(`COPY (SELECT 2 AS x) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`);
    for (const match of ['a.parquet', 'ab.parquet'])
      await connection.run(`COPY (SELECT 3 AS x) TO '${join(a, '..', match)}' (FORMAT parquet)`);
    const { b, rows } = await compareFiles(a, path);
    expect(b.rows).toBe(1);
    expect(rows).toMatchObject({ onlyInA: 1, onlyInB: 1 });
    expect(await compareFiles(path, await write('SELECT 2 AS x'))).toMatchObject({ same: true });
  });

  it('follows links, and makes no columns of folders', async () => {
    const parts = join(folder, 'year=2026');
    await mkdir(parts);
    const path = await write('SELECT 1 AS x');
    await symlink(path, join(parts, 'link.parquet'));
    const { same, b } = await compareFiles(path, join(parts, 'link.parquet'));
    expect(same).toBe(true);
    expect(b.columns).toEqual([{ name: 'x', type: 'INTEGER' }]);
  });

  it('works in a folder for temporary files of any name', async () => {
    const workFolder = join(folder, "tmp [x] * it's");
    const path = await write('SELECT 1 AS x');
    expect(await compareFiles(path, path, { workFolder })).toMatchObject({ same: true });
    expect(await readdir(workFolder)).toEqual([]);
  });
});

describe('the command', () => {
  const old = `SELECT * REPLACE (amount::DOUBLE AS amount) FROM (VALUES
    (1, 'Müller', 10.50, true), (2, 'Süd ', 20.00, false), (3, NULL, 30.10, NULL), (4, 'dup', 1, true), (4, 'dup', 2, true)
  ) AS rows(id, name, amount, open)`;
  const now = `SELECT * REPLACE (amount::DECIMAL(12,2) AS amount, open::TINYINT AS open), DATE '2026-01-01' AS due FROM (VALUES
    (1, 'Müller', 10.50, true), (2, 'Süd', 20.00, false), (3, NULL, 30.11, NULL), (4, 'dup', 1, true), (5, 'new', 5, false)
  ) AS rows(id, name, amount, open)`;

  it('tells a person what differs, and ends in one sentence', async () => {
    const [a, b] = [await write(old, 'old.parquet'), await write(now, 'new.parquet')];
    const result = await ferryCompare(a, b, '--key', 'id', '--examples', '5');
    expect(result).toMatchObject({ exitCode: 1, stderr: '', leftovers: [] });
    expect(result.stdout.replaceAll(folder, '…').replaceAll(/files-\w+/g, 'files')).toMatchInlineSnapshot(`
      "   ROWS  COLUMNS  FILE
      A     5        4  …/files/old.parquet
      B     5        5  …/files/new.parquet

      COLUMN  TYPE IN A  TYPE IN B      COMPARED AS  NULLS IN A  NULLS IN B  VALUES ONLY IN A  VALUES ONLY IN B
      id      INTEGER    INTEGER                              0           0                 1                 1
      name    VARCHAR    VARCHAR                              1           1                 2                 2
      amount  DOUBLE     DECIMAL(12,2)  DOUBLE                0           0                 2                 2
      open    BOOLEAN    TINYINT        integer               1           1                 1                 1
      due     none       DATE

      In the 4 columns of both, 3 rows are only in A and 3 rows are only in B.

      By id: 3 rows in both, 0 only in A, 1 only in B.
      1 key occurs more than once, in 2 rows of A and 1 row of B: these rows are not compared by key.

      COLUMN  ROWS THAT DIFFER  BY ROUNDING ONLY
      name                   1
      amount                 1                 0

      id  COLUMN  IN A    IN B
      2   name    "Süd "  "Süd"
      3   amount  30.1    30.11

      The files differ: 1 column only in B, 2 columns of another type, 3 rows only in A, 3 rows only in B.
      "
    `);
  });

  it('says so when they are the same, with paths from where one stands', async () => {
    const path = await write(old, 'same.parquet');
    const result = await ferryCompare(join(basename(join(path, '..')), 'same.parquet'), path);
    expect(result).toMatchObject({ exitCode: 0, stderr: '', leftovers: [] });
    expect(result.stdout.split('\n').at(-2)).toBe('The files contain the same rows.');
  });

  it('prints one JSON document with --json', async () => {
    const [a, b] = [await write(old), await write(now)];
    const result = await ferryCompare(a, b, '--json', '--key', 'id');
    expect(result).toMatchObject({ exitCode: 1, stderr: '', leftovers: [] });
    expect(JSON.parse(result.stdout)).toEqual(
      JSON.parse(JSON.stringify(await compareFiles(a, b, { key: ['id'] }))),
    );
    expect(JSON.parse(result.stdout)).toMatchObject({ same: false, byKey: { examples: [] } });
    expect(JSON.parse((await ferryCompare(a, a, '--json')).stdout)).toMatchObject({ same: true });
  });

  it('shows in what values differ that look alike, and lets none of them move the cursor', async () => {
    const values = (...texts: string[]) =>
      `SELECT * FROM (VALUES ${texts.map((text, index) => `(${index}, '${text}')`)}) AS rows(id, "odd\u001b[2J  name")`;
    const result = await ferryCompare(
      await write(values('a', 'ü', `${'x'.repeat(500)}1`, 'NULL', '"')),
      await write(values('a\u00a0', 'u\u0308', `${'x'.repeat(500)}2`, '\u001b[31m', "''")),
      '--key',
      'id',
      '--examples',
      '10',
    );
    for (const character of ['\u001b', '\u00a0']) expect(result.stdout).not.toContain(character);
    for (const text of ['"a\\u00a0"', '"\\u00fc"', '"u\\u0308"', 'x1"', 'x2"', '"\\u001b[31m"', '"\\""'])
      expect(result.stdout).toContain(text);
    expect(Math.max(...result.stdout.split('\n').map((line) => line.length))).toBeLessThan(200);
  });

  it('refuses what is not there or no Parquet file, with exit code 2 and what to do', async () => {
    const good = await write('SELECT 1 AS x');
    const text = join(folder, 'text.parquet');
    await writeFile(text, 'id;name\n1;Müller\n');
    const cut = join(folder, 'cut.parquet');
    await writeFile(cut, (await readFile(good)).subarray(0, -10));
    for (const [path, message] of [
      [join(folder, 'missing*.parquet'), 'does not exist.'],
      [folder, 'is not a file.'],
      [text, 'is not a Parquet file that DuckDB can read.'],
      [cut, 'is not a Parquet file that DuckDB can read.'],
    ] as const) {
      const error = { class: 'ConfigError', message: `${path} ${message}`, hint: expect.any(String) };
      await expect(compareFiles(good, path)).rejects.toMatchObject(error);
      await expect(compareFiles(path, good)).rejects.toMatchObject(error);
    }
    for (const path of ['s3://bucket/file.parquet', text]) {
      const result = await ferryCompare(good, path);
      expect(result).toMatchObject({ exitCode: 2, stdout: '', leftovers: [] });
      expect(result.stderr).toMatch(/^ConfigError: .*\n {2}→ .*\n$/);
    }
    for (const args of [
      [good],
      [good, good, '--examples', '3'],
      [good, good, '--key', 'x', '--examples', '-1'],
    ])
      expect(await ferryCompare(...args)).toMatchObject({ exitCode: 2, stdout: '' });
    const json = await ferryCompare(good, text, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { class: 'ConfigError' } });
  });

  it('tells a damaged page from a difference', async () => {
    const path = await write('SELECT md5(id::VARCHAR) AS x FROM range(10000) AS rows(id)');
    const bytes = await readFile(path);
    bytes.fill(0xff, 100, 5000);
    const damaged = join(folder, 'damaged.parquet');
    await writeFile(damaged, bytes);
    const result = await ferryCompare(path, damaged);
    expect(result).toMatchObject({ exitCode: 1, stdout: '', leftovers: [] });
    expect(result.stderr).toMatch(/^QueryError: The files cannot be read to the end.*\n {2}→ .*\n$/);
  });
});

describe('a million rows', () => {
  const rows = (where: string, change: string) =>
    `SELECT id, ${change} AS changed, ${Array.from({ length: 6 }, (_, index) => `md5((id + ${index})::VARCHAR) AS text${index}`).join(', ')}
     FROM range(1000000) AS rows(id) WHERE ${where} ORDER BY hash(id)`;
  let a: string;
  let b: string;
  beforeAll(async () => {
    // Small row groups, as Ferry writes them: what is read at once cannot spill.
    const options = ', ROW_GROUP_SIZE 20480';
    a = await write(rows('id <> 7', "md5('x' || id::VARCHAR)"), 'a.parquet', options);
    b = await write(
      rows('id < 999998', "md5(if(id % 100000 = 1, 'y', 'x') || id::VARCHAR)"),
      'b.parquet',
      options,
    );
  });

  const expected = {
    same: false,
    a: { rows: 999_999 },
    b: { rows: 999_998 },
    rows: { onlyInA: 12, onlyInB: 11 },
    columns: [
      { name: 'id', onlyInA: 2, onlyInB: 1 },
      { name: 'changed', onlyInA: 12, onlyInB: 11 },
      ...Array.from({ length: 6 }, (_, index) => ({ name: `text${index}`, onlyInA: 2, onlyInB: 1 })),
    ],
    byKey: {
      rowsCompared: 999_997,
      rowsOnlyInA: 2,
      rowsOnlyInB: 1,
      differences: [{ column: 'changed', rows: 10 }, ...Array(6).fill({ rows: 0 })],
      examples: [{ key: ['1'], column: 'changed' }],
    },
  };

  it('are compared within the memory limit, and spill to a folder that is removed', async () => {
    const module = join(import.meta.dirname, '../../../shared/compare/compare-parquet.ts');
    const code = `
      import { compareParquet } from ${JSON.stringify(module)};
      const [a, b, workFolder] = process.argv.slice(1);
      let peak = 0;
      setInterval(() => { peak = Math.max(peak, process.memoryUsage.rss()); }, 10).unref();
      const options = { key: ['id'], examples: 1, workFolder, memoryLimitBytes: 100_000_000, threads: 2 };
      const found = await compareParquet(a, b, options);
      console.log(JSON.stringify({ found, peak }));`;
    let spilled = 0;
    const timer = setInterval(async () => {
      const names = await readdir(temporary, { recursive: true }).catch(() => []);
      spilled = Math.max(spilled, names.filter((name) => name.includes('spill/')).length);
    }, 10);
    const args = ['--input-type=module', '-e', code, a, b, temporary];
    const { stdout } = await run(process.execPath, args).finally(() => clearInterval(timer));
    const { found, peak } = JSON.parse(stdout);
    expect(found).toMatchObject(expected);
    expect(spilled).toBeGreaterThan(0);
    // What ComparisonSessionOptions says of the process; Node and DuckDB's code take 125 MB of it before anything is read.
    expect(peak).toBeLessThan(100_000_000 + 350_000_000);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('say what is missing when the limit is too low for anything', async () => {
    await expect(compareFiles(a, b, { memoryLimitBytes: 5_000_000 })).rejects.toMatchObject({
      class: 'QueryError',
      message: 'The comparison needs more memory than the 5.0 MB that it may use.',
    });
    expect(await readdir(temporary)).toEqual([]);
  });

  it('are given up on an abort, without a trace', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 200);
    await expect(compareFiles(a, b, { key: ['id'], signal: controller.signal })).rejects.toBe(reason);
    expect(await readdir(temporary)).toEqual([]);
  });
});
