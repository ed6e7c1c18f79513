import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { SourceConfig, TypesMode } from '../config/schema/ferry-config.ts';
import type { Login } from './credentials/credentials.ts';
import type { ClientColumn } from './dialect.ts';
import type { SourceEngine } from './source-engine.ts';

export interface SessionOptions {
  source: SourceConfig;
  login: Login;
  /** The run's private folder; the session reads and writes nowhere else. */
  folder: string;
  /** Where the files of DuckDB's extensions are. */
  extensionFolders: readonly string[];
  /** DuckDB's own limit, in bytes; what goes beyond spills to disk. */
  memoryLimitBytes: number;
  threads: number;
  /** How strictly types are read. */
  mode: TypesMode;
  /** Whether one table may be read over several connections, should one snapshot be had. @default false */
  parallel?: boolean;
  /** Not read-only, as killing a statement is no reading; for statements of our own. @default false */
  forCancelling?: boolean;
  /** Nothing is read but the catalog, by questions of Ferry's own. @default false */
  ofCatalog?: boolean;
  /** How long the source may take to answer while a session is opened. @default two and a half minutes */
  openingAnswerMs?: number;
  /** Shared with other sessions, for statements of Ferry's own: nothing is written to `folder` then. @default a DuckDB of its own */
  engine?: SourceEngine;
  signal?: AbortSignal;
}

/** An answer of the source that is not read at once. */
export interface SourceStream {
  columns: ClientColumn[];
  chunks: AsyncIterable<DuckDBDataChunk>;
}

/** How the rows come out of the source; each way shows one moment of it. */
export interface Reading {
  mode: 'single' | 'parallel';
  /** Why not in parallel, where that was asked for. */
  reason?: string;
}

/** How a transaction of a session begins. */
export interface TransactionOptions {
  /** A statement of the source that comes before anything else. */
  first?: string | undefined;
  /** Nothing is read but the result of one statement in the source's own SQL. */
  oneStatement?: boolean;
}
