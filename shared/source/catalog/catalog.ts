import type { AskSource } from '../dialect.ts';
import type { CatalogScope } from './catalog-scope.ts';
import type { EntityFolder } from './entity-folders.ts';
import type { Fault, Part } from './faults.ts';
import type { CatalogFilters } from './filters.ts';
import type { SharedColumns } from './shared-columns.ts';

/** The source's SQL. */
export interface CatalogQueries {
  /**
   * Names that may collide in a qualifiedName: schemas as schema and null, then relations as schema and name, in the
   * order of their raw rows.
   */
  ambiguousNames: string;
  /** The raw rows of each folder (raw-rows.ts), in the order of the files. */
  rows: Readonly<Record<EntityFolder, string>>;
  /** The columns of those rows whose values are shared by the whole server, and must be filled in. */
  shared: Readonly<Record<EntityFolder, SharedColumns>>;
}

/** The facts about one database that its catalog queries depend on. */
export interface CatalogState {
  filters: CatalogFilters;
  /** The name of the connected database that the filters match. */
  databaseName: string;
  /** The server's own words. */
  serverVersion: string;
  /** Whether the login may run blocks, which confine an error to one object. */
  guarded: boolean;
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
 * catalog-registry.ts. Most members return SQL, which the caller runs in one transaction, in this order.
 *
 * @example
 * const catalog = catalogOf('postgres');
 * const [[guarded] = []] = await client.ask(catalog.settings);
 * const { rows } = catalog.queries({ ...state, guarded: guarded === true }, { takers: [], unknown: [] });
 * const tables = await client.ask(rows.table);
 */
export interface Catalog {
  /**
   * SQL that runs once, first in the transaction. It sets what the plans of the queries and the texts in them depend
   * on, and how long to wait for a lock. Its first column is {@link CatalogState.guarded}.
   */
  settings: string;
  /** What the server has and what the filters leave of it, before the catalog is read. */
  scope(ask: AskSource): CatalogScope;
  /** Asks for the texts that the server keeps once for all its databases. */
  readSharedTexts(ask: AskSource): Promise<SharedTexts>;
  /**
   * SQL for objects that no other query finds, because the catalog is damaged: their number, and the names of the first
   * ones. Absent if there can be none.
   */
  orphans?: string;
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
  /** SQL that measures sizes for the query of the tables; undefined if that query does so itself. */
  measure(state: CatalogState): string | undefined;
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
  queries(state: CatalogState, rows: RowTakers): CatalogQueries;
}

/** Texts that the server stores once for all its databases (shared-columns.ts), decoded. */
export interface SharedTexts {
  /** Name of the connected database. */
  database: string;
  /** Those that are not ASCII, by their bytes in hexadecimal digits. */
  texts: ReadonlyMap<string, string>;
}

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
