import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareFiles } from '../../../shared/compare/compare-files.ts';
import { ConfigError } from '../../../shared/errors.ts';
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
    expect(error).toMatchObject({
      class: 'ConfigError',
      message: `${broken} cannot be read as CSV: line 2 is not UTF-8.`,
    });
    expect(JSON.stringify(error)).not.toContain('GEHEIM');
  });

  it.each([
    ['too many fields', 'id,note\n1,a\n2,b,GEHEIM\n', 'line 3 has 3 fields, and the first line names 2'],
    ['too few fields', 'id,note\n1,a\nGEHEIM\n3,c\n', 'line 3 has 1 field, and the first line names 2'],
    ['an open quote', 'id,note\n1,a\n2,"GEHEIM\n3,c\n', 'line 3 has a quote (") that is never closed'],
    ['text behind a quote', 'id,note\n1,"a"GEHEIM\n', 'line 2 has a quote (") that is never closed, or text'],
    ['two kinds of line ends', 'id,note\r\n1,a\n2,b\r\n', 'its lines do not all end in the same way'],
    ['no byte', '', 'it is empty'],
    ['UTF-16', Buffer.from('\ufeffid,note\n1,GEHEIM\n', 'utf16le'), 'it is not text in UTF-8'],
    ['one name twice', 'id;note;id\n1;a;GEHEIM\n', 'its first line names the column "id" twice'],
  ])('not with %s: the line is named, without its values', async (_, content, why) => {
    const file = await write('damaged.csv', content);
    const error = (await compare(parquet, file).catch((thrown: unknown) => thrown)) as ConfigError;
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(`damaged.csv cannot be read as CSV: ${why}`);
    expect(`${error.message}${error.hint}`).not.toContain('GEHEIM');
  });

  it('not when it is compressed and cut off', async () => {
    const rows = Array.from({ length: 1000 }, (_, n) => `${n},${n * 7}`).join('\n');
    const packed = gzipSync(`id,note\n${rows}\n`);
    const file = await write('cut.csv.gz', packed.subarray(0, packed.length / 2));
    await expect(compare(parquet, file)).rejects.toThrow(/cut\.csv\.gz cannot be read as CSV: it is cut off/);
  });

  it('with values that span lines, any separator, a byte order mark and lines of Windows', async () => {
    const file = await write('excel.csv', '\ufeffid|"a|b"|\r\n1|"x\n""y"""|\r\n2||z\r\n');
    const plain = await write('plain of excel.csv', 'id,a|b,column2\n1,"x\n""y""",\n2,,z\n');
    expect(await compare(file, plain)).toMatchObject({ same: true, a: { rows: 2 } });
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
