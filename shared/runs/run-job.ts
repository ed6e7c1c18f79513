import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CancelledError,
  type FerryError,
  LeaseLostError,
  QueuedError,
  StateError,
  toFerryError,
} from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { printable } from '../text/printable.ts';
import type { JobContext, JobDescription, JobResult, RunOptions } from './job.ts';
import { type EnteredSources, enterSources } from './leases/enter-sources.ts';
import { startHeartbeat } from './leases/heartbeat.ts';
import { isStillHeld, type Lease, leaseTimes, type Progress } from './leases/lease.ts';
import { QUEUED_PHASE } from './leases/slots.ts';
import { isFinished, type RunRecord } from './records/run-record.ts';
import { retryWithin } from './retry.ts';
import { newRunId, scheduledRunId } from './run-id.ts';
import { limitRun, waitDeadline, workDeadline } from './run-limits.ts';
import { assertWorthAnotherTry, type Effect, explainLoss, saveFinal, takeOver } from './take-over.ts';
import { createWorkspace } from './workspace.ts';

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
 * Runs a job from trigger to record: identity, lease, private folder, phases, deadline, clean-up, record (docs/architecture.md,
 * "A run id"). The same trigger delivered twice is one run: of a second delivery only the record of the first comes back.
 *
 * @returns the record; what goes wrong in the job is in it, and not thrown
 * @throws StorageUnavailableError when the store cannot be reached at all, so that nothing was begun
 * @throws StateError when the run's record or the job's lease cannot be read, so that nothing was begun
 * @throws QueuedError when a source had no slot free for as long as the run could wait for one: it stays `queued`, for the caller to
 *   start again
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
    // Read again: whoever has the lease may have closed the run meanwhile.
    const recorded = await store.getOfJob(job.name, id);
    // What Polyteia has the file of is not undone by coming at the wrong time: the holder, or the next delivery, asks how it ended.
    if (recorded && (isFinished(recorded) || recorded.state === 'ingesting')) return recorded;
    return skip({ ...startRecord(job, id, options), heldBy: acquisition.runId }, options, logger);
  }
  const { lease } = acquisition;
  try {
    // Read again: whoever had the lease before may have finished the run in the meantime.
    const before = await store.getOfJob(job.name, id);
    if (before && isFinished(before)) return before;
    const record = startRecord(job, id, options);
    await takeOver(record, before, lease, store, logger);
    // Only to ask Polyteia how an upload ended, no slot of the source is needed.
    const asks = before?.state === 'ingesting';
    return await carryOut(asks ? { ...job, slots: {} } : job, record, lease, work, options, logger);
  } finally {
    await lease.release().catch(() => {
      // It expires by itself.
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

async function carryOut(
  job: JobDescription,
  record: RunRecord,
  lease: Lease,
  work: (context: JobContext) => Promise<JobResult>,
  options: RunOptions,
  logger: Logger,
): Promise<RunRecord> {
  const { store } = options;
  const { signal, stop, clear } = limitRun({ ...options, kind: job.kind });
  const progress: Progress = {};
  let current: string | undefined;
  const retry = <T>(attempt: () => Promise<T>) =>
    retryWithin(
      {
        budget: options.deadline && workDeadline(options.deadline),
        signal,
        ...options.clock,
        ...(options.maxTries === undefined ? {} : { maxTries: options.maxTries }),
        onRetry: ({ error, waitMs }) => {
          logger.warn({ class: error.class, phase: current, waitMs }, error.message);
          options.onProgress?.({ type: 'retrying', phase: current, message: error.message, waitMs });
        },
      },
      attempt,
    );
  let leaseLost = false;
  let effect: Effect = 'none';
  let entered: EnteredSources | undefined;
  const fail = (error: FerryError) => {
    leaseLost ||= error instanceof LeaseLostError;
    record.state = error instanceof CancelledError ? 'cancelled' : 'failed';
    const hint = error instanceof LeaseLostError ? explainLoss(error, record, effect) : error.hint;
    record.error = {
      class: error.class,
      message: error.message,
      ...(hint === undefined ? {} : { hint }),
      ...(current === undefined ? {} : { phase: current }),
    };
  };
  const warn = (told: string) => {
    const message = printable(told);
    if (record.warnings.includes(message)) return;
    record.warnings.push(message);
    logger.warn(message);
  };
  const heartbeat = startHeartbeat({
    lease,
    times: options.leaseTimes ?? leaseTimes,
    progress: () => progress,
    findCancelRequest: () =>
      store.findCancelRequest(record.job, record.id).catch((error: unknown) => {
        if (!(error instanceof StateError)) throw error;
        // Of this run or of an earlier one: no reason to stop, and not to be kept quiet.
        warn([error.message, error.hint ?? ''].join(' ').trim());
        return undefined;
      }),
    onStop: stop,
  });

  const context = (folder: string): JobContext => ({
    runId: record.id,
    folder,
    until: options.deadline && waitDeadline(options.deadline),
    signal,
    async phase(named, run, detail, step) {
      signal.throwIfAborted();
      const name = printable(named);
      current = name;
      progress.phase = name;
      const started = performance.now();
      options.onProgress?.({
        type: 'phase-started',
        phase: name,
        ...(step === undefined ? {} : { step }),
      });
      const result = await run();
      const durationMs = Math.round(performance.now() - started);
      record.phases.push({ name, durationMs });
      const told = detail?.(result);
      const fact = told === undefined ? undefined : printable(told);
      logger.debug({ phase: name, durationMs, detail: fact }, 'phase ended');
      options.onProgress?.({
        type: 'phase-ended',
        phase: name,
        durationMs,
        ...(fact === undefined ? {} : { detail: fact }),
      });
      current = undefined;
      return result;
    },
    retry,
    async confirmLease() {
      await heartbeat.beat();
      signal.throwIfAborted();
      effect = 'unknown';
    },
    async confirmEffect() {
      await heartbeat.confirm();
      signal.throwIfAborted();
    },
    tellEffect() {
      effect = 'certain';
    },
    rival: lease.rival,
    settleRival: () => lease.settleRival(),
    async renewLease() {
      try {
        await heartbeat.beat();
      } catch (error) {
        // A lost slot of the source alone takes nothing from what the job has done.
        if (!(error instanceof LeaseLostError) || !(await isStillHeld(lease))) throw error;
      }
    },
    async leaveSource(source) {
      await entered?.leave(source);
    },
    progress(bytes) {
      progress.bytes = bytes;
      if (current !== undefined) options.onProgress?.({ type: 'phase-progressed', phase: current, bytes });
    },
    tell(told) {
      const fact = printable(told);
      logger.debug({ phase: current, fact }, 'phase noted');
      options.onProgress?.({ type: 'phase-noted', phase: current, fact });
    },
    note(facts) {
      Object.assign(record, facts);
    },
    warn,
  });

  logger.info({ trigger: record.trigger, triggeredBy: record.triggeredBy }, 'run started');
  let started: number | undefined;
  try {
    assertWorthAnotherTry(record);
    await using slots = await enterSources(job, record, options, {
      heartbeat,
      progress,
      logger,
      signal,
      retry,
    });
    entered = slots;
    // Whoever was stopped since it got the lease would write over the record of the one that took it.
    await retry(() => heartbeat.beat());
    signal.throwIfAborted();
    started = performance.now();
    await retry(() => store.save(record));
    await using workspace = await createWorkspace(options.workFolder);
    Object.assign(record, { state: 'succeeded' }, await work(context(workspace.folder)));
  } catch (thrown) {
    if (thrown instanceof QueuedError && !signal.aborted) throw thrown;
    if (record.state === 'queued') current = QUEUED_PHASE;
    fail(toFerryError(signal.aborted ? signal.reason : thrown));
  } finally {
    clear();
    await heartbeat[Symbol.asyncDispose]();
  }
  if (!leaseLost) {
    await lease.renew(progress).catch((error: unknown) => {
      // A store that cannot be reached does not undo what was done.
      if (error instanceof LeaseLostError) fail(error);
    });
  }
  if (isFinished(record)) {
    record.endedAt = new Date().toISOString();
    delete record.ingest;
  }
  // A run that a later invocation finishes has worked in both.
  const workedMs = started === undefined ? 0 : Math.round(performance.now() - started);
  record.durationMs = (record.durationMs ?? 0) + workedMs;
  // Whoever has lost the lease has lost the record with it: it is the new holder's to write. A lost slot alone does not take it.
  if (!leaseLost || (await isStillHeld(lease))) await saveFinal(record, store, logger, options);
  const { id: _id, job: _job, schema: _schema, ...facts } = record;
  const failed = record.state === 'failed' || record.state === 'partial' || record.state === 'cancelled';
  logger[failed ? 'error' : 'info'](facts, `run ${record.state}`);
  return record;
}
