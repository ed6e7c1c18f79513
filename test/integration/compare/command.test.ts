import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComparisonBench, startComparisonBench } from '../../support/compare/comparison-bench.ts';

let bench: ComparisonBench;
beforeAll(async () => {
  bench = await startComparisonBench();
});
afterAll(() => bench?.stop());

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
    const a = await bench.write('SELECT 1 AS x', 'other.parquet');
    const path = join(a, '..', name);
    // DuckDB writes `*` as it is; what such a name would match as a pattern stands next to it.
    await bench.connection.run(`COPY (SELECT 2 AS x) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`);
    for (const match of ['a.parquet', 'ab.parquet'])
      await bench.connection.run(`COPY (SELECT 3 AS x) TO '${join(a, '..', match)}' (FORMAT parquet)`);
    const { b, rows } = await bench.compareFiles(a, path);
    expect(b.rows).toBe(1);
    expect(rows).toMatchObject({ onlyInA: 1, onlyInB: 1 });
    expect(await bench.compareFiles(path, await bench.write('SELECT 2 AS x'))).toMatchObject({ same: true });
  });

  it('follows links, and makes no columns of folders', async () => {
    const parts = join(bench.folder, 'year=2026');
    await mkdir(parts);
    const path = await bench.write('SELECT 1 AS x');
    await symlink(path, join(parts, 'link.parquet'));
    const { same, b } = await bench.compareFiles(path, join(parts, 'link.parquet'));
    expect(same).toBe(true);
    expect(b.columns).toEqual([{ name: 'x', type: 'INTEGER' }]);
  });

  it('works in a folder for temporary files of any name', async () => {
    const workFolder = join(bench.folder, "tmp [x] * it's");
    const path = await bench.write('SELECT 1 AS x');
    expect(await bench.compareFiles(path, path, { workFolder })).toMatchObject({ same: true });
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

  it('tells a person what differs, and ends with one sentence', async () => {
    const [a, b] = [await bench.write(old, 'old.parquet'), await bench.write(now, 'new.parquet')];
    const result = await bench.ferryCompare(a, b, '--key', 'id', '--examples', '5');
    expect(result).toMatchObject({ exitCode: 1, stderr: '', leftovers: [] });
    expect(
      result.stdout.replaceAll(bench.folder, '…').replaceAll(/files-\w+/g, 'files'),
    ).toMatchInlineSnapshot(`
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

      id  ONLY IN
      5   B

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

  it('says how to see the rows that differ, and shows keys that one file alone has', async () => {
    const write = (from: number, to: number) =>
      bench.write(`SELECT id, 'ü ' || id AS name FROM range(${from}, ${to}) AS rows(id)`);
    const [a, b] = [await write(0, 12), await write(9, 30)];
    const lastLine = ({ stdout }: { stdout: string }) => stdout.split('\n').at(-2);
    expect(lastLine(await bench.ferryCompare(a, b))).toBe(
      'To see which rows, say what identifies one: --key id --examples 5.',
    );
    expect(lastLine(await bench.ferryCompare(a, b, '--key', 'id'))).toBe(
      'To see which rows: --examples 5. It shows data.',
    );
    const { stdout } = await bench.ferryCompare(a, b, '--key', 'name,id', '--examples', '2');
    expect(stdout).toContain(
      '\n\nname    id  ONLY IN\n"ü 0"   0   A\n"ü 1"   1   A\n"ü 12"  12  B\n"ü 13"  13  B\n\n',
    );
    expect(lastLine({ stdout })).toMatch(/^The files differ: /);
  });

  it('says so when they are the same, with paths relative to the person’s folder', async () => {
    const path = await bench.write(old, 'same.parquet');
    const result = await bench.ferryCompare(join(basename(join(path, '..')), 'same.parquet'), path);
    expect(result).toMatchObject({ exitCode: 0, stderr: '', leftovers: [] });
    expect(result.stdout.split('\n').at(-2)).toBe('The files contain the same rows.');
  });

  it('prints one JSON document with --json', async () => {
    const [a, b] = [await bench.write(old), await bench.write(now)];
    const result = await bench.ferryCompare(a, b, '--json', '--key', 'id');
    expect(result).toMatchObject({ exitCode: 1, stderr: '', leftovers: [] });
    expect(JSON.parse(result.stdout)).toEqual(
      JSON.parse(JSON.stringify(await bench.compareFiles(a, b, { key: ['id'] }))),
    );
    expect(JSON.parse(result.stdout)).toMatchObject({ same: false, byKey: { examples: [] } });
    expect(JSON.parse((await bench.ferryCompare(a, a, '--json')).stdout)).toMatchObject({ same: true });
  });

  it('shows where similar values differ, without letting them move the cursor', async () => {
    const values = (...texts: string[]) =>
      `SELECT * FROM (VALUES ${texts.map((text, index) => `(${index}, '${text}')`)}) AS rows(id, "odd\u001b[2J  name")`;
    const result = await bench.ferryCompare(
      await bench.write(values('a', 'ü', `${'x'.repeat(500)}1`, 'NULL', '"')),
      await bench.write(values('a\u00a0', 'u\u0308', `${'x'.repeat(500)}2`, '\u001b[31m', "''")),
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

  it('refuses missing files and files that are not Parquet, with exit code 2 and what to do', async () => {
    const good = await bench.write('SELECT 1 AS x');
    const text = join(bench.folder, 'text.parquet');
    await writeFile(text, 'id;name\n1;Müller\n');
    const cut = join(bench.folder, 'cut.parquet');
    await writeFile(cut, (await readFile(good)).subarray(0, -10));
    for (const [path, message] of [
      [join(bench.folder, 'missing*.parquet'), 'does not exist.'],
      [bench.folder, 'is not a file.'],
      [text, 'is not a Parquet file that DuckDB can read.'],
      [cut, 'is not a Parquet file that DuckDB can read.'],
    ] as const) {
      const error = { class: 'ConfigError', message: `${path} ${message}`, hint: expect.any(String) };
      await expect(bench.compareFiles(good, path)).rejects.toMatchObject(error);
      await expect(bench.compareFiles(path, good)).rejects.toMatchObject(error);
    }
    for (const path of ['s3://bucket/file.parquet', text]) {
      const result = await bench.ferryCompare(good, path);
      expect(result).toMatchObject({ exitCode: 2, stdout: '', leftovers: [] });
      expect(result.stderr).toMatch(/^ConfigError: .*\n {2}→ .*\n$/);
    }
    for (const args of [
      [good],
      [good, good, '--examples', '3'],
      [good, good, '--key', 'x', '--examples', '-1'],
    ])
      expect(await bench.ferryCompare(...args)).toMatchObject({ exitCode: 2, stdout: '' });
    const json = await bench.ferryCompare(good, text, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { class: 'ConfigError' } });
  });

  it('distinguishes a damaged page from a difference', async () => {
    const path = await bench.write('SELECT md5(id::VARCHAR) AS x FROM range(10000) AS rows(id)');
    const bytes = await readFile(path);
    bytes.fill(0xff, 100, 5000);
    const damaged = join(bench.folder, 'damaged.parquet');
    await writeFile(damaged, bytes);
    const result = await bench.ferryCompare(path, damaged);
    expect(result).toMatchObject({ exitCode: 1, stdout: '', leftovers: [] });
    expect(result.stderr).toMatch(/^QueryError: The files cannot be read to the end.*\n {2}→ .*\n$/);
  });
});

describe('two folders', () => {
  it('are compared file by file, and one that is damaged or missing does not end it', async () => {
    const [old, now] = [join(bench.folder, 'old ü'), join(bench.folder, 'new')];
    for (const folder of [old, now]) await mkdir(join(folder, 'deeper'), { recursive: true });
    const files: [string, string][] = [
      [join(old, 'same.csv'), 'id,name\n1,a\n'],
      [join(now, 'same.tsv'), 'id\tname\n1\ta\n'],
      [join(old, 'changed.csv'), 'id,name\n1,a\n'],
      [join(now, 'changed.csv'), 'id,name\n1,b\n2,c\n'],
      [join(old, 'damaged.csv'), 'id,name\n1\n'],
      [join(now, 'damaged.csv'), 'id,name\n1,a\n'],
      [join(old, 'gone.csv'), 'id\n1\n'],
      [join(now, 'notes.txt'), 'no file to compare'],
    ];
    for (const [path, text] of files) await writeFile(path, text);
    const { stdout, stderr, exitCode, leftovers } = await bench.ferryCompare('old ü', 'new');
    expect({ stderr, exitCode, leftovers }).toEqual({ stderr: '', exitCode: 1, leftovers: [] });
    expect(stdout.replaceAll(join(old, '/'), '')).toBe(
      `FILE     ROWS IN A  ROWS IN B  RESULT
changed          1          2  1 row only in A, 2 rows only in B
damaged                        not compared: damaged.csv cannot be read as CSV: line 2 has 1 field, and the first line names 2.
gone                           only in A
same             1          1  same

1 of 4 files is the same.
`,
    );
    const json = JSON.parse((await bench.ferryCompare('old ü', 'new', '--json')).stdout);
    expect(json).toMatchObject({
      same: false,
      files: [{ name: 'changed', same: false }, { name: 'damaged' }, {}, { same: true }],
    });
    expect(await bench.ferryCompare('old ü', 'old ü', '--examples', '1', '--key', 'id')).toMatchObject({
      exitCode: 2,
    });
  });

  it('without a file, or with two of one name, are refused', async () => {
    const [empty, twice] = [join(bench.folder, 'empty'), join(bench.folder, 'twice')];
    for (const folder of [empty, twice]) await mkdir(folder);
    for (const name of ['a.csv', 'a.parquet']) await writeFile(join(twice, name), 'id\n1\n');
    expect(await bench.ferryCompare('twice', 'empty')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('have the same name'),
    });
    expect(await bench.ferryCompare('empty', 'empty')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('contains no file to compare'),
    });
  });
});
