import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComparisonBench, startComparisonBench } from '../../support/compare/comparison-bench.ts';
import { pythonEnvironment } from '../../support/processes/python.ts';

const run = promisify(execFile);

let bench: ComparisonBench;
beforeAll(async () => {
  bench = await startComparisonBench();
});
afterAll(() => bench?.stop());

describe('schemas', () => {
  it('reports columns of only one file, other types, another order', async () => {
    const { same, schema, a, columns } = await bench.compare(
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

  it('does not take an additional column for another order', async () => {
    const { schema } = await bench.compare('SELECT 1 AS a, 2 AS b, 3 AS c', 'SELECT 0 AS z, 1 AS a, 3 AS c');
    expect(schema).toMatchObject({ onlyInA: ['b'], onlyInB: ['z'], orderDiffers: false });
  });

  it('counts another order or type as a difference, even if the rows are the same', async () => {
    const order = await bench.compare('SELECT 1 AS a, 2 AS b', 'SELECT 2 AS b, 1 AS a');
    expect(order).toMatchObject({ same: false, rows: { same: true } });
    const type = await bench.compare('SELECT 1 AS a', 'SELECT 1::BIGINT AS a');
    expect(type).toMatchObject({ same: false, rows: { same: true } });
  });

  it('distinguishes names that DuckDB does not, and reads the right one', async () => {
    const { python } = await pythonEnvironment();
    const paths = ['a', 'b', 'twice', 'wide'].map((name) => join(bench.folder, `case-${name}.parquet`));
    // DuckDB would write `Name` and `name_1`: pyarrow writes the given names.
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
    const { schema, columns } = await bench.compareFiles(a, b);
    expect(schema).toMatchObject({ onlyInA: ['Name', 'name'], onlyInB: ['NAME', ''], orderDiffers: true });
    expect(columns.map(({ name, onlyInA, onlyInB }) => [name, onlyInA, onlyInB])).toEqual([
      ['s', 0, 0],
      ['name_1', 2, 2],
    ]);
    expect(await bench.compareFiles(a, a, { key: ['name'] })).toMatchObject({ same: true });
    await expect(bench.compareFiles(a, twice)).rejects.toMatchObject({
      class: 'ConfigError',
      message: `${twice} has more than one column named "x".`,
    });
    await expect(bench.compareFiles(wide, a)).rejects.toMatchObject({
      message: `${wide} contains decimals with more than 38 digits, which DuckDB cannot read.`,
    });
  });

  it('compares files without common columns, and without rows', async () => {
    const nothing = await bench.compare('SELECT 1 AS a', 'SELECT 1 AS b');
    expect(nothing).toMatchObject({
      same: false,
      rows: { same: false, onlyInA: 1, onlyInB: 1 },
      columns: [],
    });
    const empty = await bench.compare('SELECT 1 AS a LIMIT 0', 'SELECT 1 AS a LIMIT 0', { key: ['a'] });
    expect(empty).toMatchObject({ same: true, a: { rows: 0 }, byKey: { rowsCompared: 0 } });
  });
});

describe('rows as a multiset', () => {
  it('ignores their order, and counts how often each occurs', async () => {
    const rows = (values: string) => `FROM (VALUES ${values}) AS rows(id, name)`;
    const ordered = rows("(1, 'a'), (2, NULL), (2, NULL), (3, 'c')");
    expect(await bench.compare(ordered, rows("(3, 'c'), (2, NULL), (1, 'a'), (2, NULL)"))).toMatchObject({
      same: true,
    });
    expect(
      await bench.compare(ordered, rows("(1, 'a'), (2, NULL), (3, 'C'), (3, 'C'), (4, NULL)")),
    ).toMatchObject({
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

  it('notices values that changed places, although each column contains the same', async () => {
    const { rows, columns } = await bench.compare(
      "FROM (VALUES (1, 'a'), (2, 'b')) AS rows(id, name)",
      "FROM (VALUES (1, 'b'), (2, 'a')) AS rows(id, name)",
    );
    expect(rows).toEqual({ same: false, onlyInA: 2, onlyInB: 2 });
    expect(columns.every(({ same }) => same)).toBe(true);
  });

  it('counts and joins like a comparison in JavaScript', async () => {
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
        const found = await bench.compare(values(a), values(b), { key: ['id'], examples: 100 });
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
          unmatched: (
            [
              [a, b, 'A'],
              [b, a, 'B'],
            ] as const
          ).flatMap(([own, other, onlyIn]) =>
            own
              .flatMap(({ id }) => (withId(other, id).length === 0 ? [id] : []))
              .sort()
              .map((id) => ({ key: [String(id)], onlyIn })),
          ),
        });
      }),
      { numRuns: 25 },
    );
  });
});

describe('--key', () => {
  it('joins by keys of different types and takes NULL for a key', async () => {
    const { byKey } = await bench.compare(
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

  it('sorts by the key in A', async () => {
    const { byKey } = await bench.compare(
      'SELECT id, 1 AS x FROM range(8, 12) AS rows(id)',
      'SELECT id::VARCHAR AS id, 2 AS x FROM range(12) AS rows(id)',
      { key: ['id'], examples: 3 },
    );
    expect(byKey?.examples.map(({ key }) => key)).toEqual([['8'], ['9'], ['10']]);
  });

  it('takes a name with a comma for one column', async () => {
    const path = await bench.write('SELECT 1 AS "a,b", 2 AS a');
    expect((await bench.compareFiles(path, path, { key: ['a,b', 'a'] })).byKey?.columns).toEqual([
      'a,b',
      'a',
    ]);
  });

  it('counts differences by rounding in the last digits separately', async () => {
    const { byKey } = await bench.compare(
      "FROM (VALUES (1, 12094639.572385293::DOUBLE), (2, 1.5), (3, 1.5), (4, 'inf'::DOUBLE)) AS rows(id, x)",
      "FROM (VALUES (1, '12094639.57238529346660760200'), (2, '1.5'), (3, '1.6'), (4, '5')) AS rows(id, x)",
      { key: ['id'] },
    );
    expect(byKey?.differences).toEqual([{ column: 'x', rows: 3, byRounding: 1 }]);
  });

  it('shows the first differing cells by key, then by column, of more columns than go into one join', async () => {
    const columns = (change: string) =>
      Array.from({ length: 40 }, (_, index) => `${index % 20 === 7 ? change : 'id'} AS c${index}`).join(', ');
    const { byKey } = await bench.compare(
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

  it('does not join all rows with a repeated key to each other', async () => {
    const path = await bench.write('SELECT id, id // 50000 AS part FROM range(200000) AS rows(id)');
    expect((await bench.compareFiles(path, path, { key: ['part'] })).byKey).toMatchObject({
      rowsCompared: 0,
      repeated: { keys: 4, rowsInA: 200_000, rowsInB: 200_000 },
      differences: [{ column: 'id', rows: 0 }],
    });
  });

  it('must be in both files', async () => {
    const [a, b] = [
      await bench.write('SELECT 1 AS id, 2 AS old'),
      await bench.write('SELECT 1 AS id, 2 AS new'),
    ];
    await expect(bench.compareFiles(a, b, { key: ['Id'] })).rejects.toMatchObject({
      class: 'ConfigError',
      message: `The key's column "Id" is not in A and B.`,
      hint: expect.stringContaining('"id"'),
    });
    await expect(bench.compareFiles(a, b, { key: ['id', 'new'] })).rejects.toMatchObject({
      message: `The key's column "new" is not in A.`,
    });
  });
});
