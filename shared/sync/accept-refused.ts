import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { type JobContext, type JobResult, runJob } from '../runs/run-job.ts';
import type { RunRecord } from '../runs/run-record.ts';
import { keepBaseline, openTarget, sendFile } from './send-file.ts';
import { findSync, RESULT_FILE, type RunSyncOptions } from './sync-work.ts';

/**
 * Sends the file of a result that a guard refused, exactly as it was, and makes it the one that the next is compared with. A run of
 * its own, so that the record says who did it and why.
 *
 * @param refusedId id of the run whose result was refused
 * @throws ConfigError when there is no such run, or its file is no longer kept
 */
export async function acceptRefused(
  options: Omit<RunSyncOptions, 'job'>,
  refusedId: string,
  why: string | undefined,
): Promise<RunRecord> {
  const refused = await options.store.get(refusedId);
  if (refused?.error?.class !== 'GuardError') {
    throw new ConfigError(
      refused ? `Run ${refusedId} was not refused by a guard.` : `There is no run ${refusedId}.`,
      { hint: 'ferry runs lists the newest ones, with their ids.' },
    );
  }
  const { rows = 0, schema = [], job } = refused;
  const { description, work } = findSync({ ...options, job });
  const send = async (context: JobContext): Promise<JobResult> => {
    const file = join(context.folder, RESULT_FILE);
    const found = await context.retry(() => work.store.fetchRefused(job, refusedId, file));
    if (!found) {
      throw new ConfigError(`The refused file of run ${refusedId} is no longer kept.`, {
        hint: `Run the sync again: ferry run ${job}`,
      });
    }
    await using target = await openTarget(context, work);
    const { bytes } = await sendFile(context, work, target, { file, bytes: refused.bytes ?? 0 });
    await keepBaseline(context, work, { rows, bytes, schema });
    const sentFrom = { runId: refusedId, ...(why === undefined ? {} : { why }) };
    return { outcome: 'uploaded', rows, bytes, schema, sentFrom };
  };
  return runJob(description, send, options);
}
