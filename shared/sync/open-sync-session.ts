import type { SourceConfig, SyncConfig } from '../config/schema/ferry-config.ts';
import { postgresLexicalRules, trimStatement } from '../duckdb/sql-text.ts';
import { resolveLogin, type SigningRun } from '../source/credentials/credentials.ts';
import type { SecretReader } from '../source/credentials/secrets.ts';
import { chosenAgainst } from '../source/query/plan-parts.ts';
import type { SourceQuery } from '../source/query/prepare-query.ts';
import { readDuckdbQuery } from '../source/query/scans/duckdb-query.ts';
import { dialectOf } from '../source/registry.ts';
import { type NamedTable, type SessionOptions, SourceSession } from '../source/sessions/session.ts';
import { needsOf, StartedDuckdb } from '../source/sessions/started-duckdb.ts';
import type { SyncWork } from './sync-work.ts';

/**
 * The sync's query in the form that a session takes. A duckdbQuery is checked here, before anything connects.
 *
 * @throws QueryError for a duckdbQuery that is not allowed
 */
export async function queryOf(sync: SyncConfig): Promise<SourceQuery> {
  if (sync.query !== undefined) return { kind: 'source', sql: sync.query };
  const sql = trimStatement(sync.duckdbQuery ?? '', postgresLexicalRules);
  return { kind: 'duckdb', sql, facts: await readDuckdbQuery(sql) };
}

/**
 * The table of a duckdbQuery that DuckDB may scan over several connections. They only pay off for one table: DuckDB
 * would read each of two tables over several, and join them here anyway.
 *
 * @returns false when one connection reads the query
 */
export function readableInParallel(
  query: SourceQuery,
  source: SourceConfig,
  sync: Pick<SyncConfig, 'parallel'>,
): NamedTable | false {
  if (query.kind !== 'duckdb' || dialectOf(source).parallel === undefined) return false;
  const [table, ...others] = query.facts.tables;
  if (table === undefined || others.length > 0) return false;
  return chosenAgainst(source, sync.parallel) === undefined && table;
}

/** Between how many threads a session divides its work. */
export const threadsFor = (query: SourceQuery, parallel: NamedTable | false, threads: number): number =>
  parallel || readsSeveral(query) ? threads : 1;

/**
 * What arrives as one stream is read and written by one thread. With more threads, DuckDB's client keeps a processor
 * busy while it waits for that one, which the source may need, or people pay for.
 */
const readsSeveral = (query: SourceQuery) => query.kind === 'duckdb' && query.facts.tables.length > 1;

/** Starts to open the DuckDB of the run's first session. */
export function startDuckdb(folder: string, work: SyncWork): StartedDuckdb {
  const { sync, source, extensionFolders, memoryLimitBytes, threads } = work;
  return new StartedDuckdb(async () => {
    const query = await queryOf(sync);
    const parallel = readableInParallel(query, source, sync);
    return {
      limits: { folder, memoryLimitBytes, threads: threadsFor(query, parallel, threads) },
      needs: needsOf({ source, mode: sync.types, extensionFolders }),
    };
  });
}

/** Signs in to a sync's source. */
export async function openSyncSession(
  options: Omit<SessionOptions, 'login' | 'mode'> & {
    sync: SyncConfig;
    secrets: SecretReader;
    /** The run that signs in; absent for a check or preview. */
    run?: SigningRun;
  },
): Promise<SourceSession> {
  const { sync, source, secrets, run } = options;
  const { defaultPort } = dialectOf(source);
  const login = await resolveLogin(sync.source, source, secrets, defaultPort, run);
  return SourceSession.open({ ...options, login, mode: sync.types });
}
