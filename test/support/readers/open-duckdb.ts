import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** A DuckDB in memory, to make or to read rows that a test compares. */
export interface OpenDuckdb extends Disposable {
  connection: DuckDBConnection;
}

export async function openDuckdb(): Promise<OpenDuckdb> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  return {
    connection,
    [Symbol.dispose]() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
