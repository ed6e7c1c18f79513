import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareFiles } from '../../../shared/compare/compare-files.ts';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { type ComparisonBench, startComparisonBench } from '../../support/compare/comparison-bench.ts';

let bench: ComparisonBench;
let parquet: string;
beforeAll(async () => {
  bench = await startComparisonBench();
  parquet = await bench.write(
    `SELECT * FROM (VALUES
      (1, '007', 1.50::DECIMAL(9,2), DATE '2026-01-31', true, 'Größe; "x"'),
      (2, '', NULL, NULL, false, NULL)) AS t(id, code, amount, day, open, note)`,
  );
});
afterAll(() => bench?.stop());

const ROWS = ['id;code;amount;day;open;note', '1;007;1.50;2026-01-31;true;"Größe; ""x"""', '2;"";;;false;'];
const write = async (name: string, content: string | Uint8Array) => {
  const path = join(bench.folder, name);
  await writeFile(path, content);
  return path;
};
const compare = async (a: string, b: string) => {
  const workFolder = join(bench.folder, 'work of csv');
  await mkdir(workFolder, { recursive: true });
  const comparison = await compareFiles(a, b, { workFolder, memoryLimitBytes: 500_000_000, threads: 2 });
  expect(await readdir(workFolder)).toEqual([]);
  return comparison;
};

describe('a CSV file is compared', () => {
  it('by the types of the Parquet file, on either side', async () => {
    const csv = await write("it's *.csv", `${ROWS.join('\n')}\n`);
    expect(await compare(csv, parquet)).toMatchObject({ same: true, a: { path: csv, rows: 2 } });
    expect(await compare(parquet, csv)).toMatchObject({ same: true, b: { path: csv } });
  });

  it('value by value', async () => {
    const csv = await write(
      'changed.csv',
      `${ROWS.join('\n').replace('007', '7').replace('1.50', '1.51')}\n`,
    );
    const { same, columns, schema } = await compare(parquet, csv);
    expect(same).toBe(false);
    expect(columns.filter((column) => !column.same).map(({ name }) => name)).toEqual(['code', 'amount']);
    expect(schema.typeDiffers).toEqual([]);
  });

  it('as text in a column that has other values', async () => {
    const csv = await write('text.csv', `${ROWS.join('\n').replace('2026-01-31', '31.01.2026')}\n`);
    const { schema, columns } = await compare(parquet, csv);
    expect(schema.typeDiffers).toEqual(['day']);
    expect(columns.filter((column) => !column.same).map(({ name }) => name)).toEqual(['day']);
  });

  it('with another one, also a compressed one, byte by byte', async () => {
    const plain = await write('plain.csv', 'id,code\n1,007\n');
    const packed = await write('packed.csv.gz', gzipSync('id,code\n1,007\n'));
    const other = await write('other.csv', 'id,code\n1,7\n');
    expect(await compare(plain, packed)).toMatchObject({ same: true });
    expect(await compare(plain, other)).toMatchObject({ same: false, rows: { onlyInA: 1, onlyInB: 1 } });
  });

  it('unless it is missing, or no CSV file', async () => {
    await expect(compare(parquet, join(bench.folder, 'gone.csv'))).rejects.toThrow(
      /gone\.csv does not exist/,
    );
    const broken = await write('broken.csv', Buffer.from('id,note\n1,Gr\xf6\xdfe GEHEIM\n', 'latin1'));
    const error = (await compare(parquet, broken).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ class: 'ConfigError', message: `${broken} cannot be read as CSV.` });
    expect(JSON.stringify(error)).not.toContain('GEHEIM');
  });

  it('by ferry compare', async () => {
    const csv = await write('same.csv', `${ROWS.join('\n')}\n`);
    const { exitCode, stdout } = await runFerry(['compare', 'same.csv', parquet], { folder: bench.folder });
    expect(stdout).toContain('The files contain the same rows.');
    expect(stdout).toContain('same.csv');
    expect(exitCode).toBe(0);
    expect(csv).toContain('same.csv');
  });
});
