import type { CatalogFilters, FilterEntry } from './filters.ts';

/** A database that a login may connect to. */
export interface ListedDatabase {
  /** Unique in the list. */
  name: string;
  /** The server's bytes for it, if they are not the name in UTF-8. */
  bytes: Buffer | undefined;
}

/** A database of a server, whether or not a login may connect to it. */
export interface ServerDatabase extends ListedDatabase {
  isConnected: boolean;
  /** Bytes on the server's disk; undefined when the login may not see it. */
  size: number | undefined;
  /** Why nobody, or not this login, may connect. */
  closed: string | undefined;
}

/** A schema, and what an extraction would make entities of in it. */
export interface ServerSchema {
  name: string;
  /** Includes partitions and foreign tables; excludes what tempTableRegex leaves out. */
  tables: number;
  /** Includes materialised views. */
  views: number;
  /** Functions, procedures and aggregates. */
  routines: number;
  /** Whether the filters leave it. */
  inScope: boolean;
}

/** What an entry of an include filter matches. */
export interface EntryMatch {
  /** How many databases of the server its pattern matches. */
  databases: number;
  /** Whether the connected database is among them. */
  here: boolean;
  /** The first of its schema patterns that no schema of the connected database matches. */
  missing: string | undefined;
}

/** What the filters leave of the connected database, and its server's version. */
export interface ScopeSize {
  /** Tables and views. */
  relations: number;
  /** The server's, such as `15.18`. */
  version: string;
  /** Name and version of a product that only speaks the language of this kind of database. */
  product?: string;
  /** The first version whose catalog can be read. */
  minimumVersion: string;
}

/**
 * What a server has, and what of it the filters leave. Ferry asks this before it reads the catalog, and outside a
 * transaction, because a transaction does not continue after an error. The filters must have letters that the connected
 * database accepts (fitLetters). An undefined `databaseName` stands for the connected database.
 *
 * @example
 * const scope = catalogOf(session.source).scope((sql) => session.askSource('describe', sql));
 * await scope.assertPatterns(filters);
 * for (const { name } of await scope.listDatabases(filters)) console.log(name);
 */
export interface CatalogScope {
  /**
   * Checks every pattern at the source, with one statement if all are right.
   *
   * @throws ConfigError that names the field, the database and the pattern, and what the server says is wrong
   */
  assertPatterns(filters: CatalogFilters): Promise<void>;
  /** Whether the connected database accepts a statement with this text: its encoding has every letter. */
  takesText(text: string): Promise<boolean>;
  /**
   * The databases of the server that the login may connect to and of which the filters may leave something, by name.
   * The server may still refuse a connection to one.
   *
   * @throws ConfigError when a filter is not a valid regular expression
   */
  listDatabases(filters: CatalogFilters): Promise<ListedDatabase[]>;
  /** Those that it may not connect to and the filters would leave, with why not. Absent where there are none. */
  closedDatabases?(filters: CatalogFilters): Promise<{ name: string; why: string }[]>;
  /** Every database that people create, and the connected one, by name. */
  allDatabases(): Promise<ServerDatabase[]>;
  /**
   * Every schema of the connected database except the system's, by name. @param without numbers of schemas that cannot
   * be read
   */
  allSchemas(
    filters: CatalogFilters,
    databaseName: string,
    without: readonly number[],
  ): Promise<ServerSchema[]>;
  /** The names of all schemas of the connected database except the system's, in the order of the catalog. */
  schemaNames(): Promise<string[]>;
  /**
   * What each entry of an include filter matches.
   *
   * @param names.otherNames databases of the server whose letters the connected one may misread
   */
  matchEntries(
    entries: readonly FilterEntry[],
    names: { databaseName: string | undefined; otherNames: readonly string[] },
  ): Promise<EntryMatch[]>;
  /** Whether an entry of `include` matches the connected database, whatever `exclude` says. */
  includesDatabase(filters: CatalogFilters, databaseName: string | undefined): Promise<boolean>;
  measure(filters: CatalogFilters, databaseName: string | undefined): Promise<ScopeSize>;
  /**
   * What the login may not see of the catalog, in sentences for people; empty if it sees everything. Absent where every
   * login does.
   */
  limits?(filters: CatalogFilters): Promise<string[]>;
}
