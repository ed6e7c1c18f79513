import { quoteLiteral } from '../../../shared/duckdb/sql-text.ts';
import { openDuckdb } from './open-duckdb.ts';
import { createPythonReader } from './python-reader.ts';

/** A CSV file as a reader sees it: its columns, with the types that it guesses, and each value's text. */
export interface CsvContent {
  columns: Array<{ name: string; type: string }>;
  rows: Array<Array<string | null>>;
}

/** Reads a CSV file with pyarrow. */
export const readCsvWithPyarrow = createPythonReader<CsvContent>('read_csv.py');

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
