import type { Socket } from 'node:net';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { SourceConfig, TypesMode } from '../config/schema/ferry-config.ts';
import type { LexicalRules } from '../duckdb/sql-text.ts';
import type { ColumnPlan } from './column-plan.ts';
import type { ConnectionLogin, Login } from './credentials/credentials.ts';
import type { ErrorPatterns, Refusal } from './error-patterns.ts';

/** A small answer of the source. */
export interface SourceAnswer {
  names: string[];
  /** In DuckDB's words. */
  types: string[];
  rows: unknown[][];
}

/** Sends a statement in the source's own SQL, and reads the whole answer. */
export type AskSource = (sql: string) => Promise<SourceAnswer>;

/** A connected session, as far as a dialect needs it. */
export interface SourceClient {
  ask: AskSource;
  /** Runs DuckDB's own SQL; an engine's message is in the `cause` of what it throws. */
  run(sql: string): Promise<unknown>;
}

/** What a connected server said of itself. */
export interface ServerFacts {
  /** By which another connection of the same login can cancel this one's statement. */
  connectionId: string;
  /** Whether the transaction is read-only, by the server's own word; undefined where it does not say. */
  readOnly: boolean | undefined;
  /** The server's own words, such as `10.11.19-MariaDB`. */
  version: string;
  /** What decides how SQL text is read: sql_mode of MySQL; empty elsewhere. */
  sqlMode: string;
}

/** By what a session's statements can be found at the server. */
export interface RunningStatements {
  connectionId: string | undefined;
  /** A comment before each statement that has its own connection. */
  mark: string;
}

/** A table or view, by the names that the source gives it. */
export interface SourceTable {
  schema: string;
  table: string;
}

/** A column as DuckDB's client describes it. */
export interface ClientColumn {
  name: string;
  type: string;
}

/** A value computed at the source: SQL over the query's result, called `q`, and the name that it gets. */
export interface Expression {
  sql: string;
  alias: string;
}

/** What differs between kinds of database. One in the folder of each kind. */
export interface Dialect {
  /** Product and version, for people. */
  describeServer(server: ServerFacts): string;
  /** Name of DuckDB's extension. */
  extension: string;
  /** DuckDB SQL for the result of a query that is sent to the source as it is. */
  relation(sql: string, session: { database: string; mark: string }): string;
  /** The same for a small answer, where the client treats it otherwise. @default relation */
  answer?(sql: string, session: { database: string }): string;
  /** Each statement that {@link relation} sends has a connection, and so a transaction, of its own. */
  statementsApart?: boolean;
  /**
   * DuckDB SQL that has the source run a statement without an answer. Absent where Ferry has none to run.
   *
   * @param database what the source is attached as
   */
  execute?(sql: string, database: string): string;
  defaultPort: number;
  /**
   * Talks to the server before DuckDB's client does, where that would wait forever or give away too much. Absent where the client
   * needs no such help.
   *
   * @throws FerryError when the client must not connect; any other error when this is no such server
   */
  probe?(socket: Socket, login: Login, mode: SourceConfig['tls']['mode']): Promise<void>;
  lexicalRules(server: ServerFacts): LexicalRules;
  /** Where DuckDB looks for a table of the attached source that is named without a schema. */
  defaultSchema(login: Login): string;
  /** SQL of the source for the tables and views of these names, in whatever case: columns `schema` and `name`, as the source has them. */
  tablesNamed(schema: string, table: string): string;
  /** DuckDB's client finds the one of several tables whose case is that of the query. */
  tellsCase?: boolean;
  /** Settings of the extension that must hold before the source is attached. */
  settings(mode: TypesMode): readonly string[];
  /**
   * Attaches the source. Every value is bound: an error message cannot repeat one.
   *
   * @param login.address where `host` was reached
   * @param options.name what it is attached as: `db`, but where sessions share an engine
   * @param options.readOnly false only for cancelling a statement of our own
   * @param options.folder a private one, for what the client reads from files
   */
  attach(
    connection: DuckDBConnection,
    login: ConnectionLogin,
    tls: { mode: SourceConfig['tls']['mode']; caFile: string | undefined },
    options: { name: string; readOnly: boolean; folder: string },
  ): Promise<void>;
  /**
   * Asks a server that has just refused a connection, or a transaction on it, for the code of that, by another client: with the same login, at the same address, and
   * with the certificate verified in the same way. For refusals that nothing else explains, as each counts as a failed login.
   *
   * @returns undefined when the server does not refuse it this time, or cannot be asked
   */
  askRefusal(
    login: ConnectionLogin,
    tls: { mode: SourceConfig['tls']['mode']; caFile: string | undefined },
  ): Promise<Refusal | undefined>;
  /**
   * SQL of the source for {@link ServerFacts}: columns `id`, `version`, `mode` and `read_only`. It is the first statement of each transaction, and may set
   * for it what the text forms of values depend on.
   */
  serverFacts: string;
  /** Cancels what a session's connections do, from another session that is not read-only. */
  cancel(client: SourceClient, running: RunningStatements): Promise<void>;
  /** Whether the server itself holds the session's transactions read-only. Absent where {@link serverFacts} say it. */
  proveReadOnly?(client: SourceClient): Promise<boolean>;
  /** Reading one table over several connections, where that can be had. */
  parallel?: ParallelReading;
  /**
   * Has the source prepare a query, without running it, and decides for each column how it is carried.
   *
   * @param columns the query's columns as the client describes them
   * @param modeOf how strict to be with a column, by its name
   */
  planColumns(
    ask: AskSource,
    query: string,
    columns: readonly ClientColumn[],
    modeOf: (name: string) => TypesMode,
    server: ServerFacts,
  ): Promise<ColumnPlan[]>;
  /** SQL of the source for a query that computes something from each row of another one, in the order of that. */
  selectFrom(
    query: string,
    expressions: readonly Expression[],
    columns: readonly string[],
    server: ServerFacts,
  ): string;
  /**
   * Looks whether a wrapper of {@link selectFrom} leaves the values of the query alone.
   *
   * @throws ExactnessError that names a column of which it may not
   */
  assertWrapIsLossless?(ask: AskSource, wrapped: string, columns: readonly ColumnPlan[]): Promise<void>;
  /** SQL of the source for a column of `q`, a query with these columns. */
  reference(columns: readonly string[], index: number): string;
  quoteName(name: string): string;
  /**
   * SQL of the source for a value as text, with all its digits.
   *
   * @param type what the client makes of it, in DuckDB's words
   */
  asText(value: string, type: string): string;
  /**
   * SQL of the source that plans a SELECT which it has refused, and fails with `ferry_code` and the code of that. Absent where the words of a
   * refusal always say enough.
   */
  codeOfRefusal?(select: string): string;
  /** How many rows the source's planner expects; undefined when it does not say. */
  estimateRows(client: SourceClient, query: string): Promise<number | undefined>;
  /** What the login may do beyond reading, in words; empty when it can only read. */
  findWritePrivileges(ask: AskSource): Promise<string[]>;
  /** The protocol and cipher of the connection; undefined when it is not encrypted. */
  describeEncryption(ask: AskSource): Promise<string | undefined>;
  /**
   * Refuses a query that would lock what it reads, where the server's read-only transaction lets it.
   *
   * @param query SQL of the source; undefined for a duckdbQuery
   * @param tables those that a duckdbQuery reads
   * @throws QueryError
   */
  assertTakesNoLocks?(
    ask: AskSource,
    query: string | undefined,
    tables: readonly SourceTable[],
    server: ServerFacts,
  ): Promise<void>;
  /** Whether DuckDB's client scans another table or column than the one of this name. */
  isMisreadInScan?(name: string): boolean;
  /** SQL of the source for the time limit of the session's statements: one row, 0 where there is none. */
  statementLimit?: string;
  /** Why several statements in one transaction may not show these tables at the same moment; undefined when they do. */
  findSnapshotGap(ask: AskSource, tables: readonly SourceTable[]): Promise<string | undefined>;
  /**
   * SQL of the source for the settings of its session that decide how values are printed: one row, a column for each. A query may
   * change them while it runs. Absent where the connection that read a query cannot be asked.
   */
  printSettings?: string;
  /**
   * SQL of the source for a value, which fails the statement with this marker where settings that its text form depends on ({@link ColumnPlan})
   * are not what they were before: a query may change them for some of its rows and set them back. Absent without {@link printSettings}.
   *
   * @param settings their values before
   */
  failWhenChanged?(
    value: string,
    type: string,
    settings: ReadonlyMap<string, string>,
    marker: string,
  ): string;
  /** What the engine's messages mean. */
  errorPatterns: ErrorPatterns;
}

/** Several connections that read parts of one table in one snapshot. */
export interface ParallelReading {
  /** Settings instead of those for one connection. */
  settings(connections: number): readonly string[];
  /** Settings that go back to one connection when the proof fails; run before anything is read. */
  fallBack: readonly string[];
  /**
   * Opens all connections, and says why one snapshot cannot be had; undefined when it can.
   *
   * @param beginning SQL of the source with which each transaction begins ({@link Dialect.serverFacts})
   */
  prepare(
    connect: () => Promise<DuckDBConnection>,
    connections: number,
    beginning: string,
  ): Promise<string | undefined>;
  /** Why this table must be read in one part; undefined when nothing speaks against several. */
  findTableObstacle(ask: AskSource, table: SourceTable): Promise<string | undefined>;
  /** DuckDB SQL that goes back to one connection when the session is closed off and its settings are locked. */
  fallBackLate: string;
  /**
   * How the rows were read, by the client's own log: by connections that shared one snapshot, by one connection alone, or `apart`,
   * each by its own snapshot.
   */
  verify(connection: DuckDBConnection): Promise<'shared' | 'alone' | 'apart'>;
}
