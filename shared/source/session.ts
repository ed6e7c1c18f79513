import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { SourceConfig } from '../config/schema.ts';
import { QueryError, StorageUnavailableError } from '../errors.ts';
import type { Login } from './credentials.ts';
import { type Dialect, dialectOf, type SourcePhase } from './dialect.ts';
import { assertSafeDuckdbQuery } from './duckdb-query.ts';
import { findExtension } from './extensions.ts';
import { assertReachable } from './reachability.ts';
import { trimStatement } from './sql-text.ts';
import { certificateAuthorities } from './tls.ts';

/** A column of a result. `type` is the type that it has in the Parquet file, in DuckDB's words. */
export interface Column {
  name: string;
  type: string;
}

/** What to read: SQL of the source itself, or DuckDB SQL over the source attached as `db`. */
export type SourceQuery = { kind: 'source'; sql: string } | { kind: 'duckdb'; sql: string };

export interface SessionOptions {
  source: SourceConfig;
  login: Login;
  /** The run's private folder; the session reads and writes nowhere else. */
  folder: string;
  /** Where the files of DuckDB's extensions are. */
  extensionFolders: readonly string[];
  /** DuckDB's own limit, in bytes; what goes beyond spills to disk. */
  memoryLimitBytes: number;
  threads: number;
  signal?: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 3_000;
const PROGRESS_INTERVAL_MS = 200;
const INTERRUPT_INTERVAL_MS = 100;
const CANCEL_GRACE_MS = 4_000;

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * A DuckDB instance with one source attached read-only, that can reach nothing but this source and its output folder. One for each
 * run; the order in which it is closed off matters (duckdb-notes.md, "Locking it down").
 */
export class SourceSession {
  readonly outputFolder: string;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #dialect: Dialect;
  readonly #options: SessionOptions;
  readonly #signal: AbortSignal | undefined;
  #connectionId: string | undefined;
  /** A statement was given up that still runs: closing would wait for it. */
  #abandoned = false;

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    dialect: Dialect,
    options: SessionOptions,
    outputFolder: string,
  ) {
    this.#instance = instance;
    this.#connection = connection;
    this.#dialect = dialect;
    this.#options = options;
    this.#signal = options.signal;
    this.outputFolder = outputFolder;
  }

  /**
   * Connects and locks the session down.
   *
   * @throws SourceUnavailableError, AuthError, ConfigError
   */
  static async open(options: SessionOptions): Promise<SourceSession> {
    const { source, login, folder, signal } = options;
    const dialect = dialectOf(source.type);
    const extension = findExtension(dialect.extension, options.extensionFolders);
    await assertReachable(login.host, login.port, CONNECT_TIMEOUT_MS, signal);

    const outputFolder = join(folder, 'out');
    await Promise.all(
      ['out', 'spill', 'home'].map((name) => mkdir(join(folder, name), { recursive: true, mode: 0o700 })),
    );
    const ca = certificateAuthorities(source.tls, login.host);
    const caFile = ca === undefined ? undefined : join(folder, 'ca.pem');
    if (ca !== undefined && caFile !== undefined) await writeFile(caFile, ca);

    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
      allow_persistent_secrets: 'false',
      allow_unredacted_secrets: 'false',
      // Lambda has no home directory, and nothing of a run may stay behind in one.
      home_directory: join(folder, 'home'),
      extension_directory: join(folder, 'home'),
      secret_directory: join(folder, 'home'),
      temp_directory: join(folder, 'spill'),
      threads: String(options.threads),
      memory_limit: `${Math.floor(options.memoryLimitBytes / 1_000_000)}MB`,
      // What keeps memory flat however long the result is; an ORDER BY is still honoured.
      preserve_insertion_order: 'false',
    });
    const connection = await instance.connect();
    const session = new SourceSession(instance, connection, dialect, options, outputFolder);
    try {
      await connection.run(`LOAD ${literal(extension)}`);
      for (const setting of dialect.settings) await connection.run(setting);
      await connection.run("SET TimeZone='UTC'");
      await session.#ask('connect', () =>
        dialect.attach(connection, login, { mode: source.tls.mode, caFile }),
      );
      session.#connectionId = await session.#askConnectionId();
      await connection.run(`SET allowed_directories=[${literal(`${outputFolder}/`)}]`);
      await connection.run('SET enable_external_access=false');
      await connection.run('SET lock_configuration=true');
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /**
   * Has the source prepare the query, without running it.
   *
   * @returns the columns in order
   * @throws QueryError with what the source said of the query
   */
  async describe(query: SourceQuery): Promise<Column[]> {
    const sql = await this.#relation(query);
    const reader = await this.#ask('describe', () => this.#connection.runAndReadAll(`DESCRIBE ${sql}`));
    return reader.getRowsJS().map(([name, type]) => ({ name: String(name), type: String(type) }));
  }

  /**
   * Runs the query and writes its result to one Parquet file in the output folder: one statement, one snapshot. Nothing is left of
   * the file when it fails.
   */
  async exportParquet(
    query: SourceQuery,
    file: string,
    onProgress: (bytes: number) => void = () => {},
  ): Promise<{ rows: number; bytes: number }> {
    const sql = await this.#relation(query);
    const target = join(this.outputFolder, file);
    // While it is written, the file has a temporary name beside its own; its growth is the only progress that can be seen.
    const timer = setInterval(async () => {
      const names = await readdir(this.outputFolder).catch(() => []);
      const sizes = await Promise.all(
        names.map((name) =>
          stat(join(this.outputFolder, name)).then(
            (s) => s.size,
            () => 0,
          ),
        ),
      );
      onProgress(sizes.reduce((sum, size) => sum + size, 0));
    }, PROGRESS_INTERVAL_MS);
    const reader = await this.#ask('read', () =>
      this.#connection.runAndReadAll(
        `COPY (${sql}) TO ${literal(target)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '16MB')`,
      ),
    ).finally(() => clearInterval(timer));
    const [rows] = reader.getRowsJS()[0] ?? [];
    return { rows: Number(rows), bytes: (await stat(target)).size };
  }

  /** Frees everything. What was given up is left to the end of the process. */
  close(): void {
    if (this.#abandoned) return;
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #askConnectionId(): Promise<string> {
    const { queryFunction, connectionId } = this.#dialect;
    const reader = await this.#ask('connect', () =>
      this.#connection.runAndReadAll(`SELECT id FROM ${queryFunction}('db', ${literal(connectionId)})`),
    );
    return String(reader.getRowsJS()[0]?.[0]);
  }

  async #relation(query: SourceQuery): Promise<string> {
    if (query.kind === 'source') {
      // The extension pastes the query into a COPY of its own, and a trailing comment would swallow the rest of that.
      return `SELECT * FROM ${this.#dialect.queryFunction}('db', ${literal(trimStatement(query.sql))})`;
    }
    const sql = trimStatement(query.sql);
    await assertSafeDuckdbQuery(this.#connection, sql);
    return `SELECT * FROM (${sql})`;
  }

  /**
   * Runs a statement that talks to the source; an engine's message is reduced to a FerryError. An abort cancels the statement at the
   * source, as DuckDB's own interrupt is not heard while its client waits for an answer; a source that does not react to that either
   * is not waited for.
   */
  async #ask<T>(phase: SourcePhase, work: () => Promise<T>): Promise<T> {
    this.#signal?.throwIfAborted();
    const ended = new AbortController();
    const running = work();
    const abandoned = this.#abandonWhenAborted(ended.signal);
    try {
      return await Promise.race([running, abandoned]);
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw this.#explain(error, phase);
    } finally {
      ended.abort();
      running.catch(() => {});
      abandoned.catch(() => {});
    }
  }

  /** Never resolves; rejects when the run was aborted and the statement has not ended within the grace period. */
  #abandonWhenAborted(ended: AbortSignal): Promise<never> {
    const signal = this.#signal;
    return new Promise((_resolve, reject) => {
      if (!signal) return;
      const stop = () => {
        // Before the statement has reached the source DuckDB's interrupt is heard, but one that comes too early is forgotten.
        const interrupting = setInterval(() => this.#connection.interrupt(), INTERRUPT_INTERVAL_MS);
        const giveUp = setTimeout(() => {
          this.#abandoned = true;
          reject(signal.reason);
        }, CANCEL_GRACE_MS);
        ended.addEventListener('abort', () => {
          clearInterval(interrupting);
          clearTimeout(giveUp);
        });
        this.#cancelAtSource().catch(() => {
          // Whoever cannot be reached to be told cannot be waited for either: the grace period ends the statement for us.
        });
      };
      signal.addEventListener('abort', stop, { once: true, signal: ended });
    });
  }

  async #cancelAtSource(): Promise<void> {
    if (this.#connectionId === undefined) return;
    const folder = join(this.#options.folder, 'cancel');
    const { signal: _aborted, ...options } = this.#options;
    const helper = await SourceSession.open({ ...options, folder, threads: 1 });
    try {
      const sql = this.#dialect.cancel(this.#connectionId);
      await helper.#connection.run(`SELECT * FROM ${this.#dialect.queryFunction}('db', ${literal(sql)})`);
    } finally {
      helper.close();
    }
  }

  #explain(error: unknown, phase: SourcePhase): Error {
    const message = error instanceof Error ? error.message : String(error);
    if (/No space left on device|max_temp_directory_size/i.test(message)) {
      return new StorageUnavailableError('The working disk is full.', {
        cause: error,
        hint: 'Give the run a bigger disk (on Lambda: ephemeral storage).',
      });
    }
    if (/^Out of Memory Error/.test(message)) {
      return new QueryError('The query needs more memory than DuckDB may use.', {
        cause: error,
        hint: 'Let the source do joins and sorts (`query`), and select fewer columns.',
      });
    }
    return Object.assign(this.#dialect.explainError(message, phase, this.#options.login), { cause: error });
  }
}
