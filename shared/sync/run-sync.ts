import { GuardError, toFerryError } from '../errors.ts';
import type { JobContext, JobResult } from '../runs/job.ts';
import type { RunRecord } from '../runs/records/run-record.ts';
import { runJob } from '../runs/run-job.ts';
import { assertAcceptable } from './guards.ts';
import { startDuckdb } from './open-sync-session.ts';
import { readSource, type SyncResult } from './read-source.ts';
import { rehearse } from './rehearse.ts';
import { findSync, type RunSyncOptions, type SyncWork } from './sync-work.ts';
import { findEarlierUpload, settleEarlierUpload } from './upload/earlier-upload.ts';
import { findUnchanged } from './upload/find-unchanged.ts';
import { openTarget, sendFile } from './upload/send-file.ts';

/**
 * Runs one sync: the query's result becomes one Parquet file, which replaces the dataset's content.
 *
 * @returns the record of the run, also of a failed one
 * @throws ConfigError when there is no such sync
 */
export async function runSync(options: RunSyncOptions): Promise<RunRecord> {
  const { description, work } = findSync(options);
  return runJob(description, (context) => syncOnce(context, work), options);
}

async function syncOnce(context: JobContext, work: SyncWork): Promise<JobResult> {
  if (work.dryRun) return rehearse(context, work, work.dryRun);
  const earlier = await findEarlierUpload(context, work);
  // A run that left its upload unfinished may have nothing to read.
  await using started = earlier ? undefined : startDuckdb(context.folder, work);
  await using target = await openTarget(context, work, started);
  const settled = earlier && (await settleEarlierUpload(context, work, target.client, earlier));
  if (settled) return settled;
  const { file, ...result } = await readSource(context, work, started);
  context.note(result);
  await context.leaveSource();
  await judge(context, work, result, file);
  const unchanged = await findUnchanged(context, work, target.client, result.fingerprint);
  if (unchanged) return { outcome: 'unchanged', unchangedSince: unchanged.runId, ...result };
  return { ...result, ...(await sendFile(context, work, target, { file, ...result })) };
}

/** Compares a result with the sync's guards. A refused file is stored, because a person may accept it. */
async function judge(
  context: JobContext,
  work: SyncWork,
  result: Pick<SyncResult, 'rows' | 'schema'>,
  file: string,
): Promise<void> {
  await context.phase('guards', async () => {
    const baseline = await context.retry(() => work.store.readBaseline(work.job));
    try {
      for (const warning of assertAcceptable(result, work.sync.guards, baseline)) context.warn(warning);
    } catch (error) {
      if (!(error instanceof GuardError) || !(await keepRefused(context, work, file))) throw error;
      throw new GuardError(error.message, {
        cause: error,
        hint: `If the result is right, send exactly this file: ferry accept ${context.runId}. Otherwise fix the source, or the guards.`,
      });
    }
  });
}

async function keepRefused(context: JobContext, { store, job }: SyncWork, file: string): Promise<boolean> {
  try {
    await store.keepRefused(job, context.runId, file, context.signal);
    return true;
  } catch (error) {
    context.signal.throwIfAborted();
    context.warn(`The refused file could not be kept: ${toFerryError(error).message}`);
    return false;
  }
}
