import { HandOverError, LeaseLostError, QueuedError, toFerryError } from '../errors.ts';
import { RUN_ID, RUN_STATE } from '../telemetry/attributes.ts';
import { inSpan, markFailed } from '../telemetry/in-span.ts';
import type { Logger } from '../telemetry/logger.ts';
import { activeTraceIds, linkTo } from '../telemetry/trace-context.ts';
import type { JobContext, JobResult } from './job.ts';
import { acquireSourceSlots } from './leases/acquire-source-slots.ts';
import { isStillHeld } from './leases/lease.ts';
import { QUEUED_PHASE } from './leases/slots.ts';
import { measureStart } from './measure-run.ts';
import { isFinished, type RunRecord } from './records/run-record.ts';
import { type Execution, RunInProgress } from './run-in-progress.ts';
import { assertWorthAnotherTry, saveFinal } from './take-over.ts';
import { createWorkspace } from './workspace.ts';

/**
 * Executes a run that has its job's lease: slots of its sources, private folder, work, clean-up, record.
 *
 * @returns the record, which contains any failure of the job; that is not thrown
 * @throws QueuedError when no source slot became free in the time that the run could wait
 */
export async function executeRun(
  execution: Execution,
  work: (context: JobContext) => Promise<JobResult>,
): Promise<RunRecord> {
  const { record, lease, options, traces } = execution;
  // An attempt of this run that was lost or left the rest to this one, or another run that was killed.
  const runs = new Set([record.id, lease.takenFrom?.runId]);
  const before = traces.filter(({ runId }) => runs.has(runId));
  const attributes = { [RUN_ID]: record.id, 'ferry.run.attempt': record.attempts?.length ?? 1 };
  return inSpan('attempt', { attributes, links: before.map(linkTo) }, async (span) => {
    const ids = activeTraceIds();
    const noted = ids && options.store.noteTrace(record.job, { runId: record.id, ...ids });
    measureStart(record);
    try {
      await executeAttempt(execution, work);
    } finally {
      await noted;
    }
    span.setAttribute(RUN_STATE, record.state);
    if (record.error) markFailed(span, record.error.class);
    return record;
  });
}

async function executeAttempt(
  execution: Execution,
  work: (context: JobContext) => Promise<JobResult>,
): Promise<void> {
  const { record, lease, options, logger } = execution;
  const run = new RunInProgress(execution);
  logger.info({ trigger: record.trigger, triggeredBy: record.triggeredBy }, 'run started');
  const workedMs = await doWork(run, work, execution);
  if (!run.leaseLost) {
    await lease.renew(run.progress).catch((error: unknown) => {
      // An unreachable store does not undo what was done.
      if (error instanceof LeaseLostError) run.fail(error);
    });
  }
  if (isFinished(record)) {
    record.endedAt = new Date().toISOString();
    delete record.ingest;
  }
  // A run that a later invocation finishes has worked in both.
  record.durationMs = (record.durationMs ?? 0) + workedMs;
  // A run that has lost its lease must not write its record any more; the new holder does. Losing only a slot does not
  // matter here.
  if (!run.leaseLost || (await isStillHeld(lease))) await saveFinal(record, options.store, logger, options);
  logEnd(record, logger);
}

/**
 * Does the work, once the run may use its sources, and records how it ended.
 *
 * @returns how long it worked, in ms
 */
async function doWork(
  run: RunInProgress,
  work: (context: JobContext) => Promise<JobResult>,
  { job, options, logger }: Execution,
): Promise<number> {
  const { record, heartbeat, progress, signal, retry } = run;
  let started: number | undefined;
  const workWithSources = async (): Promise<JobResult> => {
    await using slots = await acquireSourceSlots(job, record, options, {
      heartbeat,
      progress,
      logger,
      signal,
      retry,
    });
    run.sources = slots;
    // A run that was stopped after it got the lease would overwrite the record of its successor.
    await retry(() => heartbeat.beat());
    signal.throwIfAborted();
    started = performance.now();
    await retry(() => options.store.save(record));
    await using workspace = await createWorkspace(options.workFolder);
    // Awaited here, because both are released when this returns.
    return await work(run.contextIn(workspace.folder));
  };
  try {
    assertWorthAnotherTry(record);
    Object.assign(record, { state: 'succeeded' }, await run.untilLastCall(workWithSources()));
  } catch (thrown) {
    if (thrown instanceof QueuedError && !signal.aborted) throw thrown;
    if (signal.reason instanceof HandOverError) {
      run.handOver();
      return workedSince(started);
    }
    if (record.state === 'queued') run.phase = QUEUED_PHASE;
    run.fail(toFerryError(signal.aborted ? signal.reason : thrown));
  } finally {
    await run[Symbol.asyncDispose]();
  }
  return workedSince(started);
}

const workedSince = (started: number | undefined) =>
  started === undefined ? 0 : Math.round(performance.now() - started);

function logEnd(record: RunRecord, logger: Logger): void {
  const { id: _id, job: _job, schema: _schema, ...facts } = record;
  const failed = record.state === 'failed' || record.state === 'partial';
  // Somebody wanted it.
  logger[failed ? 'error' : record.state === 'cancelled' ? 'warn' : 'info'](
    facts,
    isFinished(record) ? `run ${record.state}` : `run left ${record.state}`,
  );
}
