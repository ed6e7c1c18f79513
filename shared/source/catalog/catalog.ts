import type { AskSource } from '../dialect.ts';
import type { CatalogScope } from './catalog-scope.ts';
import type { EntityFolder } from './entity-folders.ts';
import type { Fault, Part } from './faults.ts';
import type { CatalogFilters } from './filters.ts';
import type { SharedColumns } from './shared-columns.ts';

/** SQL of the source. */
export interface CatalogQueries {
  /**
   * What may share its qualifiedName with something else: schemas as schema and null, then relations as schema and name, in the order of
   * their raw rows.
   */
  ambiguousNames: string;
  /** The raw rows of each folder (raw-rows.ts), in the order that the files are to have. */
  rows: Readonly<Record<EntityFolder, string>>;
  /** What in those rows is the same for the whole server, and has to be filled in. */
  shared: Readonly<Record<EntityFolder, SharedColumns>>;
}

/** What of one database decides how its catalog is asked for. */
export interface CatalogState {
  filters: CatalogFilters;
  /** Of the connected database, as the filters match it. */
  databaseName: string;
  /** The server's own words. */
  serverVersion: string;
  /** Whether the login may run blocks, which keep an error to one object. */
  guarded: boolean;
  /** What cannot be read, and is left out. */
  faults: readonly Fault[];
}

/** A question whose answer is one JSON text; all of it SQL of the source. */
export interface GuardedQuestion {
  /** What is run before it, without an answer. */
  before?: string;
  ask: string;
  /** What is run after it. */
  after?: string;
}

/** A relation about which something can only be learnt by opening it, so that a lock is waited for. */
export interface OpenedRelation {
  relation: number;
  kind: string;
  /** Another one after each change. */
  version: string;
}

/** How the catalog of a kind of database is read. One in the folder of each kind. */
export interface Catalog {
  /**
   * SQL of the source that is run once, first in the transaction: what the plans of the queries and the texts in them depend
   * on, and how long a lock is waited for. Its first column is {@link CatalogState.guarded}.
   */
  settings: string;
  /** What the server has and what the filters leave of it, before the catalog is read. */
  scope(ask: AskSource): CatalogScope;
  /** Asks for the texts that the server keeps once for all its databases. */
  readSharedTexts(ask: AskSource): Promise<SharedTexts>;
  /** SQL of the source for the relations that have to be opened, as rows of {@link OpenedRelation}. */
  toOpen(state: CatalogState): string;
  /**
   * What those answer, as objects {@link Opened}: some of the first ones, in their order. No lock of it is kept, nor waited for
   * beyond a second.
   */
  open(relations: readonly OpenedRelation[], state: CatalogState): GuardedQuestion;
  /**
   * The same for what is not known yet. Its `before` is to be the first statement of a transaction, so that nothing can be dropped between
   * its snapshot and the opening. Not without {@link CatalogState.guarded}.
   *
   * @param facts SQL of the source that is otherwise the first of a transaction
   */
  openFirst(state: CatalogState, facts: string, known: readonly number[]): GuardedQuestion;
  /** SQL of the source that takes the sizes for the query of the tables; undefined where that does so. */
  measure(state: CatalogState): string | undefined;
  /** What finds the objects of which a part cannot be read, as objects {@link Probed}; to be asked in their order, each with the faults of those before. */
  probes: readonly { part: Part; question: (state: CatalogState) => GuardedQuestion }[];
  /** SQL of the source for the names of what has faults: the place in the list from 0, and the name. */
  names(faults: readonly Fault[], all: readonly Fault[]): string;
  /** Whether it is only that another session holds a lock. */
  isLocked(failure: Pick<Fault, 'code'>): boolean;
  /** Why a part of an object is left out, for people. */
  reasonOf(fault: Fault): string;
  queries(state: CatalogState, rows: RowTakers): CatalogQueries;
}

/** Texts that the server keeps once for all its databases (shared-columns.ts), read. */
export interface SharedTexts {
  /** Name of the connected database. */
  database: string;
  /** Those that are not ASCII, by their bytes as hexadecimal digits. */
  texts: ReadonlyMap<string, string>;
}

/** Which of the relations that were opened take rows. */
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
