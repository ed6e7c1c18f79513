import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type ReadOptions, type ReadResult, readThroughFerry } from '../sync/read-through-ferry.ts';
import { ODBC_DRIVERS, odbcDrivers } from '../tools/odbc-drivers.ts';

/** A database of SQLite's in a folder of its own, written by Node's SQLite, which shares nothing with the driver. */
export interface SqliteFile extends AsyncDisposable {
  path: string;
  folder: string;
  query(sql: string): void;
  /** What a source of ferry.yaml says of it. */
  source: Record<string, unknown>;
  /** Runs a sync's query up to the Parquet file. */
  read(sync: Record<string, unknown>, options?: Partial<ReadOptions>): Promise<ReadResult>;
}

/** Makes one. @param name of the file, in which any letter may be */
export async function createSqlite(name = 'archive ü#1?%20.sqlite'): Promise<SqliteFile> {
  const drivers = await odbcDrivers();
  const folder = await mkdtemp(join(tmpdir(), 'ferry sqlite ü '));
  const path = join(folder, name);
  const database = new DatabaseSync(path);
  const source = {
    type: 'odbc',
    odbc: { product: 'sqlite', driver: join(drivers, ODBC_DRIVERS.sqlite) },
    database: path,
    auth: { type: 'none' },
  };
  return {
    path,
    folder,
    source,
    query: (sql) => database.exec(sql),
    read: (sync, options = {}) =>
      readThroughFerry(
        'odbc',
        { host: '', port: 0, user: '', password: '', database: path },
        { sync, source, ...options },
      ),
    async [Symbol.asyncDispose]() {
      database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
