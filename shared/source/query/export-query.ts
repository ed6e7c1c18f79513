import type { SourceSession } from '../sessions/session.ts';
import { exportParquet } from './export-parquet.ts';
import { type ExportOptions, exportParts } from './export-parts.ts';
import { type OneStream, type PartsOptions, type PartsPlan, planParts } from './plan-parts.ts';
import type { PreparedQuery } from './prepare-query.ts';

/** How a query in the source's own SQL was read: as one statement, or by several connections that see one moment. */
export interface QueryReading {
  mode: 'statement' | 'parallel';
  /** Why it was one statement, if there is a choice. */
  reason?: string;
  connections?: number;
}

/** How a plan reads a query. */
export function readingOf(plan: PartsPlan | OneStream): QueryReading {
  if ('relations' in plan) return { mode: 'parallel', connections: plan.relations.length };
  return { mode: 'statement', ...(plan.reason === undefined ? {} : { reason: plan.reason }) };
}

/** How a query is read, for people; undefined where there is no choice. */
export function describeReading({ mode, reason, connections }: QueryReading): string | undefined {
  if (mode === 'parallel') return `${connections} connections read it in parallel`;
  return reason === undefined ? undefined : `one connection reads it: ${reason}`;
}

/**
 * Writes the result of a query in the source's own SQL to one Parquet file in the session's output folder: over several
 * connections if they return the rows that one would, else over one.
 *
 * @throws ExactnessError when a value cannot be written
 */
export async function exportQuery(
  session: SourceSession,
  query: string,
  prepared: PreparedQuery,
  options: PartsOptions & ExportOptions,
): Promise<{ rows: number; bytes: number; reading: QueryReading }> {
  const { file, onProgress, notes } = options;
  const plan = await planParts(session, query, prepared, options);
  if (!('relations' in plan)) {
    const written = await exportParquet(session, prepared, file, onProgress, notes);
    return { ...written, reading: readingOf(plan) };
  }
  const written = await exportParts(session, prepared, plan, options);
  if (!('reason' in written)) return { ...written, reading: readingOf(plan) };
  // Without the notes, which may hold rows of this first try: then the file is read for its fingerprint.
  const again = await exportParquet(session, prepared, file, onProgress);
  return { ...again, reading: readingOf(written) };
}
