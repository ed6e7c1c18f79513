import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';
import { executeRun } from './execute-run.ts';
import type { JobContext, JobDescription, JobResult, RunOptions } from './job.ts';
import { leaseTimes } from './leases/lease.ts';
import { isFinished, type RunRecord } from './records/run-record.ts';
import { newRunId, scheduledRunId } from './run-id.ts';
import { saveFinal, takeOver } from './take-over.ts';

function startRecord(job: JobDescription, id: string, { trigger }: RunOptions): RunRecord {
  const startedAt = new Date().toISOString();
  const { name, config, slots: _slots, ...about } = job;
  return {
    schemaVersion: 1,
    id,
    job: name,
    ...about,
    state: 'running',
    trigger: trigger.type,
    ...(trigger.type === 'schedule'
      ? { scheduledTime: trigger.scheduledTime }
      : { triggeredBy: trigger.triggeredBy }),
    startedAt,
    attempts: [{ startedAt }],
    phases: [],
    warnings: [],
    configHash: createHash('sha256').update(JSON.stringify(config)).digest('hex'),
  };
}

function idOf(job: JobDescription, { trigger, scope, runId }: RunOptions): string {
  if (runId !== undefined) return runId;
  return trigger.type === 'schedule' ? scheduledRunId(scope, job.name, trigger.scheduledTime) : newRunId();
}

/**
 * Runs a job from trigger to record: identity, lease, private folder, phases, deadline, clean-up, record
 * (docs/architecture.md, "A run id"). The same trigger delivered twice is one run: the second delivery only gets the
 * record of the first.
 *
 * @returns the record, which contains any failure of the job; that is not thrown
 * @throws StorageUnavailableError when the store cannot be reached at all, so that nothing has begun
 * @throws StateError when the run's record or the job's lease cannot be read, so that nothing has begun
 * @throws QueuedError when no source slot became free in the time that the run could wait: it stays `queued`, and the
 *   caller starts it again
 */
export async function runJob(
  job: JobDescription,
  work: (context: JobContext) => Promise<JobResult>,
  options: RunOptions,
): Promise<RunRecord> {
  const { store } = options;
  const id = idOf(job, options);
  const logger = options.logger.child({ run: id, job: job.name });
  const delivered = await store.getOfJob(job.name, id);
  if (delivered && isFinished(delivered)) return delivered;

  const acquisition = await store.acquireLease({
    job: job.name,
    runId: id,
    times: options.leaseTimes ?? leaseTimes,
    sleep: async (ms) => {
      options.onProgress?.({ type: 'waiting' });
      await sleep(ms, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {});
      options.signal?.throwIfAborted();
    },
  });
  if (acquisition.outcome === 'duplicate') {
    logger.info('this run is under way elsewhere');
    return (await store.getOfJob(job.name, id)) ?? startRecord(job, id, options);
  }
  if (acquisition.outcome === 'busy') {
    // Read it again: the holder of the lease may have closed the run meanwhile.
    const recorded = await store.getOfJob(job.name, id);
    // If Polyteia has the file, coming at the wrong time does not undo that: the holder, or the next delivery, asks how
    // it ended.
    if (recorded && (isFinished(recorded) || recorded.state === 'ingesting')) return recorded;
    return skip({ ...startRecord(job, id, options), heldBy: acquisition.runId }, options, logger);
  }
  const { lease } = acquisition;
  try {
    // Read it again: the previous holder of the lease may have finished the run in the meantime.
    const before = await store.getOfJob(job.name, id);
    if (before && isFinished(before)) return before;
    const record = startRecord(job, id, options);
    await takeOver(record, before, lease, store, logger);
    // Asking Polyteia how an upload ended does not need a slot of the source.
    const asks = before?.state === 'ingesting';
    return await executeRun(
      { job: asks ? { ...job, slots: {} } : job, record, lease, options, logger },
      work,
    );
  } finally {
    await lease.release().catch(() => {
      // It expires on its own.
    });
  }
}

async function skip(record: RunRecord, options: RunOptions, logger: Logger): Promise<RunRecord> {
  delete record.attempts;
  Object.assign(record, { state: 'skipped', endedAt: new Date().toISOString(), durationMs: 0 });
  record.warnings.push(`Skipped: run ${record.heldBy} of this job was under way.`);
  await saveFinal(record, options.store, logger, options);
  logger.warn({ heldBy: record.heldBy }, 'run skipped');
  return record;
}
