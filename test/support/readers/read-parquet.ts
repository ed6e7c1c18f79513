import { createPythonReader } from './python-reader.ts';

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
export const readParquetWithPyarrow = createPythonReader<ParquetContent>('read_parquet.py');

/** Reads some files. */
export function readAllParquetWithPyarrow(files: readonly string[]): Promise<ParquetContent[]> {
  return Promise.all(files.map(readParquetWithPyarrow));
}
