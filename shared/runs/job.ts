import type { Clock, Sleep } from '../sleep.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { LeaseTimes } from './leases/lease.ts';
import type { RunRecord } from './records/run-record.ts';
import type { RunStore } from './records/run-store.ts';
import type { FailedTry } from './retry.ts';
import type { Trigger } from './trigger.ts';

/** What a run reports while it works. `detail` is a fact about a finished phase, ready to print. */
export type ProgressEvent =
  /** Another run of the job holds the lease; Ferry is finding out whether that run is alive. */
  | { type: 'waiting' }
  /** All slots of the source are in use; this run waits for one, after `before` others. */
  | { type: 'queued'; source: string; slots: number; before: number }
  /** Something failed that may pass on its own; Ferry tries again after this wait. */
  | { type: 'retrying'; phase: string | undefined; message: string; waitMs: number }
  /** `step`: its position among many, such as `12 of 300`. */
  | { type: 'phase-started'; phase: string; step?: string }
  | { type: 'phase-progressed'; phase: string; bytes: number; rows?: number }
  /** A fact that is known before the end of the phase or run, ready to print. */
  | { type: 'phase-noted'; phase: string | undefined; fact: string }
  | { type: 'phase-ended'; phase: string; durationMs: number; detail?: string };

/**
 * What a job's work may use.
 *
 * @example
 * const { file } = await context.phase('read', () => context.retry(() => readSource(context, work)));
 * await context.confirmLease(); // another run may have taken over
 * await context.phase('upload', () => client.upload({ file, … }));
 */
export interface JobContext {
  runId: string;
  /** Private folder, removed after the run in any case. */
  folder: string;
  /** When waiting must end, so that what is unfinished can still be recorded; undefined: no limit. */
  until: Date | undefined;
  /** Aborted when the run is cancelled or runs out of time; its reason is a FerryError. */
  signal: AbortSignal;
  /** Times a piece of work under a name. An error is recorded with its phase. `step`: its position among many. */
  phase<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string, step?: string): Promise<T>;
  /**
   * Retries failures that may pass on their own, within the time of the run.
   *
   * @param before a try that was left for later: its failure is the first one
   */
  retry<T>(work: () => Promise<T>, before?: FailedTry): Promise<T>;
  /**
   * Tries once what can be left for later, so that it does not hold up what works. A run that tries nothing again does
   * as {@link retry} does.
   *
   * @returns the result, or the failure, if it may pass: give it to {@link retry} when the rest is done
   */
  tryFirst<T>(work: () => Promise<T>): Promise<{ result: T } | { left: FailedTry }>;
  /**
   * Renews the lease. Call it right before anything that has an effect outside.
   *
   * @throws LeaseLostError when another run has the lease
   */
  confirmLease(): Promise<void>;
  /**
   * Call it before the last step of what {@link confirmLease} was called for, the one that takes effect: the process
   * may have been suspended in between.
   *
   * @throws LeaseLostError when another run has the lease
   */
  confirmEffect(): Promise<void>;
  /** Reports that it has taken effect. */
  tellEffect(): void;
  /** A run that was taken over in the middle of its upload, which may still arrive. */
  rival: string | undefined;
  /** Reports that the rival's upload is dealt with. */
  settleRival(): void;
  /**
   * Renews the job's lease, even for a run that was asked to stop. Call it before recording what has happened outside.
   *
   * @throws LeaseLostError when another run has the lease
   */
  renewLease(): Promise<void>;
  /**
   * Releases the run's slot at a source, if that has a limit: the run reads nothing more from it. Without a name, at
   * all sources.
   */
  leaveSource(source?: string): Promise<void>;
  /** Reports that the current phase has moved this many bytes, and this many rows if they are counted. */
  progress(bytes: number, rows?: number): void;
  /**
   * Reports a fact about the current phase, or about the run between two phases, ready to print. It is not part of the
   * record.
   */
  tell(fact: string): void;
  warn(message: string): void;
  /** Facts for the record, which stay in it even if the run fails later. */
  note(facts: JobResult): void;
}

/** What is known about a job before it runs: the first argument of runJob(), with the work and the run's options. */
export type JobDescription = {
  name: string;
  /** How many runs may use a source at once, by its name; only sources with a limit. */
  slots?: Readonly<Record<string, number>>;
  /** Everything that decides what the job does. The record contains its hash. */
  config: unknown;
} & (
  | { kind: 'sync'; source: string; dataset: string; target: string }
  | { kind: 'extraction'; sources: string[] }
);

/**
 * Lets other runs of the process work while one only waits. A process that is about to end does not wait with it, but
 * hands it over.
 *
 * @param wait rejects when the signal is aborted
 * @param how.keepsPlace no other run takes its place: it has yet to begin, and the wait is short
 */
export type Rest = (
  wait: () => Promise<void>,
  signal: AbortSignal | undefined,
  how?: { keepsPlace: boolean },
) => Promise<void>;

export interface RunOptions {
  trigger: Trigger;
  /** Makes the ids of scheduled runs unique: the stack's name. */
  scope: string;
  store: RunStore;
  /** Folder in which the private one is created. */
  workFolder: string;
  logger: Logger;
  /** An id that the caller already has; derived from the trigger when absent. */
  runId?: string;
  signal?: AbortSignal;
  /** When the platform kills the run; it ends itself before that. */
  deadline?: Date;
  /** What to do about a run that reaches its deadline. @default for a function */
  deadlineHint?: string;
  /** @default {@link leaseTimes} */
  leaseTimes?: LeaseTimes;
  /** How often a failure that may pass on its own is tried, whatever that takes. @default `patienceMs` ends it */
  maxTries?: number;
  /** How long to wait for such a failure to pass, in ms. @default ten minutes on a schedule, three otherwise */
  patienceMs?: number;
  /** The same wait between two tries, in ms. @default growing ones, as in retry.ts */
  pauseMs?: number;
  /** How to wait between tries and questions. Leases use the store's clock. @default the real one */
  clock?: Clock;
  /** Waits for the next try, and lets other runs work meanwhile. @default only waits */
  rest?: Rest;
  /** Waits for the last call of a run that was asked to stop (run-limits.ts). @default with the real clock */
  lastCallSleep?: Sleep;
  /**
   * Whether a run without a free slot ends here, and is started again when it has its turn: for a platform that charges
   * for waiting, and has somebody who starts it. @default false: it waits
   */
  parks?: boolean;
  onProgress?: (event: ProgressEvent) => void;
  /** Called when the run ends here, but not for one that had already ended, or that goes on elsewhere. */
  onEnd?: (record: RunRecord) => void;
}

/** What the work found out, for the record. */
export type JobResult = Pick<
  RunRecord,
  | 'outcome'
  | 'rows'
  | 'bytes'
  | 'schema'
  | 'reading'
  | 'fingerprint'
  | 'unchangedSince'
  | 'ingest'
  | 'archived'
  | 'sentFrom'
  | 'heldBy'
  | 'databases'
  | 'manifest'
> & {
  /**
   * `ingesting`: a later invocation finishes the upload; `skipped`: an earlier upload of the job is still in progress;
   * `partial`, `failed`: `error` says why, although it was not thrown.
   * @default succeeded
   */
  state?: 'ingesting' | 'skipped' | 'partial' | 'failed';
  error?: RunRecord['error'];
};
