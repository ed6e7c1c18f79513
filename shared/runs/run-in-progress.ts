import { CancelledError, FerryError, LeaseLostError, StateError } from '../errors.ts';
import { sleep as sleepByClock } from '../sleep.ts';
import { PHASE } from '../telemetry/attributes.ts';
import { inSpan } from '../telemetry/in-span.ts';
import type { Logger } from '../telemetry/logger.ts';
import { formatDuration } from '../text/format.ts';
import { printable } from '../text/printable.ts';
import type { JobContext, JobDescription, JobResult, RunOptions } from './job.ts';
import type { EnteredSources } from './leases/acquire-source-slots.ts';
import { type Heartbeat, startHeartbeat } from './leases/heartbeat.ts';
import { isStillHeld, type Lease, leaseTimes, type Progress } from './leases/lease.ts';
import { measureRetry } from './measure-run.ts';
import type { RunRecord } from './records/run-record.ts';
import type { RunTrace } from './records/run-traces.ts';
import { type FailedTry, type Outage, PATIENCE_MS, retryWithin } from './retry.ts';
import { LAST_CALL_MS, limitRun, waitDeadline, workDeadline } from './run-limits.ts';
import { type Effect, explainLoss } from './take-over.ts';

// How often a log says how far a long phase has come.
const LOG_PROGRESS_MS = 30_000;

// Somebody who asked for the run waits for it. The Go connector waited two minutes.
const ASKED_PATIENCE_MS = 3 * 60_000;

// A shorter wait is not worth another run's beginning.
const REST_MS = 2_000;

// Others name a database or a source, and names of spans are to be few.
const PLAIN_PHASE = /^[a-z]+( [a-z]+)*$/;

/** A run that has its job's lease, to be executed. */
export interface Execution {
  job: JobDescription;
  record: RunRecord;
  lease: Lease;
  options: RunOptions;
  logger: Logger;
  /** Those of the job's earlier attempts and runs, newest first; empty in a process that records no traces. */
  traces: readonly RunTrace[];
}

/** A run in execution: its record, its limits, its heartbeat, and how far it has come. The heartbeat begins at once. */
export class RunInProgress {
  readonly record: RunRecord;
  readonly lease: Lease;
  readonly heartbeat: Heartbeat;
  readonly progress: Progress = {};
  /** Aborted when the run is cancelled, runs out of time or loses its lease; its reason is a FerryError. */
  readonly signal: AbortSignal;
  /** The current phase. */
  phase: string | undefined;
  /** The right to use its sources, once it has that. */
  sources: EnteredSources | undefined;
  leaseLost = false;
  readonly #limits: ReturnType<typeof limitRun>;
  readonly #cancelRequests: Disposable;
  readonly #options: RunOptions;
  readonly #logger: Logger;
  readonly #outage: Outage = { outlasted: false };
  #effect: Effect = 'none';
  #loggedAt = 0;

  constructor({ job, record, lease, options, logger }: Execution) {
    this.record = record;
    this.lease = lease;
    this.#options = options;
    this.#logger = logger;
    this.#limits = limitRun({ ...options, kind: job.kind });
    this.signal = this.#limits.signal;
    this.heartbeat = startHeartbeat({
      lease,
      times: options.leaseTimes ?? leaseTimes,
      progress: () => this.progress,
      findCancelRequest: () => this.#findCancelRequest(),
      onStop: this.#limits.stop,
    });
    this.#cancelRequests = options.store.onCancelRequest(record.id, this.heartbeat.look);
  }

  /** Retries failures that may pass on their own, within the time of the run. */
  readonly retry = <T>(attempt: () => Promise<T>, before?: FailedTry): Promise<T> => {
    const { deadline, clock, maxTries, trigger, onProgress } = this.#options;
    const patienceMs = trigger.type === 'schedule' ? PATIENCE_MS : ASKED_PATIENCE_MS;
    return retryWithin(
      {
        budget: deadline && workDeadline(deadline),
        signal: this.signal,
        ...clock,
        sleep: (ms) => this.#pause(ms),
        ...(maxTries === undefined ? {} : { maxTries }),
        patienceMs: this.#options.patienceMs ?? patienceMs,
        pauseMs: this.#options.pauseMs,
        outage: this.#outage,
        before,
        onRetry: ({ error, waitMs }) => {
          measureRetry(this.record, error.class);
          this.#logger.warn(
            { class: error.class, phase: this.phase, waitMs },
            `${error.message} Trying again in ${formatDuration(waitMs)}.`,
          );
          onProgress?.({ type: 'retrying', phase: this.phase, message: error.message, waitMs });
        },
      },
      attempt,
    );
  };

  /** Waits for the next try. While that takes long, the place among the runs of the process is somebody else's. */
  async #pause(ms: number): Promise<void> {
    const { clock, rest } = this.#options;
    const wait = () => (clock?.sleep ?? sleepByClock)(ms, this.signal);
    await (rest === undefined || ms < REST_MS ? wait() : rest(wait, this.signal));
  }

  /** Tries once what may be left for later, if the run tries anything again at all. */
  readonly tryFirst = async <T>(attempt: () => Promise<T>): Promise<{ result: T } | { left: FailedTry }> => {
    const { maxTries, clock } = this.#options;
    if (maxTries === 1) return { result: await this.retry(attempt) };
    try {
      return { result: await attempt() };
    } catch (error) {
      this.signal.throwIfAborted();
      if (!(error instanceof FerryError) || !error.retryable) throw error;
      measureRetry(this.record, error.class);
      this.#logger.warn({ class: error.class, phase: this.phase }, `${error.message} Trying again later.`);
      return { left: { error, at: (clock?.now ?? Date.now)() } };
    }
  };

  /**
   * Waits for the run's work. Once the run was asked to stop, it waits no longer than until the last call.
   *
   * @throws what the work throws; the signal's reason if it did not end in time
   */
  async untilLastCall<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    const { lastCallSleep: sleep = sleepByClock } = this.#options;
    const ended = new AbortController();
    const lastCall = new Promise<never>((_resolve, reject) => {
      const wait = async () => {
        await sleep(LAST_CALL_MS, ended.signal);
        this.#logger.warn({ phase: this.phase }, 'the work did not stop in time, and is left behind');
        reject(signal.reason);
      };
      const onAbort = () => void wait().catch(() => {});
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true, signal: ended.signal });
    });
    try {
      return await Promise.race([work, lastCall]);
    } finally {
      ended.abort();
      work.catch(() => {});
    }
  }

  /** Records why the run ends without a result. */
  fail(error: FerryError): void {
    this.leaseLost ||= error instanceof LeaseLostError;
    this.record.state = error instanceof CancelledError ? 'cancelled' : 'failed';
    const hint = error instanceof LeaseLostError ? explainLoss(error, this.record, this.#effect) : error.hint;
    this.record.error = {
      class: error.class,
      message: error.message,
      ...(hint === undefined ? {} : { hint }),
      ...(this.phase === undefined ? {} : { phase: this.phase }),
    };
  }

  /** Puts the run back into the queue, for another process to begin at once: nothing of it is lost. */
  handOver(): void {
    // What Polyteia has the file of is not sent again: the next one asks how that ended.
    this.record.state = this.record.ingest === undefined ? 'queued' : 'ingesting';
    if (this.#effect === 'unknown') this.lease.becomeRival();
  }

  /** What the job's work may use. @param folder the run's private one */
  contextIn(folder: string): JobContext {
    const { record, lease, heartbeat, signal, retry, tryFirst } = this;
    const { deadline } = this.#options;
    return {
      runId: record.id,
      folder,
      until: deadline && waitDeadline(deadline),
      signal,
      phase: (name, run, detail, step) => this.#inPhase(name, run, detail, step),
      retry,
      tryFirst,
      confirmLease: async () => {
        await heartbeat.beat();
        signal.throwIfAborted();
        this.#effect = 'unknown';
      },
      confirmEffect: async () => {
        await heartbeat.confirm();
        signal.throwIfAborted();
      },
      tellEffect: () => {
        this.#effect = 'certain';
      },
      rival: lease.rival,
      settleRival: () => lease.settleRival(),
      renewLease: () => this.#renewLease(),
      leaveSource: async (source) => {
        await this.sources?.leave(source);
      },
      progress: (bytes, rows) => this.#noteProgress(bytes, rows),
      tell: (fact) => this.#tell(fact),
      note: (facts: JobResult) => {
        Object.assign(record, facts);
      },
      warn: (message) => this.#warn(message),
    };
  }

  /** Stops everything that watches the run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#limits.clear();
    this.#cancelRequests[Symbol.dispose]();
    await this.heartbeat[Symbol.asyncDispose]();
  }

  async #inPhase<T>(
    named: string,
    run: () => Promise<T>,
    detail: ((result: T) => string) | undefined,
    step: string | undefined,
  ): Promise<T> {
    const { onProgress } = this.#options;
    this.signal.throwIfAborted();
    const phase = printable(named);
    this.phase = phase;
    this.#loggedAt = performance.now();
    this.progress.phase = phase;
    const started = performance.now();
    onProgress?.({ type: 'phase-started', phase, ...(step === undefined ? {} : { step }) });
    const settings = {
      attributes: { [PHASE]: phase, ...(step === undefined ? {} : { 'ferry.phase.step': step }) },
    };
    const result = await inSpan(PLAIN_PHASE.test(phase) ? phase : 'phase', settings, run);
    const durationMs = Math.round(performance.now() - started);
    this.record.phases.push({ name: phase, durationMs });
    const told = detail?.(result);
    const fact = told === undefined ? undefined : printable(told);
    this.#logger.debug({ phase, durationMs, detail: fact }, 'phase ended');
    onProgress?.({ type: 'phase-ended', phase, durationMs, ...(fact === undefined ? {} : { detail: fact }) });
    this.phase = undefined;
    return result;
  }

  async #renewLease(): Promise<void> {
    try {
      await this.heartbeat.beat();
    } catch (error) {
      // Losing only a slot of the source takes nothing from what the job has done.
      if (!(error instanceof LeaseLostError) || !(await isStillHeld(this.lease))) throw error;
    }
  }

  async #findCancelRequest(): Promise<string | undefined> {
    const { job, id } = this.record;
    try {
      return await this.#options.store.findCancelRequest(job, id);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      // Of this run or an earlier one. This is no reason to stop, but must be reported.
      this.#warn([error.message, error.hint ?? ''].join(' ').trim());
      return undefined;
    }
  }

  #noteProgress(bytes: number, rows: number | undefined): void {
    this.progress.bytes = bytes;
    const { phase } = this;
    if (phase === undefined) return;
    const moved = { bytes, ...(rows === undefined ? {} : { rows }) };
    this.#options.onProgress?.({ type: 'phase-progressed', phase, ...moved });
    const now = performance.now();
    if (now - this.#loggedAt < LOG_PROGRESS_MS) return;
    this.#loggedAt = now;
    this.#logger.info({ phase, ...moved }, 'still at it');
  }

  #tell(told: string): void {
    const fact = printable(told);
    this.#logger.debug({ phase: this.phase, fact }, 'phase noted');
    this.#options.onProgress?.({ type: 'phase-noted', phase: this.phase, fact });
  }

  #warn(told: string): void {
    const message = printable(told);
    if (this.record.warnings.includes(message)) return;
    this.record.warnings.push(message);
    this.#logger.warn(message);
  }
}
