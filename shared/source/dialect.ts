import type { DuckDBConnection } from '@duckdb/node-api';
import type { SourceConfig } from '../config/schema.ts';
import type { FerryError } from '../errors.ts';
import type { Login } from './credentials.ts';
import { postgresDialect } from './dialects/postgres.ts';

/** The point at which the source spoke up; before `read`, its messages cannot hold a data value. */
export type SourcePhase = 'connect' | 'describe' | 'read';

/** What differs between kinds of database. One file each in dialects/. */
export interface Dialect {
  /** Name of DuckDB's extension. */
  extension: string;
  /** DuckDB's table function that sends a query to the source as it is. */
  queryFunction: string;
  defaultPort: number;
  /** Settings of the extension that must hold before the source is attached. */
  settings: readonly string[];
  /** Attaches the source as `db`, read-only. Every value is bound: an error message cannot repeat one. */
  attach(
    connection: DuckDBConnection,
    login: Login,
    tls: { mode: SourceConfig['tls']['mode']; caFile: string | undefined },
  ): Promise<void>;
  /** SQL of the source: the id by which another connection of the same login can cancel this one's statement. */
  connectionId: string;
  /** SQL of the source that cancels the statement of a connection. */
  cancel(connectionId: string): string;
  /** Reduces the engine's message to a class and to words that hold no secret and no data value. */
  explainError(message: string, phase: SourcePhase, login: Login): FerryError;
}

const dialects: Readonly<Record<SourceConfig['type'], Dialect>> = { postgres: postgresDialect };

/** The dialect of a kind of database. */
export function dialectOf(type: SourceConfig['type']): Dialect {
  return dialects[type];
}
