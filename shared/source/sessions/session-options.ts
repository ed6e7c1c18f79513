import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { SourceConfig, TypesMode } from '../../config/schema/ferry-config.ts';
import type { Login } from '../credentials/credentials.ts';
import type { RefusedLogins } from '../credentials/refused-logins.ts';
import type { ClientColumn } from '../dialect.ts';
import type { SourceEngine } from './source-engine.ts';
import type { StartedDuckdb } from './started-duckdb.ts';

export interface SessionOptions {
  source: SourceConfig;
  login: Login;
  /** The run's private folder; the session reads and writes nowhere else. */
  folder: string;
  /** Where the files of DuckDB's extensions are. */
  extensionFolders: readonly string[];
  /** DuckDB's own limit, in bytes; more than that spills to disk. */
  memoryLimitBytes: number;
  threads: number;
  /** How strictly types are treated. */
  mode: TypesMode;
  /**
   * Whether one table may be read over several connections, if they can share a snapshot. If it is named, as a query
   * names it, they are opened for a large one only. @default false
   */
  parallel?: boolean | NamedTable;
  /** Not read-only, because cancelling a statement is a change; only for Ferry's own statements. @default false */
  forCancelling?: boolean;
  /** Only the catalog is read, with Ferry's own questions. @default false */
  ofCatalog?: boolean;
  /** How long the source may take to answer while a session is opened. @default two and a half minutes */
  openingAnswerMs?: number;
  /**
   * Shared with other sessions, for Ferry's own statements: nothing is written to `folder` then. @default a separate
   * DuckDB
   */
  engine?: SourceEngine;
  /** One that has been opening for this session. @default it opens one itself */
  started?: StartedDuckdb | undefined;
  /** The logins that were refused before, which are not tried again. @default only those of this session */
  refusals?: RefusedLogins;
  signal?: AbortSignal;
}

/** A table as a query names it: without a schema, it is in the one that the source uses by default. */
export interface NamedTable {
  schema: string | undefined;
  table: string;
}

/** An answer of the source that is not read at once. */
export interface SourceStream {
  columns: ClientColumn[];
  chunks: AsyncIterable<DuckDBDataChunk>;
}

/** How the rows come out of the source. Each way shows a single moment. */
export interface Reading {
  mode: 'single' | 'parallel';
  /** Why it was not in parallel, if that was requested. */
  reason?: string;
}

/** How a transaction of a session begins. */
export interface TransactionOptions {
  /** A statement of the source that must come first. */
  first?: string | undefined;
  /** Only the result of one statement in the source's own SQL is read. */
  oneStatement?: boolean;
}
