import { JOB_KIND, JOB_NAME, RUN_ID, RUN_STATE } from '../telemetry/attributes.ts';
import { inSpan, markFailed } from '../telemetry/in-span.ts';
import type { Logger } from '../telemetry/logger.ts';
import { contextOf, recordsTraces } from '../telemetry/trace-context.ts';
import { executeRun } from './execute-run.ts';
import type { JobContext, JobDescription, JobResult, RunOptions } from './job.ts';
import { leaseTimes } from './leases/lease.ts';
import { waitToBegin } from './leases/wait-to-begin.ts';
import { measureContention } from './measure-run.ts';
import { isFinished, type RunRecord } from './records/run-record.ts';
import type { RunStore } from './records/run-store.ts';
import type { RunTrace } from './records/run-traces.ts';
import { newRunId, scheduledRunId } from './run-id.ts';
import { startRecord } from './start-record.ts';
import { saveFinal, takeOver } from './take-over.ts';

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
  const id = idOf(job, options);
  const attributes = {
    [RUN_ID]: id,
    [JOB_NAME]: job.name,
    [JOB_KIND]: job.kind,
    'ferry.run.trigger': options.trigger.type,
  };
  const traces = recordsTraces() ? await options.store.readTraces(job.name) : [];
  const { traceparent } = traces.find(({ runId }) => runId === id) ?? {};
  // A process with many runs begins one from the end of another, whose span would be the wrong parent.
  const parent = options.trigger.type === 'cli' ? {} : { parent: contextOf(traceparent) };
  return inSpan('run', { attributes, ...parent }, async (span) => {
    const record = await beginRun(id, job, work, options, traces);
    span.setAttribute(RUN_STATE, record.state);
    if (record.error) markFailed(span, record.error.class);
    return record;
  });
}

async function beginRun(
  id: string,
  job: JobDescription,
  work: (context: JobContext) => Promise<JobResult>,
  options: RunOptions,
  traces: readonly RunTrace[],
): Promise<RunRecord> {
  const { store } = options;
  const logger = options.logger.child({ run: id, job: job.name });
  const delivered = await store.getOfJob(job.name, id);
  if (delivered && isFinished(delivered)) return delivered;

  const acquisition = await store.acquireLease({
    job: job.name,
    runId: id,
    times: options.leaseTimes ?? leaseTimes,
    sleep: (ms) => {
      options.onProgress?.({ type: 'waiting' });
      return waitToBegin(ms, options.signal, options);
    },
  });
  if (acquisition.outcome === 'duplicate') {
    logger.info('this run is under way elsewhere');
    measureContention({ job: job.name, kind: job.kind }, 'duplicate');
    return (await store.getOfJob(job.name, id)) ?? startRecord(job, id, options);
  }
  if (acquisition.outcome === 'busy') {
    measureContention({ job: job.name, kind: job.kind }, 'busy');
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
    const parked = options.parks ? await findOtherParked(job, id, store) : undefined;
    if (parked !== undefined) return await skip({ ...record, heldBy: parked }, options, logger);
    await takeOver(record, before, lease, store, logger);
    // Asking Polyteia how an upload ended does not need a slot of the source.
    const asks = before?.state === 'ingesting';
    await executeRun(
      { job: asks ? { ...job, slots: {} } : job, record, lease, options, logger, traces },
      work,
    );
    if (isFinished(record)) options.onEnd?.(record);
    return record;
  } finally {
    await lease.release().catch(() => {
      // It expires on its own.
    });
  }
}

/** Another run of the job that waits outside of any process. It has the job's turn, although it has no lease. */
async function findOtherParked(
  { name, slots = {} }: JobDescription,
  id: string,
  store: RunStore,
): Promise<string | undefined> {
  if (Object.keys(slots).length === 0) return undefined;
  const parked = await store.findParkedRun(name);
  if (parked === undefined || parked === id) return undefined;
  return (await store.getOfJob(name, parked))?.state === 'queued' ? parked : undefined;
}

async function skip(record: RunRecord, options: RunOptions, logger: Logger): Promise<RunRecord> {
  delete record.attempts;
  Object.assign(record, { state: 'skipped', endedAt: new Date().toISOString(), durationMs: 0 });
  record.warnings.push(`Skipped: run ${record.heldBy} of this job was under way, or waited for its source.`);
  await saveFinal(record, options.store, logger, options);
  logger.warn({ heldBy: record.heldBy }, 'run skipped');
  options.onEnd?.(record);
  return record;
}
