import type { Clock, Sleep } from '../sleep.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { LeaseTimes } from './leases/lease.ts';
import type { RunRecord } from './records/run-record.ts';
import type { RunStore } from './records/run-store.ts';
import type { Trigger } from './trigger.ts';

/** What a run reports while it works; `detail` is a fact about a finished phase, ready to print. */
export type ProgressEvent =
  /** Another run of the job holds the lease: it is being found out whether it lives. */
  | { type: 'waiting' }
  /** As many runs as the source has slots are at work; this one waits for one, after `before` others. */
  | { type: 'queued'; source: string; slots: number; before: number }
  /** Something that may pass on its own failed, and is tried again after this wait. */
  | { type: 'retrying'; phase: string | undefined; message: string; waitMs: number }
  /** `step`: which one it is of many, such as `12 of 300`. */
  | { type: 'phase-started'; phase: string; step?: string }
  | { type: 'phase-progressed'; phase: string; bytes: number }
  /** A fact that is known before the phase ends, or the run, ready to print. */
  | { type: 'phase-noted'; phase: string | undefined; fact: string }
  | { type: 'phase-ended'; phase: string; durationMs: number; detail?: string };

/** What a job's work may use. */
export interface JobContext {
  runId: string;
  /** Private folder, removed after the run whatever happens. */
  folder: string;
  /** When waiting for something must end, so that what is left undone can still be recorded; undefined: whenever. */
  until: Date | undefined;
  /** Aborted when the run is cancelled or runs out of time; its reason is a FerryError. */
  signal: AbortSignal;
  /** Times a piece of work under a name; an error is recorded with the phase it happened in. `step`: which one it is of many. */
  phase<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string, step?: string): Promise<T>;
  /** Tries again what may pass on its own, within the time that the run has. */
  retry<T>(work: () => Promise<T>): Promise<T>;
  /**
   * To be called right before anything that changes the world outside: renews the lease.
   *
   * @throws LeaseLostError when another run has it by now
   */
  confirmLease(): Promise<void>;
  /**
   * To be called before the last part of what {@link confirmLease} was called for, which makes it take effect: a process may have been
   * stopped in between.
   *
   * @throws LeaseLostError when another run has it by now
   */
  confirmEffect(): Promise<void>;
  /** Reports that it has taken effect. */
  tellEffect(): void;
  /** A run that was taken over in the middle of its upload, which may arrive yet. */
  rival: string | undefined;
  /** Reports that the rival's upload is dealt with. */
  settleRival(): void;
  /**
   * Renews the job's lease, also for a run that was asked to stop: to be called before what has happened outside is written down.
   *
   * @throws LeaseLostError when another run has it by now
   */
  renewLease(): Promise<void>;
  /** Lets another run have the place at a source, where that has a limit: nothing more is read from it. Of all sources when none is named. */
  leaveSource(source?: string): Promise<void>;
  /** Reports that the current phase has moved this many bytes. */
  progress(bytes: number): void;
  /** Reports a fact about the current phase, or about the run between two, ready to print; the record does not keep it. */
  tell(fact: string): void;
  warn(message: string): void;
  /** Facts for the record, which it keeps also when the run fails later. */
  note(facts: JobResult): void;
}

/** What is known of a job before it runs. */
export type JobDescription = {
  name: string;
  /** How many runs may be at work at once on a source, by its name: only of those that have a limit. */
  slots?: Readonly<Record<string, number>>;
  /** Everything that decides what the job does; its hash goes into the record. */
  config: unknown;
} & (
  | { kind: 'sync'; source: string; dataset: string; target: string }
  | { kind: 'extraction'; sources: string[] }
);

export interface RunOptions {
  trigger: Trigger;
  /** What makes ids of scheduled runs unique: the stack's name. */
  scope: string;
  store: RunStore;
  /** Folder in which the private one is made. */
  workFolder: string;
  logger: Logger;
  /** Id given to the caller beforehand; made from the trigger when absent. */
  runId?: string;
  signal?: AbortSignal;
  /** When the platform kills the run; it ends itself before that. */
  deadline?: Date;
  /** What to do about a run that reaches its deadline. @default for a function */
  deadlineHint?: string;
  /** @default {@link leaseTimes} */
  leaseTimes?: LeaseTimes;
  /** How often something that may pass on its own is tried. @default as retry.ts has it */
  maxTries?: number;
  /** What tries and questions are spaced by; not the lease, whose clock is the store's. @default the real one */
  clock?: Clock;
  /** Waits for the last call of a run that was asked to stop (run-limits.ts). @default by the real clock */
  lastCallSleep?: Sleep;
  onProgress?: (event: ProgressEvent) => void;
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
   * `ingesting`: the upload is for a later invocation to finish; `skipped`: an earlier upload of the job is still under way; `partial`,
   * `failed`: `error` says why, although it was not thrown.
   * @default succeeded
   */
  state?: 'ingesting' | 'skipped' | 'partial' | 'failed';
  error?: RunRecord['error'];
};
