import { join } from 'node:path';
import type { JobContext, JobResult } from '../runs/job.ts';
import { EndedQueryError } from '../source/explain-error.ts';
import { exportParquet } from '../source/query/export-parquet.ts';
import { prepareQuery, type SourceQuery } from '../source/query/prepare-query.ts';
import { fingerprintRows } from '../source/query/row-fingerprint.ts';
import { formatBytes, formatCount } from '../text/format.ts';
import { canReadInParallel, openSyncSession, queryOf } from './open-sync-session.ts';
import { RESULT_FILE, type SyncWork } from './sync-work.ts';

const NOT_PROVEN = 'The source does not confirm that the transaction was read-only.';

/** A result in the run's private folder, and what is known about it. */
export interface SyncResult {
  rows: number;
  bytes: number;
  schema: NonNullable<JobResult['schema']>;
  reading: NonNullable<JobResult['reading']>;
  /** Of the content, whatever the order of its rows; absent when there is nothing to compare it with. */
  fingerprint?: string;
  /** Path of the Parquet file. */
  file: string;
}

/** Reads the query's result into a Parquet file in the run's private folder. */
export async function readSource(context: JobContext, work: SyncWork): Promise<SyncResult> {
  let ended = false;
  return context.retry(async () => {
    try {
      return await readResult(context, work);
    } catch (error) {
      // Once more, but not again: a broken connection looks like a query that fails.
      const again = error instanceof EndedQueryError && !ended;
      ended = true;
      throw again ? Object.assign(error, { retryable: true }) : error;
    }
  });
}

async function readResult(context: JobContext, work: SyncWork): Promise<SyncResult> {
  const query = await queryOf(work.sync);
  if (canReadInParallel(query, work.source)) {
    const result = await exportOnce(context, work, query, true);
    if (result) return result;
    context.warn(
      'The connections did not share one snapshot, so the table was read again over one connection.',
    );
  }
  const result = await exportOnce(context, work, query, false);
  if (!result) throw new Error('One connection is always one snapshot.');
  return result;
}

/** @returns undefined when it turns out that the connections did not share a snapshot, so that the file is of no use */
async function exportOnce(
  context: JobContext,
  work: SyncWork,
  query: SourceQuery,
  parallel: boolean,
): Promise<SyncResult | undefined> {
  const { sync, source } = work;
  const session = await context.phase('connect', () =>
    openSyncSession({
      ...work,
      run: { job: work.job, runId: context.runId },
      source,
      folder: context.folder,
      parallel,
      signal: context.signal,
    }),
  );
  try {
    const prepared = await context.phase(
      'describe',
      () => prepareQuery(session, query, { mode: sync.types, overrides: sync.columns }),
      ({ columns }) => formatCount(columns.length, 'column'),
    );
    const { rows, bytes } = await context.phase(
      'export',
      () => exportParquet(session, prepared, RESULT_FILE, context.progress),
      (result) => `${formatCount(result.rows, 'row')}, ${formatBytes(result.bytes)}`,
    );
    const read = await session.verifyReading();
    if (!read) return undefined;
    if (!session.isProvenReadOnly) context.warn(NOT_PROVEN);
    for (const warning of prepared.warnings) context.warn(warning);
    const file = join(session.outputFolder, RESULT_FILE);
    // Of no use without an upload to compare it with.
    const fingerprint =
      sync.whenUnchanged === 'skip' && !work.dryRun
        ? { fingerprint: await context.phase('fingerprint', () => fingerprintRows(session, file)) }
        : {};
    const schema = prepared.columns.map(({ name, type }) => ({ name, type }));
    const reading: SyncResult['reading'] = query.kind === 'source' ? { mode: 'statement' } : read;
    return { schema, rows, bytes, reading, ...fingerprint, file };
  } finally {
    // Closed before the upload, which needs neither the source's connection nor DuckDB's memory.
    session.close();
  }
}
