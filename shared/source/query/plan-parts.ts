import type { SourceConfig } from '../../config/schema/ferry-config.ts';
import { trimStatement } from '../../duckdb/sql-text.ts';
import type { ClientColumn, QuerySplit } from '../dialect.ts';
import type { SourceSession } from '../sessions/session.ts';
import { DEFAULT_CONNECTIONS } from '../sessions/table-reading.ts';
import { convertAtSource } from './convert-columns.ts';
import { keepSettings, readSettings } from './keep-settings.ts';
import type { PreparedQuery } from './prepare-query.ts';
import { freeReaders } from './reading-threads.ts';

/** More were not faster, and each takes memory. */
const MAX_PARTS = 3;
/** What a connection needs for the rows that it has not yet written. */
const BYTES_PER_PART = 128_000_000;

/** Other runs of the process need its threads. */
export const BUSY = 'the process may have other runs at the same time (UV_THREADPOOL_SIZE)';

/** What a person has chosen, and the source allows. */
export interface PartsOptions {
  /** The sync's own choice, else the source's. */
  parallel: 'auto' | 'never' | undefined;
  /** How many processors there are to read with. Each part has a thread of its own, of those that wait for DuckDB. */
  threads: number;
  /** How many runs this process may have at once. @default 1 */
  runsAtOnce?: number | undefined;
  /** Smaller tables are read by one connection. @default as the source's kind has it */
  minBytes?: number | undefined;
}

/** How several connections read one query. */
export interface PartsPlan extends Pick<QuerySplit, 'isUnchanged'> {
  /** DuckDB SQL for the rows of each part, as they go into the file. */
  relations: string[];
  /** What each of them gives. */
  columns: ClientColumn[];
  /** Under which each value was planned. */
  settings: ReadonlyMap<string, string>;
}

/** Why one connection reads the query, if there is anything to say. */
export interface OneStream {
  reason?: string;
}

/** The most connections that may read one query at once. */
function connectionsFor(session: SourceSession, { threads, runsAtOnce = 1 }: PartsOptions): number {
  const allowed = session.source.maxConnections ?? DEFAULT_CONNECTIONS;
  const byMemory = Math.floor(session.memoryLimitBytes / BYTES_PER_PART);
  return Math.min(allowed, threads, MAX_PARTS, byMemory, freeReaders(runsAtOnce));
}

/** What a person has set against several connections. */
export function chosenAgainst(
  source: Pick<SourceConfig, 'parallel' | 'maxConnections'>,
  parallel: PartsOptions['parallel'],
): string | undefined {
  if ((parallel ?? source.parallel) === 'never') return 'parallel: never';
  return source.maxConnections === 1 ? 'maxConnections: 1' : undefined;
}

function findObstacle(session: SourceSession, options: PartsOptions): string | undefined {
  const chosen = chosenAgainst(session.source, options.parallel);
  if (chosen !== undefined) return chosen;
  if (session.usesTokens) return 'its tokens expire, so one connection is kept for the whole run';
  if (options.threads < 2) return 'there is one processor';
  if (freeReaders(options.runsAtOnce ?? 1) < 2) return BUSY;
  return connectionsFor(session, options) < 2
    ? 'there is too little memory for several connections'
    : undefined;
}

/**
 * Decides whether several connections read the query, before any row is read.
 *
 * @param prepared the same query, as one connection would read it
 */
export async function planParts(
  session: SourceSession,
  query: string,
  prepared: PreparedQuery,
  options: PartsOptions,
): Promise<PartsPlan | OneStream> {
  if (session.dialect.parts === undefined) return {};
  const reason = findObstacle(session, options);
  if (reason !== undefined) return { reason };
  try {
    return await split(session, query, prepared, options);
  } catch {
    session.signal?.throwIfAborted();
    // One connection may do, and if not, it says what is wrong in its own words. An expression may also be too deep.
    return { reason: 'the source did not answer what Ferry must know for that' };
  }
}

async function split(
  session: SourceSession,
  query: string,
  prepared: PreparedQuery,
  options: PartsOptions,
): Promise<PartsPlan | OneStream> {
  const sql = trimStatement(query, session.dialect.lexicalRules(session.server));
  const count = connectionsFor(session, options);
  const ask = (statement: string) => session.askSource('wrap', statement);
  const found = await session.transaction(async () =>
    session.dialect.parts?.split(ask, sql, count, options.minBytes),
  );
  if (found === undefined) return {};
  if ('obstacle' in found) return { reason: found.obstacle };
  const obstacle = await session.findPlanObstacle(found.parts);
  if (obstacle !== undefined) return { reason: obstacle };
  const { isUnchanged, stored } = found;
  const isStored = (index: number) => stored.length === prepared.columns.length && stored[index] === true;
  const columnsOfParts = prepared.columns.map((plan, index) =>
    isStored(index) && plan.stored ? { ...plan, ...plan.stored } : plan,
  );
  return session.transaction(() =>
    keepSettings(session, async () => {
      const columns = await session.describe(`(${prepared.relation})`, 'wrap');
      const relations: string[] = [];
      for (const part of found.parts) {
        const relation = await convertAtSource(session, part, { ...prepared, columns: columnsOfParts });
        const own = await session.describe(`(${relation})`, 'wrap');
        if (!isSame(own, columns)) return { reason: 'a part of the query has other columns than the query' };
        relations.push(relation);
      }
      return { relations, columns, isUnchanged, settings: await readSettings(session) };
    }),
  );
}

/** Whether two relations have the same columns. */
export const isSame = (one: readonly ClientColumn[], other: readonly ClientColumn[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
