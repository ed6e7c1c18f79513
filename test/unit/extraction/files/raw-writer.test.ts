import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RawFile, RawWriter } from '../../../../shared/extraction/files/raw-writer.ts';
import { type OpenDuckdb, openDuckdb } from '../../../support/readers/open-duckdb.ts';

const COLUMNS = [
  { name: 'number', type: 'BIGINT' },
  { name: 'a "name"', type: 'VARCHAR' },
  { name: 'amount', type: 'DECIMAL(12,2)' },
];
/** DuckDB's own: no chunk has more. */
const FULL = 2_048;

let duckdb: OpenDuckdb;
beforeAll(async () => {
  duckdb = await openDuckdb();
});
afterAll(() => duckdb?.[Symbol.dispose]());

let folder: string;
let files: string;
let writer: RawWriter;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ferry raw 'ü' "));
  files = join(folder, 'files');
  await mkdir(files);
  writer = await RawWriter.open({ folder: join(folder, 'own'), files, memoryLimitBytes: 256_000_000 });
});
afterEach(async () => {
  writer?.close();
  await rm(folder, { recursive: true, force: true });
});

const pathOf = (chunk: number) => join(files, `${chunk}.parquet`);

/** Row n as it is to come out: with NULLs, and with texts that are kept apart from their vector. */
const rowOf = (n: number) => [
  String(n),
  n % 3 === 0 ? null : `row ${n}, whose name is long`,
  n % 5 === 0 ? null : (n * -1.25).toFixed(2),
];

/** Rows from one number on, as a source's chunk. */
async function chunkOf(first: number, rows: number): Promise<DuckDBDataChunk> {
  const answer = await duckdb.connection.stream(`SELECT n::BIGINT,
      CASE WHEN n % 3 <> 0 THEN 'row ' || n || ', whose name is long' END,
      CASE WHEN n % 5 <> 0 THEN (n * -1.25)::DECIMAL(12,2) END
    FROM range(${first}, ${first + rows}) AS t(n) ORDER BY n`);
  const chunk = await answer.fetchChunk();
  if (chunk?.rowCount !== rows) throw new Error(`A chunk has ${chunk?.rowCount} rows instead of ${rows}.`);
  return chunk;
}

async function write(rowsPerFile: number, chunks: readonly number[]): Promise<RawFile[]> {
  const series = await writer.begin(COLUMNS, rowsPerFile, pathOf);
  let first = 1;
  for (const rows of chunks) {
    await series.append(await chunkOf(first, rows));
    first += rows;
  }
  return series.finish();
}

async function read(path: string) {
  const sql = `FROM read_parquet('${path.replaceAll("'", "''")}')`;
  const answer = await duckdb.connection.runAndReadAll(sql);
  return { names: answer.columnNames(), types: answer.columnTypes().map(String), rows: answer.getRowsJson() };
}

const repeat = (rows: number, times: number) => Array.from({ length: times }, () => rows);

describe('raw files', () => {
  it.each([
    { title: 'one row each', rowsPerFile: 1, chunks: [3, 1, 2] },
    { title: 'as many rows as a chunk', rowsPerFile: 40, chunks: [40, 40, 40] },
    { title: 'two chunks each', rowsPerFile: 40, chunks: repeat(20, 4) },
    { title: 'a last row that fills one', rowsPerFile: 40, chunks: [39, 1] },
    { title: 'one row too many', rowsPerFile: 40, chunks: [39, 2] },
    { title: 'less than one', rowsPerFile: 40, chunks: [38, 1] },
    { title: 'one row less than a full chunk', rowsPerFile: FULL - 1, chunks: [FULL, FULL, 7] },
    { title: 'a full chunk each', rowsPerFile: FULL, chunks: [FULL, FULL, 7] },
    { title: 'two full chunks each', rowsPerFile: 2 * FULL, chunks: [...repeat(FULL, 4), 1] },
    { title: 'chunks that end anywhere', rowsPerFile: 5_000, chunks: repeat(FULL, 8) },
    { title: 'a chunk that fills several', rowsPerFile: 100, chunks: [30, FULL, 1, FULL] },
    { title: 'a chunk that fills several to the last row', rowsPerFile: 512, chunks: [FULL, 5] },
    { title: 'more rows than a row group has', rowsPerFile: 25_000, chunks: repeat(FULL, 21) },
  ])('of $title contain all rows in their order ($rowsPerFile a file)', async ({ rowsPerFile, chunks }) => {
    const written = await write(rowsPerFile, chunks);
    const total = chunks.reduce((sum, rows) => sum + rows, 0);
    const expected = Array.from({ length: Math.ceil(total / rowsPerFile) }, (_, at) => {
      const before = at * rowsPerFile;
      return Array.from({ length: Math.min(rowsPerFile, total - before) }, (_row, n) =>
        rowOf(before + n + 1),
      );
    });
    expect(written.map(({ path, rows }) => ({ path, rows }))).toEqual(
      expected.map(({ length }, at) => ({ path: pathOf(at + 1), rows: length })),
    );
    for (const [at, { path, bytes, sha256 }] of written.entries()) {
      const { names, types, rows } = await read(path);
      expect(names).toEqual(COLUMNS.map(({ name }) => name));
      expect(types).toEqual(COLUMNS.map(({ type }) => type));
      expect(rows).toEqual(expected[at]);
      const content = await readFile(path);
      expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
    }
    expect(await readdir(files)).toHaveLength(written.length);
  });

  it('do not exist without rows', async () => {
    expect(await write(40, [])).toEqual([]);
    expect(await readdir(files)).toEqual([]);
  });

  it('of one series do not affect the next one', async () => {
    await write(40, [39, 39]);
    const series = await writer.begin([{ name: 'only', type: 'INTEGER' }], 2, (chunk) =>
      join(files, `other-${chunk}.parquet`),
    );
    const answer = await duckdb.connection.stream('SELECT n::INTEGER FROM range(3) AS t(n) ORDER BY n');
    const chunk = await answer.fetchChunk();
    if (!chunk) throw new Error('There is no chunk.');
    await series.append(chunk);
    const written = await series.finish();
    expect(await Promise.all(written.map(({ path }) => read(path)))).toEqual([
      { names: ['only'], types: ['INTEGER'], rows: [[0], [1]] },
      { names: ['only'], types: ['INTEGER'], rows: [[2]] },
    ]);
    expect(await write(40, [])).toEqual([]);
  });

  it('are in the only folder that can be written to', async () => {
    const series = await writer.begin(COLUMNS, 1, () => join(folder, 'elsewhere.parquet'));
    await expect(series.append(await chunkOf(1, 1))).rejects.toThrow(/Permission/);
    expect(await readdir(folder)).not.toContain('elsewhere.parquet');
  });
});
