import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBResultReader } from '@duckdb/node-api';
import type { SourceConfig } from '../config/schema/ferry-config.ts';
import { findExtension } from '../duckdb/extensions.ts';
import { fetchAhead } from '../duckdb/fetch-ahead.ts';
import { trimStatement } from '../duckdb/sql-text.ts';
import { FerryError, RefusedLoginError } from '../errors.ts';
import { assertReachable } from '../network/reachability.ts';
import type { ConnectionLogin } from './credentials/credentials.ts';
import { explainLaterRefusal, explainRefusedLogin } from './credentials/refused-login.ts';
import type {
  ClientColumn,
  Dialect,
  ServerFacts,
  SourceAnswer,
  SourceClient,
  SourceTable,
} from './dialect.ts';
import type { SourcePhase } from './error-patterns.ts';
import { explainExhausted, explainSourceError } from './explain-error.ts';
import { explainRefusal } from './explain-refusal.ts';
import { explainUnknown, ofStatement } from './explain-unknown.ts';
import { hasRolledBack, rejectWhenAborted, rejectWhenSilent } from './give-up.ts';
import { dialectOf } from './registry.ts';
import { openOwnHost, type SessionHost } from './session-host.ts';
import type { Reading, SessionOptions, SourceStream, TransactionOptions } from './session-options.ts';
import { certificateAuthorities } from './tls.ts';

export type { Reading, SessionOptions, SourceStream } from './session-options.ts';

// The connection string is fixed when the source is attached: a connection opened later would use an expired token.
const TOKENS_END = 'its tokens expire, so one connection is kept for the whole run';

const CONNECT_TIMEOUT_MS = 3_000;

/**
 * A DuckDB with one source attached read-only, which can access only this source and its output folder. Each run has
 * one, except extractions, whose sessions share an engine.
 */
export class SourceSession {
  readonly outputFolder: string;
  readonly dialect: Dialect;
  readonly #host: SessionHost;
  readonly #connection: DuckDBConnection;
  readonly #options: SessionOptions;
  readonly #signal: AbortSignal | undefined;
  #server: ServerFacts | undefined;
  #reading: Reading = { mode: 'single' };
  /** Identifies its statements at the source. */
  readonly #mark = `ferry ${randomUUID()}`;
  #provenReadOnly: boolean | undefined;
  /** An abandoned statement is still running: closing would wait for it. */
  #abandoned = false;

  private constructor(host: SessionHost, dialect: Dialect, options: SessionOptions, outputFolder: string) {
    this.#host = host;
    this.#connection = host.connection;
    this.dialect = dialect;
    this.#options = options;
    this.#signal = options.signal;
    this.outputFolder = outputFolder;
  }

  /**
   * Connects and locks the session down. A refused login is tried once more if its secret has changed.
   *
   * @throws SourceUnavailableError, AuthError, ConfigError, AccessError, StackUnavailableError
   */
  static async open(options: SessionOptions): Promise<SourceSession> {
    const login = { ...options.login, ...options.login.latest?.() };
    try {
      return await SourceSession.#open({ ...options, login });
    } catch (error) {
      if (!(error instanceof RefusedLoginError)) throw error;
      // A secret that cannot be read counts as unchanged: trying the same again could lock the account.
      const changed = await login.reread?.().catch(() => undefined);
      if (changed === undefined) throw await explainRefusedLogin(error, login);
      const renewed = { ...login, ...changed };
      return await SourceSession.#open({ ...options, login: renewed }).catch(async (again: unknown) => {
        throw again instanceof RefusedLoginError ? await explainRefusedLogin(again, renewed) : again;
      });
    }
  }

  static async #open(options: SessionOptions): Promise<SourceSession> {
    const { source, login, folder, signal, refusals } = options;
    const dialect = dialectOf(source.type);
    const extension = findExtension(dialect.extension, options.extensionFolders);
    const address = await assertReachable(login, {
      timeoutMs: CONNECT_TIMEOUT_MS,
      probe: async (socket) => dialect.probe?.(socket, login, source.tls.mode),
      signal,
    });

    const outputFolder = join(folder, 'out');
    await mkdir(outputFolder, { recursive: true, mode: 0o700 });
    const ca = certificateAuthorities(source.tls, login.certificateHost ?? login.host);
    const caFile = ca === undefined ? undefined : join(folder, 'ca.pem');
    if (ca !== undefined && caFile !== undefined) await writeFile(caFile, ca);

    const needs = { dialect, extension, mode: options.mode };
    const host = await (options.engine?.host(needs) ?? openOwnHost(options, needs));
    const { connection } = host;
    const session = new SourceSession(host, dialect, options, outputFolder);
    const tls = { mode: source.tls.mode, caFile };
    let tried: ConnectionLogin | undefined;
    try {
      const parallel = options.parallel && typeof login.password === 'string';
      if (parallel) {
        for (const setting of dialect.parallel?.settings(options.threads + 1) ?? [])
          await connection.run(setting);
      }
      // As late as possible, because a token expires.
      const password = typeof login.password === 'string' ? login.password : await login.password(signal);
      const attached = { name: host.name, readOnly: !options.forCancelling, folder };
      const attaching = { ...login, password, address };
      refusals?.assertWorthTrying(attaching);
      tried = attaching;
      await session.#ask('connect', () => dialect.attach(connection, attaching, tls, attached));
      await session.#meet();
      refusals?.note(attaching);
      if (parallel) session.#reading = await session.#prepareParallel();
      else if (options.parallel) session.#reading = { mode: 'single', reason: TOKENS_END };
      await host.closeOff(outputFolder);
      return session;
    } catch (error) {
      session.close();
      throw await explainRefusal(error, dialect, tried, { tls, refusals });
    }
  }

  /** What the connected server says about itself. */
  get server(): ServerFacts {
    if (!this.#server) throw new Error('The session is not connected.');
    return this.#server;
  }

  /** The kind of database. */
  get sourceType(): SourceConfig['type'] {
    return this.#options.source.type;
  }

  /** What its DuckDB may use, in bytes. */
  get memoryLimitBytes(): number {
    return this.#options.memoryLimitBytes;
  }

  get reading(): Reading {
    return this.#reading;
  }

  /** Whether the server itself has said that it keeps the session's transactions read-only. */
  get isProvenReadOnly(): boolean {
    return this.#provenReadOnly ?? this.server.readOnly ?? false;
  }

  /** Runs DuckDB's own SQL. Any failure is thrown as a FerryError, with the engine's words only in its `cause`. */
  run(phase: SourcePhase, sql: string): Promise<DuckDBResultReader> {
    return this.#ask(phase, () => this.#connection.runAndReadAll(sql));
  }

  /**
   * Runs a statement without an answer at the source, on the connection of the transaction. Only for Ferry's own
   * statements.
   */
  async execute(phase: SourcePhase, sql: string): Promise<void> {
    if (!this.dialect.execute)
      throw new Error(`Ferry cannot run statements on a source of the type ${this.sourceType}.`);
    await this.run(phase, this.dialect.execute(sql, this.#host.name));
  }

  /** Sends one SELECT in the source's own SQL, and reads the whole answer; for small ones. */
  async askSource(phase: SourcePhase, sql: string): Promise<SourceAnswer> {
    const { name: database } = this.#host;
    const answer = this.dialect.answer?.(sql, { database }) ?? this.relationOf(sql);
    const reader = await this.run(phase, `SELECT * FROM ${answer}`).catch(ofStatement(sql));
    return {
      names: reader.columnNames(),
      types: reader.columnTypes().map(String),
      rows: reader.getRowsJS() as unknown[][],
    };
  }

  /**
   * Sends one SELECT in the source's own SQL, and returns its rows in their order, a few thousand at a time and no
   * faster than the caller takes them. Nothing else can be asked meanwhile.
   *
   * @param replaced SQL of DuckDB that replaces some of the columns, such as `decode(a) AS a`
   */
  async streamSource(sql: string, replaced: readonly string[] = []): Promise<SourceStream> {
    const columns = replaced.length === 0 ? '*' : `* REPLACE (${replaced.join(', ')})`;
    const result = await this.#ask('read', () =>
      this.#connection.stream(`SELECT ${columns} FROM ${this.relationOf(sql)}`),
    ).catch(ofStatement(sql));
    const fetch = () => this.#ask('read', () => result.fetchChunk()).catch(ofStatement(sql));
    const described = result
      .columnNames()
      .map((name, index) => ({ name, type: `${result.columnType(index)}` }));
    return { columns: described, chunks: fetchAhead(fetch) };
  }

  /** Has the source prepare what DuckDB reads from it, without running it. */
  async describe(relation: string, phase: SourcePhase = 'describe'): Promise<ClientColumn[]> {
    const reader = await this.run(phase, `DESCRIBE SELECT * FROM ${relation}`);
    return reader.getRowsJS().map(([name, type]) => ({ name: String(name), type: String(type) }));
  }

  /** How many rows the source's planner expects of a query; undefined if it does not say. */
  async estimateRows(sql: string): Promise<number | undefined> {
    const trimmed = trimStatement(sql, this.dialect.lexicalRules(this.server));
    // This is only a hint: the query itself may work even if this fails.
    return this.dialect.estimateRows(this.#client('describe'), trimmed).catch(() => undefined);
  }

  /** DuckDB SQL for the result of a statement in the source's own SQL. */
  relationOf(sql: string): string {
    return this.dialect.relation(sql, { database: this.#host.name, mark: this.#mark });
  }

  /**
   * Everything that `work` reads shows one moment of the source.
   *
   * @param options.first a statement of the source that must come first, and so sees that moment as it is (see {@link
   *   execute})
   * @param options.oneStatement only one statement in the source's own SQL is sent, with {@link relationOf}
   */
  async transaction<T>(work: () => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { first, oneStatement = false } = options;
    await this.run('describe', 'BEGIN');
    try {
      if (first !== undefined) await this.execute('read', first);
      // Asked again, because a pooler may have given this transaction another connection of the server. If the
      // statement has its own connection, another one would only be idle next to it.
      if (!(oneStatement && this.dialect.statementsApart)) this.#server = await this.#askServer('describe');
      const result = await work();
      await this.run('read', 'COMMIT');
      return result;
    } catch (error) {
      // An abandoned statement holds the connection.
      if (!this.#abandoned) await this.#rollBack();
      throw await explainUnknown(this, error);
    }
  }

  /** Goes back to one connection for a table that several could read differently. */
  async chooseReadingOf(table: SourceTable): Promise<void> {
    const { parallel } = this.dialect;
    if (!parallel || this.#reading.mode === 'single') return;
    const reason = await parallel.findTableObstacle((sql) => this.askSource('wrap', sql), table);
    if (reason === undefined) return;
    await this.run('wrap', parallel.fallBackLate);
    this.#reading = { mode: 'single', reason };
  }

  /** Ends a transaction that failed. It does not wait for a source that does not answer. */
  async #rollBack(): Promise<void> {
    const rolling = this.#connection.run('ROLLBACK');
    if (await hasRolledBack(rolling, this.#signal)) return;
    this.#abandon();
    this.#host.abandon(rolling);
  }

  /**
   * How the source was read in the end: not all parallel reads stay parallel.
   *
   * @returns undefined when connections have read different snapshots, so that the result is of no use
   */
  async verifyReading(): Promise<Reading | undefined> {
    if (this.#reading.mode === 'single') return this.#reading;
    const how = await this.dialect.parallel?.verify(this.#connection);
    if (how === 'shared') return this.#reading;
    return how === 'alone' ? { mode: 'single', reason: 'the client read it in one part' } : undefined;
  }

  /** Where DuckDB looks for a table without a schema in its name. */
  get defaultSchema(): string {
    return this.dialect.defaultSchema(this.#options.login);
  }

  /** Frees everything. Abandoned statements are left to the end of the process. */
  close(): void {
    if (!this.#abandoned) this.#host.close();
  }

  /** Asks the server about itself and, if that does not say it, whether it keeps a transaction read-only. */
  async #meet(): Promise<void> {
    if (!this.dialect.proveReadOnly || this.#options.forCancelling) {
      this.#server = await this.#askServer('connect');
      return;
    }
    // Together, so that they share a connection; a refused statement ends the transaction.
    await this.run('connect', 'BEGIN');
    this.#server = await this.#askServer('connect');
    this.#provenReadOnly = await this.dialect.proveReadOnly(this.#client('describe'));
    await this.run('connect', 'ROLLBACK');
  }

  async #askServer(phase: SourcePhase): Promise<ServerFacts> {
    const { rows } = await this.askSource(phase, this.dialect.serverFacts);
    const [id, version, sqlMode, readOnly] = rows[0] ?? [];
    return {
      connectionId: String(id),
      version: String(version),
      sqlMode: String(sqlMode),
      readOnly: readOnly === null ? undefined : readOnly === 'on',
    };
  }

  #client(phase: SourcePhase): SourceClient {
    return {
      ask: (sql) => this.askSource(phase, sql),
      run: (sql) => this.run(phase, sql),
    };
  }

  async #prepareParallel(): Promise<Reading> {
    const { parallel } = this.dialect;
    if (!parallel) return { mode: 'single' };
    const reason = await parallel.prepare(
      () => this.#host.connect(),
      this.#options.threads + 1,
      this.dialect.serverFacts,
    );
    if (reason === undefined) return { mode: 'parallel' };
    for (const setting of parallel.fallBack) await this.#connection.run(setting);
    return { mode: 'single', reason };
  }

  /**
   * Runs a statement that talks to the source, and reduces an engine's message to a FerryError. An abort cancels the
   * statement at the source, because DuckDB does not notice an interrupt while its client waits for an answer. If the
   * source does not react to that either, it is not waited for.
   */
  async #ask<T>(phase: SourcePhase, work: () => Promise<T>): Promise<T> {
    this.#signal?.throwIfAborted();
    const ended = new AbortController();
    const running = work();
    const abandoned = this.#abandonWhenAborted(ended.signal);
    const silent = phase === 'connect' ? [this.#abandonWhenSilent(ended.signal)] : [];
    try {
      return await Promise.race([running, abandoned, ...silent]);
    } catch (error) {
      this.#signal?.throwIfAborted();
      const explained = error instanceof FerryError ? error : this.#explain(error, phase);
      if (phase === 'connect' || !(explained instanceof RefusedLoginError)) throw explained;
      throw await explainLaterRefusal(explained, this.#options.login);
    } finally {
      ended.abort();
      for (const promise of [abandoned, ...silent]) promise.catch(() => {});
      if (this.#abandoned) this.#host.abandon(running);
      else running.catch(() => {});
    }
  }

  #abandonWhenSilent(ended: AbortSignal): Promise<never> {
    const { login, openingAnswerMs } = this.#options;
    return rejectWhenSilent(login, ended, { answerMs: openingAnswerMs, giveUp: () => this.#abandon() });
  }

  #abandonWhenAborted(ended: AbortSignal): Promise<never> {
    return rejectWhenAborted(this.#signal, ended, {
      // Until the statement has reached the source, DuckDB does notice an interrupt.
      interrupt: () => this.#connection.interrupt(),
      cancel: () => this.#cancelAtSource(),
      giveUp: () => this.#abandon(),
    });
  }

  #abandon(): void {
    this.#abandoned = true;
  }

  async #cancelAtSource(): Promise<void> {
    if (this.#server === undefined) return;
    const folder = join(this.#options.folder, 'cancel');
    const { signal: _aborted, engine: _shared, ...options } = this.#options;
    const helper = await SourceSession.open({
      ...options,
      folder,
      threads: 1,
      parallel: false,
      forCancelling: true,
    });
    try {
      const { connectionId } = this.#server;
      await this.dialect.cancel(helper.#client('read'), { connectionId, mark: this.#mark });
    } finally {
      helper.close();
    }
  }

  #explain(error: unknown, phase: SourcePhase): Error {
    const message = error instanceof Error ? error.message : String(error);
    const { login, ofCatalog } = this.#options;
    const exhausted = explainExhausted(error);
    if (exhausted) return exhausted;
    return Object.assign(explainSourceError(this.dialect.errorPatterns, message, phase, login, ofCatalog), {
      cause: error,
    });
  }
}
