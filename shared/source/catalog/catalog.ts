import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { SourceConfig } from '../../config/schema/ferry-config.ts';
import type { Login } from '../credentials/credentials.ts';
import type { AskSource } from '../dialect.ts';
import type { CatalogScope } from './catalog-scope.ts';
import type { EntityFolder } from './entity-folders.ts';
import type { Fault, Part } from './faults.ts';
import type { CatalogFilters } from './filters.ts';

/**
 * Which of Atlan's apps the output is for. It decides how raw rows become entities (extraction/entities/), and so which
 * columns {@link CatalogQueries.rows} must have. A kind of database without an app of its own takes the form that fits.
 */
export type EntityForm = 'postgres' | 'mysql';

/** The rows of one folder. */
export interface RowsQuery {
  /** One SELECT in the source's own SQL. */
  sql: string;
  /**
   * DuckDB SQL that reads its answer, for what the source cannot do itself. It must keep the order of the rows.
   *
   * @default (relation) => `SELECT * FROM ${relation}`
   */
  select?: (relation: string) => string;
}

/** The relations that have been written so far: of a catalog {@link Catalog.isInMotion}, otherwise none. */
export interface WrittenRelations {
  /** What it was written as, such as `VIEW`. */
  typeOf(schema: string, name: string): string | undefined;
}

/** Fills in columns of rows as they arrive. @param columns of the chunk */
export type Complete = (
  chunk: DuckDBDataChunk,
  columns: readonly string[],
  relations: WrittenRelations,
) => void;

/** The source's SQL. */
export interface CatalogQueries {
  /**
   * Names that may collide in a qualifiedName: schemas as schema and null, then relations as schema and name, in the
   * order of their raw rows.
   */
  ambiguousNames: { sql: string } | readonly (readonly [schema: string, name: string | null])[];
  /** The raw rows of each folder, in the order of the files (raw-rows.ts of the form). */
  rows: Readonly<Record<EntityFolder, RowsQuery>>;
  /** What is put into the rows of a folder. */
  complete?: Readonly<Partial<Record<EntityFolder, Complete>>>;
  /** What people must know about the result, such as what the login could not see. */
  warnings?: readonly string[];
  /**
   * The relations that the rows of the tables must have, unless they are dropped meanwhile. For a catalog {@link
   * Catalog.isInMotion}.
   */
  expected?: readonly ListedRelation[];
  /**
   * The columns that foreign keys in the rows refer to: they must be rows, too. For a catalog {@link Catalog.isInMotion}.
   */
  referenced?: readonly NamedColumn[];
  /** The privileges without which a definition is null. Absent where none is needed. */
  hidden?: { view: string; routine: string };
}

/** A table or view. */
export interface NamedRelation {
  schema: string;
  name: string;
}

/** A relation as it was listed. */
export interface ListedRelation extends NamedRelation {
  /** What rows call its type, if that is known: one that has become something else is read again. */
  type?: string | undefined;
}

/** A column of a table. */
export interface NamedColumn extends NamedRelation {
  column: string;
}

/** How a catalog asks a session. */
export interface CatalogClient {
  /** Sends one SELECT in the source's own SQL, for a small answer. */
  ask: AskSource;
  /** Runs a SELECT of DuckDB itself, which does not reach the source, and returns its rows. */
  compute(sql: string): Promise<unknown[][]>;
  /** Sends one SELECT in the source's own SQL, and reads its rows as they arrive; nothing else can be asked meanwhile. */
  rows(query: RowsQuery): AsyncIterable<unknown[][]>;
  source: SourceConfig;
}

/** The facts about one database that its catalog queries depend on. */
export interface CatalogState {
  filters: CatalogFilters;
  /** The name of the connected database that the filters match. */
  databaseName: string;
  /** The name of the connected database in the rows, and other texts of its server. */
  shared: SharedTexts;
  /** The server's own words. */
  serverVersion: string;
  /** Whether the login may run blocks, which confine an error to one object. */
  guarded: boolean;
  /** Whether each partition becomes an entity, where partitions are no relations of their own. */
  tablePartitions: boolean;
  /** Whether rows have the columns for what Atlan's apps leave empty. */
  details: boolean;
  /** What cannot be read, and is left out. */
  faults: readonly Fault[];
}

/** A question in the source's SQL whose answer is one JSON text. */
export interface GuardedQuestion {
  /** Runs before it, without an answer. */
  before?: string;
  ask: string;
  /** Runs after it. */
  after?: string;
}

/** A relation that must be opened to learn something about it, which may wait for a lock. */
export interface OpenedRelation {
  relation: number;
  kind: string;
  /** Changes with each change of the relation. */
  version: string;
}

/**
 * How the catalog of a kind of database is read. Each kind has one in its folder, with all its SQL, listed in
 * catalog-registry.ts. Only the first four members are required: the others are for what a kind can do beyond plain
 * queries. The caller asks everything in one transaction, in this order.
 *
 * @example
 * const catalog = catalogOf({ type: 'postgres' });
 * const { rows } = await catalog.queries(state, { takers: [], unknown: [] }, client);
 * for await (const chunk of (await session.streamSource(rows.table)).chunks) console.log(chunk.getRows());
 */
export interface Catalog {
  form: EntityForm;
  /**
   * How a login connects to a database: what an extraction calls so is the top level of Atlan's names.
   *
   * @throws ConfigError for a name that cannot be one
   */
  place: DatabasePlaces;
  /** What the server has and what the filters leave of it, before the catalog is read. */
  scope(client: CatalogClient): CatalogScope;
  queries(
    state: CatalogState,
    rows: RowTakers,
    client: CatalogClient,
  ): CatalogQueries | Promise<CatalogQueries>;
  /**
   * SQL that runs once, first in the transaction. It sets what the plans of the queries and the texts in them depend
   * on, and how long to wait for a lock. Its first column is {@link CatalogState.guarded}.
   */
  settings?: string;
  /** Asks for the texts that the server keeps once for all its databases. */
  readSharedTexts?(ask: AskSource): Promise<SharedTexts>;
  /**
   * SQL for objects that no other query finds, because the catalog is damaged: their number, and the names of the first
   * ones.
   */
  orphans?: string;
  /** SQL that measures sizes for the query of the tables; undefined if that query does so itself. */
  measure?(state: CatalogState): string | undefined;
  /**
   * Set where the server shows each statement the present, so that the answers may not fit together. Ferry then compares
   * them, reads again what has changed meanwhile, and leaves out what has no parent.
   */
  isInMotion?: true;
  /** For a server that only describes some relations after it has opened them. */
  opening?: CatalogOpening;
  /** For a server that may fail to describe single objects. */
  probing?: CatalogProbing;
}

/** Which databases a login can connect to. */
export interface DatabasePlaces {
  /** The database that a login connects to when nothing else is said. */
  own(login: Pick<Login, 'database'>): string;
  /** How to sign in to a database of the same server. */
  loginFor<Of extends Pick<Login, 'database' | 'databaseBytes'>>(
    login: Of,
    database: string,
    bytes?: Buffer,
  ): Of;
}

/** How relations are opened. */
export interface CatalogOpening {
  /** SQL for the relations that have to be opened, as rows of {@link OpenedRelation}. */
  toOpen(state: CatalogState): string;
  /**
   * What some of the first of them answer, in their order, as objects {@link Opened}. It keeps no lock, and waits at
   * most a second for one.
   */
  open(relations: readonly OpenedRelation[], state: CatalogState): GuardedQuestion;
  /**
   * The same for relations that are not known yet. Its `before` must be the first statement of a transaction, so that
   * nothing can be dropped between the snapshot and the opening. Requires {@link CatalogState.guarded}.
   *
   * @param facts SQL that is otherwise the first of a transaction
   */
  openFirst(state: CatalogState, facts: string, known: readonly number[]): GuardedQuestion;
}

/** How objects that cannot be described are found and named. */
export interface CatalogProbing {
  /**
   * Finds the objects with an unreadable part, as objects {@link Probed}. Ask these in order, each with the faults
   * found so far.
   */
  probes: readonly { part: Part; question: (state: CatalogState) => GuardedQuestion }[];
  /** SQL for the names of the objects with faults: the position in the list from 0, and the name. */
  names(faults: readonly Fault[], all: readonly Fault[]): string;
  /** Whether the only reason is that another session holds a lock. */
  isLocked(failure: Pick<Fault, 'code'>): boolean;
  /** Why a part of an object is left out, for people. */
  reasonOf(fault: Fault): string;
}

/** Texts that the server stores once for all its databases (shared-columns.ts), decoded. */
export interface SharedTexts {
  /** Name of the connected database. */
  database: string;
  /** Those that are not ASCII, by their bytes in hexadecimal digits. */
  texts: ReadonlyMap<string, string>;
}

/** Where no text of the server is needed. */
export const NO_SHARED_TEXTS: SharedTexts = { database: '', texts: new Map() };

/** Which of the opened relations accept rows. */
export interface RowTakers {
  takers: readonly number[];
  /** It could not be found out. */
  unknown: readonly number[];
}

/** What a relation answered. */
export interface Opened extends OpenedRelation {
  definition: string | null;
  /** Null where it is no question. */
  insertable: boolean | null;
  /** What of it failed, and how. */
  part?: Part;
  failure?: Pick<Fault, 'code' | 'said'> | null;
}

/** A part of an object that failed. */
export interface Probed {
  object: number;
  column: number;
  failure: Pick<Fault, 'code' | 'said'>;
}
