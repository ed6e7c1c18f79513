import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { quoteLiteral } from '../../shared/source/sql-text.ts';
import { openDuckdb } from './open-duckdb.ts';
import { pythonEnvironment } from './python.ts';

const run = promisify(execFile);
const script = join(dirname(fileURLToPath(import.meta.url)), 'read_csv.py');

/** A CSV file as a reader sees it: its columns, with the types that it guesses, and each value's text. */
export interface CsvContent {
  columns: Array<{ name: string; type: string }>;
  rows: Array<Array<string | null>>;
}

/** Reads a CSV file with pyarrow. */
export async function readCsvWithPyarrow(file: string): Promise<CsvContent> {
  const { python } = await pythonEnvironment();
  const { stdout } = await run(python, ['-I', script, file]);
  return JSON.parse(stdout) as CsvContent;
}

/** Reads a CSV file with DuckDB. */
export async function readCsvWithDuckdb(file: string): Promise<CsvContent> {
  using duckdb = await openDuckdb();
  const { connection } = duckdb;
  const rowsOf = (options: string) =>
    `FROM read_csv(${quoteLiteral(file)}, allow_quoted_nulls = false, header = true, hive_partitioning = false${options})`;
  const seen = await connection.runAndReadAll(rowsOf(''));
  const text = await connection.runAndReadAll(rowsOf(", all_varchar = true, delim = ',', quote = '\"'"));
  const types = seen.columnTypes();
  return {
    columns: seen.columnNames().map((name, index) => ({ name, type: String(types[index]) })),
    rows: text.getRowsJS() as CsvContent['rows'],
  };
}
