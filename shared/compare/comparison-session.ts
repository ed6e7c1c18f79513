import { access, constants, realpath, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { closedDuckdbOptions } from '../duckdb/duckdb-options.ts';
import { exhaustedResource } from '../duckdb/exhausted-resource.ts';
import { openDuckdb } from '../duckdb/open-duckdb.ts';
import { runInterruptibly } from '../duckdb/run-interruptibly.ts';
import { quoteLiteral } from '../duckdb/sql-text.ts';
import { ConfigError, fullDiskError, QueryError } from '../errors.ts';
import { formatBytes } from '../text/format.ts';
import { FORM_MACROS } from './value-form.ts';

export interface ComparisonSessionOptions {
  /** A private, empty folder for what exceeds the memory limit. */
  folder: string;
  /** DuckDB's own limit, in bytes. The process takes up to 350 MB more. */
  memoryLimitBytes: number;
  threads: number;
  signal?: AbortSignal;
}

/** Which of the two files. */
export type Side = 'a' | 'b';

/** A separate DuckDB instance that can read two files and nothing else. */
export class ComparisonSession {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #options: ComparisonSessionOptions;

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    options: ComparisonSessionOptions,
  ) {
    this.#instance = instance;
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Opens a session over two files.
   *
   * @throws ConfigError when one of them is not a file that can be read
   */
  static async open(
    files: Readonly<Record<Side, string>>,
    options: ComparisonSessionOptions,
  ): Promise<ComparisonSession> {
    const { folder } = options;
    // DuckDB expands *, ? and [ in a path, cannot quote them, and turns folders such as `year=2026` into columns. So it
    // only ever sees these names.
    for (const side of ['a', 'b'] as const) await symlink(await findFile(files[side]), linkTo(folder, side));

    const instance = await openDuckdb(await closedDuckdbOptions(options));
    const connection = await instance.connect();
    const session = new ComparisonSession(instance, connection, options);
    try {
      await connection.run("SET TimeZone='UTC'");
      for (const macro of FORM_MACROS) await connection.run(macro);
      const paths = (['a', 'b'] as const).map((side) => quoteLiteral(linkTo(folder, side)));
      await connection.run(`SET allowed_paths=[${paths.join(', ')}]`);
      await connection.run('SET enable_external_access=false');
      await connection.run('SET lock_configuration=true');
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** The file as a SQL literal, for the functions that read Parquet. */
  pathOf(side: Side): string {
    return quoteLiteral(linkTo(this.#options.folder, side));
  }

  /**
   * Runs one statement to its end.
   *
   * @param explain what it means when DuckDB refuses this statement for another reason than memory or disk
   */
  async ask(sql: string, explain: (cause: unknown) => Error = explainUnreadable): Promise<unknown[][]> {
    const { signal } = this.#options;
    try {
      const read = () => this.#connection.runAndReadAll(sql);
      return (await runInterruptibly(this.#connection, signal, read)).getRowsJS();
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#explainLack(error) ?? explain(error);
    }
  }

  /** Frees everything. */
  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  #explainLack(cause: unknown): Error | undefined {
    const exhausted = exhaustedResource(cause);
    if (exhausted === 'disk') {
      return fullDiskError(
        cause,
        'Free space in the folder for temporary files, or name another one in TMPDIR: both files must fit into it uncompressed.',
      );
    }
    if (exhausted !== 'memory') return undefined;
    return new QueryError(
      `The comparison needs more memory than the ${formatBytes(this.#options.memoryLimitBytes)} that it may use.`,
      { cause, hint: 'Compare the files on a machine with more memory, or write them with fewer columns.' },
    );
  }
}

const linkTo = (folder: string, side: Side) => join(folder, `${side}.parquet`);

async function findFile(path: string): Promise<string> {
  const hint = 'ferry compare takes the paths of two files, each Parquet or CSV.';
  try {
    if (!(await stat(path)).isFile()) throw new ConfigError(`${path} is not a file.`, { hint });
    await access(path, constants.R_OK);
    return await realpath(path);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new ConfigError(`${path} ${missing ? 'does not exist' : 'cannot be read'}.`, { cause, hint });
  }
}

function explainUnreadable(cause: unknown): Error {
  return new QueryError('The files cannot be read to the end: a page of one of them is damaged.', {
    cause,
    hint: 'Write or download the file again. DuckDB’s own message may contain data, so it is not repeated here.',
  });
}
