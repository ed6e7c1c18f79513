import type { CatalogFilters, FilterEntry } from './filters.ts';

/** A database that a login may connect to. */
export interface ListedDatabase {
  /** One of no other database of the list. */
  name: string;
  /** What the server calls it, where that is not the name in UTF-8. */
  bytes: Buffer | undefined;
}

/** A database of a server, whether or not a login may connect to it. */
export interface ServerDatabase extends ListedDatabase {
  isConnected: boolean;
  /** Bytes on the server's disk; undefined when the login may not know it. */
  size: number | undefined;
  /** Why nobody, or not this login, may connect. */
  closed: string | undefined;
}

/** A schema, and what an extraction makes entities of in it. */
export interface ServerSchema {
  name: string;
  /** Partitions and foreign tables too; none that tempTableRegex leaves out. */
  tables: number;
  /** Materialised ones too. */
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

/** What the filters leave of the connected database, and whether its server is new enough. */
export interface ScopeSize {
  /** Tables and views. */
  relations: number;
  /** The server's, such as `15.18`. */
  version: string;
  minimumVersion: string;
  isSupported: boolean;
}

/**
 * What a server has, and what of it the filters leave. It is asked before the catalog is read, and outside a transaction, as none goes
 * on after an error. Its filters have letters that the connected database takes (fitLetters). Where `databaseName` is undefined, it
 * stands for the connected database.
 *
 * @example
 * const scope = catalogOf(session.sourceType).scope((sql) => session.askSource('describe', sql));
 * await scope.assertPatterns(filters);
 * for (const { name } of await scope.listDatabases(filters)) console.log(name);
 */
export interface CatalogScope {
  /**
   * Has the source read every pattern, by one statement when all are right.
   *
   * @throws ConfigError that names the field, the database and the pattern, and what the server calls wrong
   */
  assertPatterns(filters: CatalogFilters): Promise<void>;
  /** Whether the connected database takes a statement with such a text: its encoding has every letter. */
  takesText(text: string): Promise<boolean>;
  /**
   * The databases of the server that the login may connect to and of which the filters may leave something, by name. The server may
   * still refuse a connection to one.
   *
   * @throws ConfigError when a filter is no regular expression
   */
  listDatabases(filters: CatalogFilters): Promise<ListedDatabase[]>;
  /** Every database that people make, and the connected one, by name. */
  allDatabases(): Promise<ServerDatabase[]>;
  /** Every schema of the connected database but the system's, by name. @param without numbers of schemas that cannot be read */
  allSchemas(
    filters: CatalogFilters,
    databaseName: string,
    without: readonly number[],
  ): Promise<ServerSchema[]>;
  /**
   * What each entry of an include filter matches.
   *
   * @param names.otherNames of databases of the server that the connected one may take for other letters
   */
  matchEntries(
    entries: readonly FilterEntry[],
    names: { databaseName: string | undefined; otherNames: readonly string[] },
  ): Promise<EntryMatch[]>;
  /** Whether an entry of `include` is for the connected database, whatever `exclude` says. */
  includesDatabase(filters: CatalogFilters, databaseName: string | undefined): Promise<boolean>;
  measure(filters: CatalogFilters, databaseName: string | undefined): Promise<ScopeSize>;
}
