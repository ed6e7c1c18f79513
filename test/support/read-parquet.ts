import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonEnvironment } from './python.ts';

const run = promisify(execFile);
const script = join(dirname(fileURLToPath(import.meta.url)), 'read_parquet.py');

/** A Parquet file as pyarrow sees it. */
export interface ParquetContent {
  /** The types in Arrow's words, such as `decimal128(10, 2)` or `timestamp[us, tz=UTC]`. */
  columns: Array<{ name: string; type: string }>;
  /**
   * Values without loss: decimals, dates, times, timestamps (`2024-01-31T12:00:00.000001Z`, with `Z` when the type has
   * a zone) and integers beyond 2^53 as text, bytes as hex, NaN and Infinity by name, a map as pairs.
   */
  rows: unknown[][];
  rowCount: number;
}

/** Reads a Parquet file with pyarrow: a reader that shares nothing with the writer under test. */
export async function readParquetWithPyarrow(file: string): Promise<ParquetContent> {
  const [content] = await readAllParquetWithPyarrow([file]);
  if (!content) throw new Error(`pyarrow said nothing about ${file}.`);
  return content;
}

/** Reads some files at once: most of the time that one takes is Python's start. */
export async function readAllParquetWithPyarrow(files: readonly string[]): Promise<ParquetContent[]> {
  const { python } = await pythonEnvironment();
  // -I: neither PYTHON… variables nor the current folder decide what is imported.
  const { stdout } = await run(python, ['-I', script, ...files], { maxBuffer: 2 ** 29 });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ParquetContent);
}
