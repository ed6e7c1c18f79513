import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import { closedDuckdbOptions } from '../source/duckdb-options.ts';
import { runInterruptibly } from '../source/run-interruptibly.ts';
import { quoteIdentifier, quoteLiteral } from '../source/sql-text.ts';
import type { RawRow } from './entities/entity-kinds.ts';

/** Rows are taken as they come, a few thousand at a time. */
const MEMORY_LIMIT_BYTES = 256_000_000;

/**
 * Reads raw Parquet files in the order of their rows, and cuts them. A DuckDB instance of its own: the one of the source reads with
 * several threads and keeps no order, and neither can be set for one statement.
 */
export class RawFiles {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #signal: AbortSignal | undefined;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, signal?: AbortSignal) {
    this.#instance = instance;
    this.#connection = connection;
    this.#signal = signal;
  }

  /**
   * @param options.folder a private folder for what DuckDB keeps
   * @param options.files the folder of the files: nothing else can be read or written
   */
  static async open(options: {
    folder: string;
    files: string;
    signal?: AbortSignal | undefined;
  }): Promise<RawFiles> {
    const { folder, files, signal } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const limits = { folder, memoryLimitBytes: MEMORY_LIMIT_BYTES, threads: 1 };
    const instance = await DuckDBInstance.create(':memory:', {
      ...(await closedDuckdbOptions(limits)),
      preserve_insertion_order: 'true',
    });
    const connection = await instance.connect();
    await connection.run(`SET allowed_directories=[${quoteLiteral(join(files, '/'))}]`);
    await connection.run('SET enable_external_access=false');
    await connection.run('SET lock_configuration=true');
    return new RawFiles(instance, connection, signal);
  }

  /** The rows of a file, in chunks of a few thousand. A BIGINT comes as a number: no count of a catalog is beyond 2^53. */
  async *rows(file: string, columns: readonly string[]): AsyncGenerator<RawRow[]> {
    const names = columns.map(quoteIdentifier).join(', ');
    const result = await this.#connection.stream(`SELECT ${names} FROM read_parquet(${quoteLiteral(file)})`);
    // The next chunk is read while the caller works on this one.
    let next = result.fetchChunk();
    for (let chunk = await next; chunk !== null && chunk.rowCount > 0; chunk = await next) {
      next = result.fetchChunk();
      next.catch(() => {});
      this.#signal?.throwIfAborted();
      yield rowsOf(chunk, columns);
    }
  }

  /** Writes a part of a file to another one. */
  async copyRows(file: string, target: string, first: number, count: number): Promise<void> {
    const sql = `COPY (
        SELECT * EXCLUDE (file_row_number) FROM read_parquet(${quoteLiteral(file)}, file_row_number=true)
        WHERE file_row_number >= ${first} AND file_row_number < ${first + count}
      ) TO ${quoteLiteral(target)} (FORMAT parquet, COMPRESSION snappy)`;
    await runInterruptibly(this.#connection, this.#signal, () => this.#connection.run(sql));
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

function rowsOf(chunk: DuckDBDataChunk, columns: readonly string[]): RawRow[] {
  const rows: Record<string, unknown>[] = Array.from({ length: chunk.rowCount }, () => ({}));
  columns.forEach((column, index) => {
    chunk.visitColumnValues(index, (value, row) => {
      const target = rows[row];
      if (target) target[column] = typeof value === 'bigint' ? Number(value) : value;
    });
  });
  return rows;
}
