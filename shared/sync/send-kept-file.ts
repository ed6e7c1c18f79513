import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { type JobContext, type JobResult, runJob } from '../runs/run-job.ts';
import type { RunRecord } from '../runs/run-record.ts';
import type { RunStore } from '../runs/run-store.ts';
import { settleEarlierUpload } from './earlier-upload.ts';
import { openTarget, sendFile } from './send-file.ts';
import { findSync, RESULT_FILE, type RunSyncOptions } from './sync-work.ts';

/** A file of an earlier run that the store has kept. */
export interface KeptFile {
  /** The run that made it. */
  from: RunRecord;
  fetch: RunStore['fetchRefused'];
  /** What the file is called in a message: “The refused file”. */
  what: string;
}

/**
 * Sends a file that the store has kept, exactly as it was, and makes it the one that the next result is compared with. A run of its
 * own, so that the record says who did it and why.
 *
 * @throws ConfigError when the sync is gone
 */
export async function sendKeptFile(
  options: Omit<RunSyncOptions, 'job'>,
  { from, fetch, what }: KeptFile,
  why: string | undefined,
): Promise<RunRecord> {
  const { id, job, rows = 0, schema = [], fingerprint } = from;
  const { description, work } = findSync({ ...options, job });
  const send = async (context: JobContext): Promise<JobResult> => {
    const sentFrom = { runId: id, ...(why === undefined ? {} : { why }) };
    context.note({ sentFrom });
    const file = join(context.folder, RESULT_FILE);
    const found = await context.retry(() => fetch(job, id, file));
    if (!found) {
      throw new ConfigError(`${what} of run ${id} is no longer kept.`, {
        hint: `Run the sync again: ferry run ${job}`,
      });
    }
    await using target = await openTarget(context, work);
    const settled = await settleEarlierUpload(context, work, target.client);
    // Awaited here: the target is closed when this returns.
    return settled ?? (await sendFile(context, work, target, { file, rows, schema, fingerprint }));
  };
  // Nothing is read from the source, so that no slot of it is needed.
  return runJob({ ...description, maxConcurrentRuns: undefined }, send, options);
}
