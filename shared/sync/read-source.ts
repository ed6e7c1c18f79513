import { join } from 'node:path';
import type { JobContext, JobResult } from '../runs/job.ts';
import { EndedQueryError } from '../source/explain-error.ts';
import { exportParquet } from '../source/query/export-parquet.ts';
import { exportQuery, type QueryReading } from '../source/query/export-query.ts';
import { notesFor, type RowNotes } from '../source/query/note-rows.ts';
import { chosenAgainst } from '../source/query/plan-parts.ts';
import { type PreparedQuery, prepareQuery, type SourceQuery } from '../source/query/prepare-query.ts';
import { fingerprintRows } from '../source/query/row-fingerprint.ts';
import type { NamedTable, Reading, SourceSession } from '../source/sessions/session.ts';
import type { StartedDuckdb } from '../source/sessions/started-duckdb.ts';
import { warnOfSuperuser } from '../source/warn-of-superuser.ts';
import { formatBytes, formatCount } from '../text/format.ts';
import { openSyncSession, queryOf, readableInParallel, threadsFor } from './open-sync-session.ts';
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

/**
 * Reads the query's result into a Parquet file in the run's private folder.
 *
 * @param started opens for the first try, and is closed when that fails
 */
export async function readSource(
  context: JobContext,
  work: SyncWork,
  started?: StartedDuckdb,
): Promise<SyncResult> {
  let ended = false;
  return context.retry(async () => {
    try {
      return await readResult(context, { ...work, started });
    } catch (error) {
      await started?.[Symbol.asyncDispose]();
      // Once more, but not again: a broken connection looks like a query that fails.
      const again = error instanceof EndedQueryError && !ended;
      ended = true;
      throw again ? Object.assign(error, { retryable: true }) : error;
    }
  });
}

type ReadingWork = SyncWork & { started: StartedDuckdb | undefined };

async function readResult(context: JobContext, work: ReadingWork): Promise<SyncResult> {
  const query = await queryOf(work.sync);
  const parallel = readableInParallel(query, work.source, work.sync);
  if (parallel) {
    const result = await exportOnce(context, work, query, parallel);
    if (result) return result;
    context.warn(
      'The connections did not share one snapshot, so the table was read again over one connection.',
    );
  }
  const result = await exportOnce(context, work, query, false);
  if (!result) throw new Error('One connection is always one snapshot.');
  return result;
}

/** @returns how it was read, if it was the source's own query */
function exportResult(
  { progress }: JobContext,
  { sync: { parallel }, threads, runsAtOnce }: SyncWork,
  {
    session,
    query,
    prepared,
    notes,
  }: {
    session: SourceSession;
    query: SourceQuery;
    prepared: PreparedQuery;
    notes: RowNotes | undefined;
  },
): Promise<{ rows: number; bytes: number; reading?: QueryReading }> {
  const onProgress = (bytes: number) => progress(bytes, notes?.rows);
  if (query.kind === 'duckdb') return exportParquet(session, prepared, RESULT_FILE, onProgress, notes);
  const options = { parallel, threads, runsAtOnce, file: RESULT_FILE, onProgress, notes };
  return exportQuery(session, query.sql, prepared, options);
}

/** Why a duckdbQuery was read over one connection, if a person wants that. */
function withChoice(reading: Reading, { source, sync }: SyncWork): Reading {
  const reason = chosenAgainst(source, sync.parallel);
  const isChosen = reading.mode === 'single' && reading.reason === undefined && reason !== undefined;
  return isChosen ? { ...reading, reason } : reading;
}

/** @returns undefined when it turns out that the connections did not share a snapshot, so that the file is of no use */
async function exportOnce(
  context: JobContext,
  work: ReadingWork,
  query: SourceQuery,
  parallel: NamedTable | false,
): Promise<SyncResult | undefined> {
  const { sync, source } = work;
  const session = await context.phase('connect', () =>
    openSyncSession({
      ...work,
      run: { job: work.job, runId: context.runId },
      source,
      folder: context.folder,
      parallel,
      threads: threadsFor(query, parallel, work.threads),
      signal: context.signal,
    }),
  );
  try {
    const prepared = await context.phase(
      'describe',
      () => prepareQuery(session, query, { mode: sync.types, overrides: sync.columns }),
      ({ columns }) => formatCount(columns.length, 'column'),
    );
    // Of no use without an upload to compare it with.
    const isCompared = sync.whenUnchanged === 'skip';
    const notes = isCompared ? notesFor(prepared.columns, sync.types) : undefined;
    const exported = await context.phase(
      'export',
      () => exportResult(context, work, { session, query, prepared, notes }),
      (result) => `${formatCount(result.rows, 'row')}, ${formatBytes(result.bytes)}`,
    );
    const read = await session.verifyReading();
    if (!read) return undefined;
    const { rows, bytes, reading = withChoice(read, work) } = exported;
    if (!session.isProvenReadOnly) context.warn(NOT_PROVEN);
    const superuser = warnOfSuperuser(sync.source, session.server.superuser);
    if (superuser !== undefined) context.warn(superuser);
    for (const warning of prepared.warnings) context.warn(warning);
    const file = join(session.outputFolder, RESULT_FILE);
    const noted = notes?.fingerprint(rows);
    const fingerprint = !isCompared
      ? {}
      : { fingerprint: noted ?? (await context.phase('fingerprint', () => fingerprintRows(session, file))) };
    const schema = prepared.columns.map(({ name, type }) => ({ name, type }));
    return { schema, rows, bytes, reading, ...fingerprint, file };
  } finally {
    // Closed before the upload, which needs neither the source's connection nor DuckDB's memory.
    session.close();
  }
}
