import type { Socket } from 'node:net';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { SourceConfig, TypesMode } from '../config/schema/ferry-config.ts';
import type { LexicalRules } from '../duckdb/sql-text.ts';
import type { ColumnPlan, TextPlan } from './column-plan.ts';
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

/** A connected session, as a dialect needs it. */
export interface SourceClient {
  ask: AskSource;
  /** Runs DuckDB's own SQL. What it throws has the engine's message in its `cause`. */
  run(sql: string): Promise<unknown>;
}

/** What a connected server says about itself. */
export interface ServerFacts {
  /** Identifies the connection, so that another connection of the same login can cancel its statement. */
  connectionId: string;
  /** Whether the transaction is read-only, according to the server; undefined if it does not say. */
  readOnly: boolean | undefined;
  /** The server's own words, such as `10.11.19-MariaDB`. */
  version: string;
  /** How SQL text is read: sql_mode of MySQL; empty elsewhere. */
  sqlMode: string;
  /** What makes the login a superuser, such as `rds_superuser`; undefined when it is none. */
  superuser: string | undefined;
}

/** Identifies a session's statements at the server. */
export interface RunningStatements {
  connectionId: string | undefined;
  /** A comment before each statement that has its own connection. */
  mark: string;
}

/** A table or view, by the source's own names. */
export interface SourceTable {
  schema: string;
  table: string;
  /** It is known to store all its rows itself: no view, and nothing of another server. */
  stores?: true;
  /** Its columns whose numbers may be beyond all doubles, as which the client reads them. */
  beyondDoubles?: string[];
}

/** A table, and the settings by which the source prints those of its values that are read as text. */
export type PrintedTable = SourceTable & { printedBy: readonly string[] };

/** A column as DuckDB's client describes it. */
export interface ClientColumn {
  name: string;
  type: string;
}

/** A value computed at the source: SQL over the query's result, called `q`, and the value's name. */
export interface Expression {
  sql: string;
  alias: string;
  /** It watches over the values of its row, so the source must compute it together with them. */
  withRow?: true;
}

/** How to read a query whose values must not be computed again wherever an expression names their column. */
export interface ComputedOnce {
  /** The positions of columns that the source cuts off where it stores them. */
  cutOff: readonly number[];
}

/**
 * The differences between kinds of database. Each kind has one in its folder, listed in registry.ts.
 *
 * @example
 * const { relation } = dialectOf({ type: 'postgres' });
 * relation('SELECT id FROM orders', { database: 'db', mark: '' }); // DuckDB SQL that has the source run this query
 */
export interface Dialect {
  /** Product and version, for people. */
  describeServer(server: ServerFacts): string;
  /** Name of DuckDB's extension. */
  extension: string;
  /** DuckDB SQL for the result of a query that is sent to the source as it is. */
  relation(sql: string, session: { database: string; mark: string }): string;
  /** The same for a small answer, if the client treats it differently. @default relation */
  answer?(sql: string, session: { database: string }): string;
  /** Each statement that {@link relation} sends has its own connection, and so its own transaction. */
  statementsApart?: boolean;
  /**
   * The source's SQL for one whole number that has a bit for each condition, the lowest for the first. Absent where each
   * condition is sent as a column of its own.
   *
   * @param flags up to 62 conditions that are never NULL
   */
  packFlags?(flags: readonly string[]): string;
  /**
   * DuckDB SQL that runs a statement without an answer at the source. Absent if Ferry needs none.
   *
   * @param database the name that the source is attached as
   */
  execute?(sql: string, database: string): string;
  defaultPort: number;
  /**
   * Loads into this process what DuckDB's extension needs beside itself. Absent if that is nothing.
   *
   * @param folders where libraries may be that come with Ferry's code
   * @returns what was loaded, for people
   * @throws ConfigError that says what is missing
   */
  loadClient?(folders: readonly string[]): string;
  /**
   * Talks to the server before DuckDB's client does, where the client would wait forever or reveal too much. Absent if
   * the client needs no such help.
   *
   * @throws FerryError when the client must not connect; any other error when this is not such a server
   */
  probe?(socket: Socket, login: Login, mode: SourceConfig['tls']['mode']): Promise<void>;
  lexicalRules(server: ServerFacts): LexicalRules;
  /** Where DuckDB looks for a table of the attached source without a schema in its name. */
  defaultSchema(login: Login): string;
  /**
   * The source's SQL for the tables and views with these names, ignoring case: columns `schema` and `name`, as the
   * source has them.
   */
  tablesNamed(schema: string, table: string): string;
  /** Of several tables, DuckDB's client finds the one in the query's case. */
  tellsCase?: boolean;
  /** Settings of the extension that must be set before the source is attached. */
  settings(mode: TypesMode): readonly string[];
  /**
   * Attaches the source. Every value is bound, so no error message can repeat one.
   *
   * @param login.address where `host` was reached
   * @param options.name the name that it is attached as: `db`, unless sessions share an engine
   * @param options.readOnly false only for cancelling a statement of our own
   * @param options.folder a private one, for files that the client reads
   * @param options.folders where libraries may be that come with Ferry's code
   * @param options.limitLocks on every connection, waiting for locks must be limited: in a `scan`, for which the client
   *   opens further ones, and for questions about the `catalog` outside of transactions
   */
  attach(
    connection: DuckDBConnection,
    login: ConnectionLogin,
    tls: { mode: SourceConfig['tls']['mode']; caFile: string | undefined },
    options: {
      name: string;
      readOnly: boolean;
      folder: string;
      folders: readonly string[];
      limitLocks?: 'scan' | 'catalog' | undefined;
    },
  ): Promise<void>;
  /**
   * DuckDB SQL that closes what {@link attach} opened, where closing DuckDB does not.
   *
   * @param name the name that the source is attached as
   */
  detach?(name: string): string;
  /**
   * DuckDB SQL that begins a transaction at the source, and {@link end} that undoes it, where the client does not do so
   * with DuckDB's own transaction.
   *
   * @param name the name that the source is attached as
   */
  begin?(name: string): readonly string[];
  end?(name: string): string;
  /**
   * Asks a server that has just refused a connection, or a transaction on it, for the code of that, by another client:
   * with the same login, at the same address, and with the certificate verified in the same way. For refusals that
   * nothing else explains, as each counts as a failed login.
   *
   * @returns undefined when the server does not refuse this time, or cannot be asked
   */
  askRefusal(
    login: ConnectionLogin,
    tls: { mode: SourceConfig['tls']['mode']; caFile: string | undefined },
  ): Promise<Refusal | undefined>;
  /**
   * SQL of the source for {@link ServerFacts}: columns `id`, `version`, `mode`, `read_only` and `superuser`. It is the first
   * statement of each transaction, and may set for it what the text forms of values depend on.
   */
  serverFacts: string;
  /** Cancels the running statements of a session, from another session that is not read-only. */
  cancel(client: SourceClient, running: RunningStatements): Promise<void>;
  /**
   * What the server is, if it only speaks the language of this kind of database. Absent where nothing does.
   *
   * @returns `refused`: why Ferry does not read it
   */
  relative?(ask: AskSource): Promise<{ words: string; refused?: string } | undefined>;
  /** Whether the server itself keeps the session's transactions read-only. Absent if {@link serverFacts} says it. */
  proveReadOnly?(client: SourceClient): Promise<boolean>;
  /** Reads one table over several connections, if that is possible. */
  parallel?: ParallelReading;
  /** Reads the table of a query over several connections, if that is possible. */
  parts?: QueryParts;
  /**
   * Has the source describe a query, without running it, where the client's own description is of no use.
   *
   * @returns columns with the source's own types
   */
  describe?(ask: AskSource, query: string): Promise<ClientColumn[]>;
  /**
   * Has the source prepare a query, without running it, and decides how each column is written.
   *
   * @param columns the query's columns as the client describes them
   * @param modeOf how strictly to treat a column, by its name
   */
  planColumns(
    ask: AskSource,
    query: string,
    columns: readonly ClientColumn[],
    modeOf: (name: string) => TypesMode,
    server: ServerFacts,
  ): Promise<ColumnPlan[]>;
  /**
   * The source's SQL for a query that computes something from each row of another one, in its order.
   *
   * @param once the source computes the other one's values once for each row, however often an expression names them
   */
  selectFrom(
    query: string,
    expressions: readonly Expression[],
    columns: readonly string[],
    server: ServerFacts,
    once?: ComputedOnce,
  ): string;
  /**
   * Checks whether a wrapper of {@link selectFrom} leaves the query's values unchanged.
   *
   * @throws ExactnessError that names a column which may change
   */
  assertWrapIsLossless?(ask: AskSource, wrapped: string, columns: readonly ColumnPlan[]): Promise<void>;
  /** The source's SQL for a column of `q`, a query with these columns. */
  reference(columns: readonly string[], index: number): string;
  quoteName(name: string): string;
  /**
   * The source's SQL for a value as text, with all its digits; or how that is sent, where it needs more than SQL.
   *
   * @param type what the client makes of it, in DuckDB's words
   * @param name of the column, for messages
   */
  asText(value: string, type: string, name: string): string | TextPlan;
  /**
   * The source's SQL that plans a SELECT which it has refused, and fails with `ferry_code` and the error's code. Absent
   * if the words of a refusal always say enough.
   */
  codeOfRefusal?(select: string): string;
  /** How many rows the source's planner expects; undefined if it does not say. */
  estimateRows(client: SourceClient, query: string): Promise<number | undefined>;
  /** What the login may do beyond reading, in words; empty if it can only read. */
  findWritePrivileges(ask: AskSource): Promise<string[]>;
  /** The protocol and cipher of the connection; undefined when it is not encrypted. */
  describeEncryption(ask: AskSource): Promise<string | undefined>;
  /**
   * Refuses a query that would lock what it reads, if the server's read-only transaction allows that, or would change
   * how its session prints values, where {@link printSettings} cannot show that.
   *
   * @param query the source's SQL; undefined for a duckdbQuery
   * @param tables the tables that a duckdbQuery reads
   * @throws QueryError, ExactnessError
   */
  assertChangesNothing?(
    ask: AskSource,
    query: string | undefined,
    tables: readonly SourceTable[],
    server: ServerFacts,
  ): Promise<void>;
  /** Preparing `SELECT *` needs the right to read all columns, and a refusal ends DuckDB's transaction. */
  starNeedsAllColumns?: boolean;
  /** DuckDB's client sends the filters of a duckdbQuery to the source. */
  sendsFilters?: boolean;
  /** Whether DuckDB's client scans another table or column than the one with this name. */
  isMisreadInScan?(name: string): boolean;
  /** The source's SQL for the time limit of the session's statements: one row, 0 without a limit. */
  statementLimit?: string;
  /**
   * Why several statements in one transaction may see these tables at different moments; undefined when they cannot.
   */
  findSnapshotGap(ask: AskSource, tables: readonly SourceTable[]): Promise<string | undefined>;
  /**
   * SQL of the source for the settings of its session that decide how values are printed: one row, a column for each. A
   * query may change them while it runs. Absent where the connection that read a query cannot be asked.
   */
  printSettings?: string;
  /**
   * SQL of the source for a value, which fails the statement with this marker where settings that its text form depends
   * on ({@link ColumnPlan}) are not what they were before: a query may change them for some of its rows and set them
   * back. Absent without {@link printSettings}.
   *
   * @param settings their earlier values
   */
  failWhenChanged?(
    value: string,
    type: string,
    settings: ReadonlyMap<string, string>,
    marker: string,
  ): string;
  /**
   * Whether reading a table or view runs functions that may change {@link printSettings}. Absent without {@link
   * failWhenChanged}.
   */
  runsFunctions?(ask: AskSource, table: SourceTable): Promise<boolean>;
  /** The part of an engine's message that counts, if that also repeats statements. */
  reduceMessage?(message: string): string;
  /** What the engine's messages mean. */
  errorPatterns: ErrorPatterns;
}

/** Several connections that read parts of one table in one snapshot. */
export interface ParallelReading {
  /** Settings that replace those for one connection. */
  settings(connections: number): readonly string[];
  /**
   * Settings that go back to one connection if there is no proof of a shared snapshot; applied before anything is read.
   */
  fallBack: readonly string[];
  /**
   * Whether the client would read the table in one part anyway, because it is small. To be asked before the other
   * connections are opened.
   *
   * @param table as a query names it, in whatever case
   */
  isSmall(ask: AskSource, table: SourceTable): Promise<boolean>;
  /**
   * Opens all connections, and returns why they cannot share a snapshot; undefined if they do.
   *
   * @param beginning the source's SQL that begins each transaction ({@link Dialect.serverFacts})
   */
  prepare(
    connect: () => Promise<DuckDBConnection>,
    connections: number,
    beginning: string,
  ): Promise<string | undefined>;
  /** Why this table must be read in one part; undefined when it need not. */
  findTableObstacle(ask: AskSource, table: PrintedTable): Promise<string | undefined>;
  /** DuckDB SQL that goes back to one connection after the session is locked down. */
  fallBackLate: string;
  /**
   * How the rows were read, by the client's own log: by connections that shared one snapshot, by one connection alone,
   * or `apart`, each by its own snapshot.
   */
  verify(connection: DuckDBConnection): Promise<'shared' | 'alone' | 'apart'>;
}

/** A query of one table, split so that several connections read all of its rows between them. */
export interface QuerySplit {
  /** The source's SQL. All of their rows together are those of the query. */
  parts: string[];
  /** Of each column of the result, whether it is a column of the table as the table stores it. */
  stored: readonly boolean[];
  /** Whether everything that allowed the split still is as it was; to be asked when the table is locked. */
  isUnchanged(ask: AskSource): Promise<boolean>;
}

/** Several connections that each read a part of a query's table, in one snapshot. Nothing of it changes a value. */
export interface QueryParts {
  /**
   * Splits a query, if one connection would return the same rows. It reads none.
   *
   * @param minBytes tables that are smaller are not worth it
   * @returns the parts, or why one connection must read them all
   */
  split(
    ask: AskSource,
    query: string,
    parts: number,
    minBytes?: number,
  ): Promise<QuerySplit | { obstacle: string }>;
  /**
   * Why the source would not read each part by itself; undefined if it would. Outside of a transaction, which this may
   * end.
   */
  findPlanObstacle(client: SourceClient, parts: readonly string[]): Promise<string | undefined>;
  /** The source's SQL that lets other transactions see what this one sees: one row with an identifier. */
  exportSnapshot: string;
  /** The source's SQL by which a transaction sees the same, as its first statement. */
  importSnapshot(id: string): string;
  /** The source's SQL for a row that is the same for all connections that see one moment of one server. */
  proof: string;
  /** The source's SQL that limits, for a transaction, how long it waits for a lock. */
  limitWaiting: string;
  /** DuckDB SQL by which the client opens up to so many connections. */
  poolSize(connections: number): string;
}
