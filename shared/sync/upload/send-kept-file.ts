import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { JobContext, JobResult } from '../../runs/job.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import { runJob } from '../../runs/run-job.ts';
import { findSync, RESULT_FILE, type RunSyncOptions } from '../sync-work.ts';
import { findEarlierUpload, settleEarlierUpload } from './earlier-upload.ts';
import { openTarget, sendFile } from './send-file.ts';

/** A stored file of an earlier run. */
export interface KeptFile {
  /** The run that made it. */
  from: RunRecord;
  fetch: RunStore['fetchRefused'];
  /** What a message calls the file: “The refused file”. */
  what: string;
  /**
   * Whether it may still be sent: asked with the lease of the job.
   *
   * @param sender the run that sends it
   * @throws ConfigError
   */
  assertUsable?: (sender: string) => Promise<void>;
}

/** What sending it needs. A function knows its job, and may read no other's; a person only knows the run's id. */
export type KeptFileOptions = Omit<RunSyncOptions, 'job'> & { job?: string };

/** @throws StateError when its record exists and cannot be read */
export function findEarlierRun({ store, job }: KeptFileOptions, id: string): Promise<RunRecord | undefined> {
  return job === undefined ? store.get(id) : store.getOfJob(job, id);
}

/** @throws ConfigError for a run that makes no file for Polyteia */
export function assertOfSync(from: RunRecord | undefined): void {
  if (from?.kind !== 'extraction') return;
  throw new ConfigError(
    `Run ${from.id} belongs to the extraction ${from.job}: only files of syncs can be sent again.`,
    {
      hint: `To write its files again: ferry run ${from.job}`,
    },
  );
}

/**
 * Sends a stored file, exactly as it was, and makes it the one that the next result is compared with. This is a
 * separate run, so that its record says who did it and why.
 *
 * @throws ConfigError when the sync no longer exists, or has another dataset by now
 */
export async function sendKeptFile(
  options: KeptFileOptions,
  { from, fetch, what, assertUsable }: KeptFile,
  why: string | undefined,
): Promise<RunRecord> {
  const { id, job, rows = 0, schema = [], fingerprint } = from;
  const { description, work } = findSync({ ...options, job });
  if (from.dataset !== work.sync.dataset) {
    throw new ConfigError(
      `${what} of run ${id} is for dataset ${from.dataset}, but the sync ${job} now has dataset ${work.sync.dataset}.`,
      { hint: `To send it to its original dataset, set dataset: ${from.dataset} on the sync again.` },
    );
  }
  const send = async (context: JobContext): Promise<JobResult> => {
    const sentFrom = { runId: id, ...(why === undefined ? {} : { why }) };
    context.note({ sentFrom });
    await assertUsable?.(context.runId);
    const file = join(context.folder, RESULT_FILE);
    const found = await context.retry(() => fetch(job, id, file));
    if (!found) {
      throw new ConfigError(`${what} of run ${id} is no longer kept.`, {
        hint: `Run the sync again: ferry run ${job}`,
      });
    }
    const earlier = await findEarlierUpload(context, work);
    await using target = await openTarget(context, work);
    const settled = earlier && (await settleEarlierUpload(context, work, target.client, earlier));
    // Awaited here: the target is closed when this returns.
    return settled ?? (await sendFile(context, work, target, { file, rows, schema, fingerprint }));
  };
  // Nothing is read from the source, so no slot is needed.
  return runJob({ ...description, slots: {} }, send, options);
}
