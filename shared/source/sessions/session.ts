import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBResultReader, DuckDBScalarFunction } from '@duckdb/node-api';
import type { SourceConfig } from '../../config/schema/ferry-config.ts';
import { fetchAhead } from '../../duckdb/fetch-ahead.ts';
import { trimStatement } from '../../duckdb/sql-text.ts';
import { makeFolder } from '../../make-folder.ts';
import { assertReachable } from '../../network/reachability.ts';
import type { RowsQuery } from '../catalog/catalog.ts';
import { type ConnectionLogin, isFile } from '../credentials/credentials.ts';
import type {
  ClientColumn,
  Dialect,
  ServerFacts,
  SourceAnswer,
  SourceClient,
  SourceTable,
} from '../dialect.ts';
import type { SourcePhase } from '../error-patterns.ts';
import { certificateAuthorities } from '../tls.ts';
import { explainRefusal } from './explain-refusal.ts';
import { explainStranger } from './explain-stranger.ts';
import { explainUnknown, ofStatement } from './explain-unknown.ts';
import { openWithLatestSecret } from './open-with-latest-secret.ts';
import { serverFactsOf } from './server-facts.ts';
import { besideHost, openOwnHost, type SessionHost } from './session-host.ts';
import type { Reading, SessionOptions, SourceStream, TransactionOptions } from './session-options.ts';
import { needsOf } from './started-duckdb.ts';
import { StatementRunner } from './statement-runner.ts';
import { TableReading } from './table-reading.ts';
import { statementName } from './trace-statement.ts';

export type { NamedTable, Reading, SessionOptions, SourceStream } from './session-options.ts';

const CONNECT_TIMEOUT_MS = 3_000;

const selectAll = (relation: string) => `SELECT * FROM ${relation}`;

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
  readonly #statements: StatementRunner;
  #server: ServerFacts | undefined;
  readonly #table: TableReading;
  /** Identifies its statements at the source. */
  readonly #mark = `ferry ${randomUUID()}`;
  #provenReadOnly: boolean | undefined;
  /** Of a session beside others: cancels the statements of all of them, once. */
  #cancelTogether: (() => Promise<void>) | undefined;

  private constructor(host: SessionHost, dialect: Dialect, options: SessionOptions, outputFolder: string) {
    this.#host = host;
    this.#connection = host.connection;
    this.dialect = dialect;
    this.#options = options;
    this.outputFolder = outputFolder;
    this.#table = new TableReading(dialect, host, options);
    this.#statements = new StatementRunner(dialect, options, host, () => this.#cancelAtSource());
  }

  /**
   * Connects and locks the session down. A refused login is tried once more if its secret has changed.
   *
   * @throws SourceUnavailableError, AuthError, ConfigError, AccessError, StackUnavailableError
   */
  static async open(options: SessionOptions): Promise<SourceSession> {
    return await openWithLatestSecret(options, (latest) => SourceSession.#open(latest));
  }

  static async #open(options: SessionOptions): Promise<SourceSession> {
    const { source, login, folder, signal, refusals } = options;
    const needs = needsOf(options);
    const { dialect } = needs;
    const reaching = {
      timeoutMs: CONNECT_TIMEOUT_MS,
      probe: async (socket: Socket) => dialect.probe?.(socket, login, source.tls.mode),
      signal,
    };
    const address = isFile(login) ? '' : await assertReachable(login, reaching);

    const outputFolder = join(folder, 'out');
    await makeFolder(outputFolder, { mode: 0o700 });
    const ca = await certificateAuthorities(source.tls, login.certificateHost ?? login.host);
    const caFile = ca === undefined ? undefined : join(folder, 'ca.pem');
    if (ca !== undefined && caFile !== undefined) await writeFile(caFile, ca);

    const host = await (options.engine?.host(needs) ??
      openOwnHost(options, needs, await options.started?.take()));
    const { connection } = host;
    const session = new SourceSession(host, dialect, options, outputFolder);
    const tls = { mode: source.tls.mode, caFile };
    let tried: ConnectionLogin | undefined;
    try {
      await session.#table.configure();
      // As late as possible, because a token expires.
      const password = typeof login.password === 'string' ? login.password : await login.password(signal);
      const limitLocks = options.ofCatalog ? 'catalog' : session.#table.mayBeParallel ? 'scan' : undefined;
      const attached = {
        name: host.name,
        readOnly: !options.forCancelling,
        folder,
        folders: options.extensionFolders,
        limitLocks,
      } as const;
      const attaching = { ...login, password, address };
      refusals?.assertWorthTrying(attaching);
      tried = attaching;
      await session.#statements.run('connect', () => dialect.attach(connection, attaching, tls, attached));
      const isSmall = await session.#meet().catch(async (error: unknown) => {
        throw await explainStranger(error, dialect, async (sql) => {
          // The transaction of the first questions has failed.
          await connection.run(session.#ending).catch(() => {});
          return await session.askSource('connect', sql);
        });
      });
      refusals?.note(attaching);
      await session.#table.prepare(isSmall);
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

  get source(): SourceConfig {
    return this.#options.source;
  }

  /** The database in the login, as the source calls it. */
  get database(): string {
    return this.#options.login.database;
  }

  /** The kind of database. */
  get sourceType(): SourceConfig['type'] {
    return this.source.type;
  }

  /** What its DuckDB may use, in bytes. */
  get memoryLimitBytes(): number {
    return this.#options.memoryLimitBytes;
  }

  /** Each connection needs a password of its own, which expires. */
  get usesTokens(): boolean {
    return typeof this.#options.login.password !== 'string';
  }

  /** Ends its statements. */
  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  get reading(): Reading {
    return this.#table.reading;
  }

  /** Whether the server itself has said that it keeps the session's transactions read-only. */
  get isProvenReadOnly(): boolean {
    return this.#provenReadOnly ?? this.server.readOnly ?? false;
  }

  /** Runs DuckDB's own SQL. Any failure is thrown as a FerryError, with the engine's words only in its `cause`. */
  run(phase: SourcePhase, sql: string): Promise<DuckDBResultReader> {
    return this.#statements.run(phase, () => this.#connection.runAndReadAll(sql), statementName(phase, sql));
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
   */
  async streamSource({ sql, select = selectAll }: RowsQuery): Promise<SourceStream> {
    const result = await this.#statements
      .run('read', () => this.#connection.stream(select(this.relationOf(sql))))
      .catch(ofStatement(sql));
    const fetch = () =>
      this.#statements.runUntraced('read', () => result.fetchChunk()).catch(ofStatement(sql));
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

  /**
   * Sessions on the same DuckDB, each with a connection of its own to the source. For work that ends before this session
   * is used again, or closed.
   *
   * @param signal cancels the statements of all of them
   */
  async openBeside(count: number, signal: AbortSignal): Promise<SourceSession[]> {
    const sessions: SourceSession[] = [];
    let cancelling: Promise<void> | undefined;
    const cancel = () => {
      cancelling ??= this.#cancel(sessions.filter((session) => session.#statements.isRunning));
      return cancelling;
    };
    for (let n = 0; n < count; n += 1) {
      const host = await besideHost(this.#host);
      const session = new SourceSession(host, this.dialect, { ...this.#options, signal }, this.outputFolder);
      session.#cancelTogether = cancel;
      sessions.push(session);
    }
    return sessions;
  }

  /** Why the source would not read each part of a query by itself; undefined if it would. */
  async findPlanObstacle(parts: readonly string[]): Promise<string | undefined> {
    return this.dialect.parts?.findPlanObstacle(this.#client('describe'), parts);
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
  async transaction<T>(
    work: () => Promise<T>,
    { first, oneStatement = false }: TransactionOptions = {},
  ): Promise<T> {
    await this.#begin('describe');
    try {
      if (first !== undefined) await this.execute('read', first);
      // Asked again, because a pooler may have given this transaction another connection of the server. If the
      // statement has its own connection, another one would only be idle next to it.
      if (!(oneStatement && this.dialect.statementsApart)) this.#server = await this.#askServer('describe');
      const result = await work();
      // What a read-only transaction may do all the same (NOTIFY, large objects) is left undone.
      await this.#end('read');
      return result;
    } catch (error) {
      await this.#statements.rollBack(this.#ending);
      throw await explainUnknown(this, error);
    }
  }

  /** Adds a function of Ferry's own to this session's DuckDB. */
  define(own: DuckDBScalarFunction): void {
    this.#connection.registerScalarFunction(own);
  }

  /** Goes back to one connection for a table that several could read differently, or print by other settings. */
  chooseReadingOf(table: SourceTable, printedBy: readonly string[]): Promise<void> {
    const run = (sql: string) => this.run('wrap', sql);
    return this.#table.chooseFor({ ...table, printedBy }, (sql) => this.askSource('wrap', sql), run);
  }

  /**
   * How the source was read in the end: not all parallel reads stay parallel.
   *
   * @returns undefined when connections have read different snapshots, so that the result is of no use
   */
  verifyReading(): Promise<Reading | undefined> {
    return this.#table.verify();
  }

  /** Where DuckDB looks for a table without a schema in its name. */
  get defaultSchema(): string {
    return this.dialect.defaultSchema(this.#options.login);
  }

  /** Frees everything. Abandoned statements are left to the end of the process. */
  close(): void {
    if (!this.#statements.isAbandoned) this.#host.close();
  }

  /**
   * Asks the server about itself and, if that does not say it, whether it keeps a transaction read-only.
   *
   * @returns whether the table is too small for several connections
   */
  async #meet(): Promise<boolean> {
    const { proveReadOnly, parallel } = this.dialect;
    const { parallel: table } = this.#options;
    const named = parallel && this.#table.mayBeParallel && typeof table === 'object' ? table : undefined;
    const proves = proveReadOnly !== undefined && !this.#options.forCancelling;
    if (named === undefined && !proves) {
      this.#server = await this.#askServer('connect');
      return false;
    }
    // Together, so that they share a connection; a refused statement ends the transaction.
    await this.#begin('connect');
    this.#server = await this.#askServer('connect');
    if (proves) this.#provenReadOnly = await proveReadOnly(this.#client('describe'));
    const { schema = this.defaultSchema, table: name = '' } = named ?? {};
    const isSmall = named && (await parallel?.isSmall(this.#client('connect').ask, { schema, table: name }));
    await this.#end('connect');
    return isSmall ?? false;
  }

  async #begin(phase: SourcePhase): Promise<void> {
    for (const sql of this.dialect.begin?.(this.#host.name) ?? ['BEGIN']) await this.run(phase, sql);
  }

  get #ending(): string {
    return this.dialect.end?.(this.#host.name) ?? 'ROLLBACK';
  }

  async #end(phase: SourcePhase): Promise<void> {
    await this.run(phase, this.#ending);
  }

  async #askServer(phase: SourcePhase): Promise<ServerFacts> {
    const { rows } = await this.askSource(phase, this.dialect.serverFacts);
    return serverFactsOf(rows[0] ?? []);
  }

  #client(phase: SourcePhase): SourceClient {
    return { ask: (sql) => this.askSource(phase, sql), run: (sql) => this.run(phase, sql) };
  }

  async #cancelAtSource(): Promise<void> {
    await (this.#cancelTogether?.() ?? this.#cancel([this]));
  }

  /** Cancels the running statements of sessions on this one's DuckDB. */
  async #cancel(sessions: readonly SourceSession[]): Promise<void> {
    const running = sessions.flatMap((session) =>
      session.#server ? [{ connectionId: session.#server.connectionId, mark: session.#mark }] : [],
    );
    if (running.length === 0) return;
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
      for (const each of running) await this.dialect.cancel(helper.#client('read'), each);
    } finally {
      helper.close();
    }
  }
}
