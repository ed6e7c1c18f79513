import { join } from 'node:path';
import {
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
} from '@duckdb/node-api';
import type { ClientColumn } from '../source/dialect.ts';
import { closedDuckdbOptions } from '../source/duckdb-options.ts';
import { quoteIdentifier, quoteLiteral } from '../source/sql-text.ts';
import { type FileFacts, hashFile } from './hash-file.ts';

/** The rows of one file, which beyond this are spilled to disk. */
const MEMORY_LIMIT_BYTES = 128_000_000;
/** What is appended is held apart, and copied into the table at this many rows. */
const ROWS_PER_FLUSH = 16_384;

export interface RawFile extends FileFacts {
  path: string;
  rows: number;
}

/**
 * Writes rows in their order, as Parquet files of an exact number of rows. It is a DuckDB instance of its own, with one thread: the
 * session's keeps no order, and COPY cuts files at the size of its own chunks.
 */
export class RawWriter {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /**
   * @param options.folder a private folder for what DuckDB keeps
   * @param options.files the only folder that can be written to
   */
  static async open(options: { folder: string; files: string }): Promise<RawWriter> {
    const limits = { folder: options.folder, memoryLimitBytes: MEMORY_LIMIT_BYTES, threads: 1 };
    const instance = await DuckDBInstance.create(':memory:', {
      ...(await closedDuckdbOptions(limits)),
      preserve_insertion_order: 'true',
    });
    const connection = await instance.connect();
    await connection.run(`SET allowed_directories=[${quoteLiteral(join(options.files, '/'))}]`);
    await connection.run('SET enable_external_access=false');
    await connection.run('SET lock_configuration=true');
    return new RawWriter(instance, connection);
  }

  /**
   * Begins a series of files; one at a time.
   *
   * @param pathOf path of the nth file, from 1
   */
  async begin(
    columns: readonly ClientColumn[],
    rowsPerFile: number,
    pathOf: (chunk: number) => string,
  ): Promise<RawSeries> {
    const declared = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ');
    await this.#connection.run('BEGIN');
    await this.#connection.run(`CREATE OR REPLACE TABLE rows (${declared})`);
    return new RawSeries(this.#connection, rowsPerFile, pathOf);
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** The files of one answer of the source. Its rows are written before their transaction ends: to commit them would copy them once more. */
export class RawSeries {
  readonly #connection: DuckDBConnection;
  readonly #rowsPerFile: number;
  readonly #pathOf: (chunk: number) => string;
  readonly #files: RawFile[] = [];
  #appender: DuckDBAppender | undefined;
  /** Rows that are in no file yet. */
  #rows = 0;
  #unflushed = 0;

  constructor(connection: DuckDBConnection, rowsPerFile: number, pathOf: (chunk: number) => string) {
    this.#connection = connection;
    this.#rowsPerFile = rowsPerFile;
    this.#pathOf = pathOf;
  }

  async append(chunk: DuckDBDataChunk): Promise<void> {
    this.#appender ??= await this.#connection.createAppender('rows');
    this.#appender.appendDataChunk(chunk);
    this.#rows += chunk.rowCount;
    this.#unflushed += chunk.rowCount;
    if (this.#unflushed >= ROWS_PER_FLUSH) {
      this.#appender.flushSync();
      this.#unflushed = 0;
    }
    if (this.#rows >= this.#rowsPerFile) await this.#writeFullFiles();
  }

  /** Writes what is left. No rows make no file. */
  async finish(): Promise<RawFile[]> {
    this.#closeAppender();
    if (this.#rows > 0) await this.#write(0, this.#rows);
    this.#rows = 0;
    await this.#connection.run('ROLLBACK');
    return this.#files;
  }

  async #writeFullFiles(): Promise<void> {
    this.#closeAppender();
    let written = 0;
    for (; this.#rows - written >= this.#rowsPerFile; written += this.#rowsPerFile)
      await this.#write(written, this.#rowsPerFile);
    await this.#connection.run(`CREATE TABLE rest AS FROM rows OFFSET ${written}`);
    await this.#connection.run('DROP TABLE rows');
    await this.#connection.run('ALTER TABLE rest RENAME TO rows');
    // Frees the rows that are in files now.
    await this.#connection.run('COMMIT');
    await this.#connection.run('BEGIN');
    this.#rows -= written;
  }

  #closeAppender(): void {
    this.#appender?.closeSync();
    this.#appender = undefined;
    this.#unflushed = 0;
  }

  async #write(first: number, rows: number): Promise<void> {
    const path = this.#pathOf(this.#files.length + 1);
    await this.#connection.run(
      `COPY (FROM rows LIMIT ${rows} OFFSET ${first}) TO ${quoteLiteral(path)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 20480)`,
    );
    this.#files.push({ path, rows, ...(await hashFile(path)) });
  }
}
