import { join } from 'node:path';
import type { DuckDBAppender, DuckDBConnection, DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import { closedDuckdbOptions } from '../../duckdb/duckdb-options.ts';
import { exhaustedResource } from '../../duckdb/exhausted-resource.ts';
import { openDuckdb } from '../../duckdb/open-duckdb.ts';
import { quoteIdentifier, quoteLiteral } from '../../duckdb/sql-text.ts';
import { fullDiskError, QueryError } from '../../errors.ts';
import type { ClientColumn } from '../../source/dialect.ts';
import { type FileFacts, hashFile } from './hash-file.ts';

/** Enough for the rows of one file of a usual catalog. */
const MIN_MEMORY_BYTES = 128_000_000;
/** A row group is built in memory. */
const ROW_GROUP = "ROW_GROUP_SIZE 20480, ROW_GROUP_SIZE_BYTES '8MB'";

/** `json`: a document a line, with its nulls. */
export type RawFormat = 'parquet' | 'json';

const FORMATS = {
  parquet: `FORMAT parquet, COMPRESSION snappy, ${ROW_GROUP}`,
  json: 'FORMAT json',
} as const satisfies Record<RawFormat, string>;

export interface RawFile extends FileFacts {
  path: string;
  rows: number;
}

/**
 * Writes rows in their order, as files with an exact number of rows. It has its own DuckDB instance with one
 * thread, which writes a table in its order; the session's has several, and COPY splits files at the size of its own
 * chunks.
 */
export class RawWriter {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /**
   * @param options.folder a private folder for DuckDB's files
   * @param options.files the only folder that can be written to
   * @param options.memoryLimitBytes the limit of the session next to it. The writer takes up to half as much; more than
   *   that spills to disk. Only long texts take so much
   */
  static async open(options: {
    folder: string;
    files: string;
    memoryLimitBytes: number;
  }): Promise<RawWriter> {
    const memoryLimitBytes = Math.max(MIN_MEMORY_BYTES, options.memoryLimitBytes / 2);
    const limits = { folder: options.folder, memoryLimitBytes, threads: 1 };
    const instance = await openDuckdb(await closedDuckdbOptions(limits));
    const connection = await instance.connect();
    await connection.run(`SET allowed_directories=[${quoteLiteral(join(options.files, '/'))}]`);
    await connection.run('SET enable_external_access=false');
    await connection.run('SET lock_configuration=true');
    return new RawWriter(instance, connection);
  }

  /**
   * Begins a series of files; one at a time, and none after one that failed.
   *
   * @param pathOf path of the nth file, from 1
   */
  async begin(
    columns: readonly ClientColumn[],
    rowsPerFile: number,
    pathOf: (chunk: number) => string,
    format: RawFormat = 'parquet',
  ): Promise<RawSeries> {
    const declared = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ');
    await this.#connection.run('BEGIN');
    await this.#connection.run(`CREATE OR REPLACE TABLE rows (${declared})`);
    return new RawSeries(this.#connection, { rowsPerFile, pathOf, format });
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/**
 * The files of one answer of the source. The table only contains the rows of the next file, because COPY takes several
 * times as long for part of a table (LIMIT). It is written before its transaction ends, because a commit would copy the
 * rows once more.
 */
export class RawSeries {
  readonly #connection: DuckDBConnection;
  readonly #rowsPerFile: number;
  readonly #pathOf: (chunk: number) => string;
  readonly #format: RawFormat;
  readonly #files: RawFile[] = [];
  #appender: DuckDBAppender | undefined;
  /** Rows that are not in a file yet. */
  #rows = 0;

  constructor(
    connection: DuckDBConnection,
    options: { rowsPerFile: number; pathOf: (chunk: number) => string; format: RawFormat },
  ) {
    this.#connection = connection;
    this.#rowsPerFile = options.rowsPerFile;
    this.#pathOf = options.pathOf;
    this.#format = options.format;
  }

  /** @throws StorageUnavailableError, or QueryError for texts that do not fit into its memory */
  async append(chunk: DuckDBDataChunk): Promise<void> {
    try {
      await this.#append(chunk);
    } catch (error) {
      throw explain(error);
    }
  }

  /**
   * Writes the remaining rows. Without rows there is no file.
   *
   * @throws StorageUnavailableError, or QueryError for texts that do not fit into its memory
   */
  async finish(): Promise<RawFile[]> {
    try {
      this.#closeAppender();
      if (this.#rows > 0) await this.#write();
      await this.#connection.run('ROLLBACK');
      return this.#files;
    } catch (error) {
      throw explain(error);
    }
  }

  async #append(chunk: DuckDBDataChunk): Promise<void> {
    if (this.#rows + chunk.rowCount >= this.#rowsPerFile) return this.#fillFiles(chunk);
    this.#appender ??= await this.#connection.createAppender('rows');
    this.#appender.appendDataChunk(chunk);
    // Rows that are not in the table count towards no limit, and never spill.
    this.#appender.flushSync();
    this.#rows += chunk.rowCount;
  }

  /** Splits a chunk in which one or more files end. */
  async #fillFiles(chunk: DuckDBDataChunk): Promise<void> {
    this.#closeAppender();
    await this.#connection.run('CREATE TABLE chunk AS FROM rows LIMIT 0');
    const appender = await this.#connection.createAppender('chunk');
    appender.appendDataChunk(chunk);
    appender.closeSync();
    let taken = 0;
    const take = async (rows: number) => {
      await this.#connection.run(`INSERT INTO rows FROM chunk LIMIT ${rows} OFFSET ${taken}`);
      this.#rows += rows;
      taken += rows;
    };
    while (this.#rows + chunk.rowCount - taken >= this.#rowsPerFile) {
      await take(this.#rowsPerFile - this.#rows);
      await this.#write();
      await this.#connection.run('CREATE OR REPLACE TABLE rows AS FROM chunk LIMIT 0');
    }
    await take(chunk.rowCount - taken);
    await this.#connection.run('DROP TABLE chunk');
    // Frees the rows that are now in files.
    await this.#connection.run('COMMIT');
    await this.#connection.run('BEGIN');
  }

  #closeAppender(): void {
    this.#appender?.closeSync();
    this.#appender = undefined;
  }

  /** Writes the present rows. */
  async #write(): Promise<void> {
    const path = this.#pathOf(this.#files.length + 1);
    await this.#connection.run(`COPY rows TO ${quoteLiteral(path)} (${FORMATS[this.#format]})`);
    this.#files.push({ path, rows: this.#rows, ...(await hashFile(path)) });
    this.#rows = 0;
  }
}

function explain(cause: unknown): unknown {
  switch (exhaustedResource(cause)) {
    case 'disk':
      return fullDiskError(cause);
    case 'memory':
      return new QueryError(
        'The texts of the catalog (definitions, comments) need more memory than is available.',
        {
          cause,
          hint: 'Give the run more memory (on Lambda: function.memory), or exclude the schemas with the longest texts (exclude).',
        },
      );
    default:
      return cause;
  }
}
