import { HandOverError, QueuedError, StorageUnavailableError, toFerryError } from '../../errors.ts';
import type { Rest } from '../../runs/job.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import { retryWithin } from '../../runs/retry.ts';
import { scheduledRunId } from '../../runs/run-id.ts';
import type { StartEvent } from '../../runs/start-event.ts';
import type { Clock } from '../../sleep.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { formatCount } from '../../text/format.ts';
import { nameSome } from '../../text/name-some.ts';

export interface RunPoolOptions {
  /** How many runs work at once. */
  maxRuns: number;
  /** Makes the ids of scheduled runs unique. */
  scope: string;
  /** Runs what an event asks for, until it has a record. @param rest gives its place away while it only waits */
  execute: (event: StartEvent, signal: AbortSignal, rest: Rest) => Promise<RunRecord>;
  logger: Logger;
  /** How long a run is tried to begin while the state cannot be reached. @default an hour */
  beginMs?: number;
  /** @default the real one */
  clock?: Clock;
}

// As a start that was missed, by default. AWS delivers an event again for as long as that, too.
const BEGIN_MS = 3_600_000;

interface Entry {
  event: StartEvent;
  runId: string;
  running: Promise<void> | undefined;
  /** Whether it waits for the state to be reachable. */
  stalled: boolean;
  /** Whether it waits for its next try, and needs no place. */
  resting: boolean;
  /** Whether it has its place, but waits for the job's lease, or a slot of its source, before it begins. */
  waiting: boolean;
  /** Has it handed over. */
  giveUp: AbortController;
  /** Whether its record says how it ended. */
  ended: boolean;
  /** What must end before it may begin. */
  recorded: Promise<void> | undefined;
}

/** The runs of this process: a limited number at work, the others in the order in which they were started. */
export class RunPool {
  readonly #options: RunPoolOptions;
  readonly #entries = new Map<string, Entry>();
  /** Those that have rested and wait for a place again, which they get before others begin. */
  readonly #returning: (() => void)[] = [];
  /** The jobs of those that wait for a place, and of which the log says nothing yet. */
  readonly #newlyWaiting: string[] = [];
  readonly #stopping = new AbortController();
  readonly #closing = new AbortController();

  constructor(options: RunPoolOptions) {
    this.#options = options;
  }

  /** Whether it takes no more runs. */
  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** The id of the run that an event starts. */
  idOf(event: StartEvent): string {
    if ('runId' in event) return event.runId;
    return scheduledRunId(this.#options.scope, event.job, new Date(event.scheduledTime).toISOString());
  }

  /** Whether this process works on a run, or will. */
  has(runId: string): boolean {
    return this.#entries.has(runId);
  }

  /** The run of a job that this process works on, or will; one that has ended by its record is none. */
  runOf(job: string): string | undefined {
    return [...this.#entries.values()].find(({ event, ended }) => event.job === job && !ended)?.runId;
  }

  /** Notes that a run has ended by its record: whoever sees that may start the next one, though this one is still tidied up. */
  noteEnd(runId: string): void {
    const entry = this.#entries.get(runId);
    if (entry) entry.ended = true;
  }

  /**
   * Starts a run, now or when its turn comes. The same run is started once, and at most one run of a job waits.
   *
   * @param how.recorded what must end before it may begin; it never begins if that fails
   * @param how.atOnce it does not wait for others, because only this process can do it
   */
  start(event: StartEvent, how: { recorded?: Promise<void>; atOnce?: boolean } = {}): void {
    const { recorded, atOnce = false } = how;
    const runId = this.idOf(event);
    const { logger, maxRuns } = this.#options;
    if (this.closed || this.has(runId)) return;
    const others = [...this.#entries.values()].filter((entry) => entry.event.job === event.job);
    if (others.some(({ running, stalled }) => running === undefined || stalled)) {
      logger.warn(
        { job: event.job, run: runId },
        'not started: an earlier start of this job is still waiting',
      );
      return;
    }
    const entry: Entry = {
      event,
      runId,
      running: undefined,
      stalled: false,
      resting: false,
      waiting: false,
      giveUp: new AbortController(),
      ended: false,
      recorded,
    };
    this.#entries.set(runId, entry);
    recorded?.catch(() => {
      if (entry.running === undefined) this.#entries.delete(runId);
    });
    // A job at work has its lease: this run notices that at once, and is recorded as skipped.
    if (atOnce || others.length > 0 || this.#working() < maxRuns) this.#begin(entry);
    else {
      logger.debug({ job: event.job, run: runId, maxRuns }, 'run waits for a place');
      this.#tellOfWaiting(event.job);
    }
  }

  /** One line for all jobs that are due at one moment. */
  #tellOfWaiting(job: string): void {
    this.#newlyWaiting.push(job);
    if (this.#newlyWaiting.length > 1) return;
    setImmediate(() => {
      const jobs = this.#newlyWaiting.splice(0);
      const { logger, maxRuns } = this.#options;
      const what = jobs.length === 1 ? 'run waits' : `${formatCount(jobs.length, 'run')} wait`;
      logger.info({ maxRuns }, `${what} for others to end (--max-runs): ${nameSome(jobs)}`);
    });
  }

  /**
   * Stops: nothing new begins; runs at work have this long, and are then handed over; runs that wait, for a place, for
   * their next try, or for the job's lease or a slot of its source, are handed over at once.
   */
  async stop(graceMs: number): Promise<void> {
    this.#closing.abort(new HandOverError('This process is about to end.'));
    const atWork = [...this.#entries.values()].flatMap(({ running }) => running ?? []);
    const timer = setTimeout(() => this.#handOver(), graceMs);
    const waiting = [...this.#entries.values()].filter(({ running }) => running === undefined);
    for (const entry of this.#entries.values()) if (entry.resting || entry.waiting) this.#giveUp(entry);
    // A requested run that never began is recorded as queued, where the next process finds it.
    const { signal } = this.#closing;
    for (const entry of waiting) {
      entry.running = this.#execute(entry, signal);
      atWork.push(entry.running);
    }
    await Promise.all(atWork);
    clearTimeout(timer);
  }

  #handOver(): void {
    this.#options.logger.info('runs that are still at work are handed over');
    this.#stopping.abort(new HandOverError('The process that worked on the run ended.'));
  }

  #working(): number {
    return [...this.#entries.values()].filter(({ running, resting }) => running !== undefined && !resting)
      .length;
  }

  #begin(entry: Entry): void {
    entry.running = this.#execute(entry, AbortSignal.any([this.#stopping.signal, entry.giveUp.signal]));
  }

  #giveUp({ giveUp }: Entry): void {
    giveUp.abort(new HandOverError('The process that worked on the run ended.'));
  }

  /** Gives free places to those that have rested, then to those that wait for their turn. */
  #fill(): void {
    while (!this.closed && this.#working() < this.#options.maxRuns) {
      const takePlace = this.#returning.shift();
      const next = [...this.#entries.values()].find(({ running }) => running === undefined);
      if (takePlace) takePlace();
      else if (next) this.#begin(next);
      else return;
    }
  }

  /** A source that is down for minutes holds up its own run only. */
  async #rest(entry: Entry, wait: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    entry.resting = true;
    if (this.closed) this.#giveUp(entry);
    this.#fill();
    try {
      await wait();
      if (this.#working() >= this.#options.maxRuns) await this.#untilPlace(entry, signal);
    } finally {
      entry.resting = false;
    }
  }

  /** What has not begun when the process is asked to end does not begin any more. */
  async #wait(entry: Entry, wait: () => Promise<void>): Promise<void> {
    entry.waiting = true;
    if (this.closed) this.#giveUp(entry);
    try {
      await wait();
    } finally {
      entry.waiting = false;
    }
  }

  #untilPlace(entry: Entry, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const takePlace = () => {
        // At once: who looks next counts it.
        entry.resting = false;
        resolve();
      };
      this.#returning.push(takePlace);
      const leave = () => {
        const index = this.#returning.indexOf(takePlace);
        if (index >= 0) this.#returning.splice(index, 1);
        reject(signal?.reason);
      };
      if (signal?.aborted) leave();
      else signal?.addEventListener('abort', leave, { once: true });
    });
  }

  async #execute(entry: Entry, signal: AbortSignal): Promise<void> {
    const { event, runId } = entry;
    const { logger } = this.#options;
    try {
      await this.#untilBegun(entry, signal);
    } catch (thrown) {
      if (!(thrown instanceof HandOverError)) {
        const error = toFerryError(thrown);
        const level = error instanceof QueuedError ? 'info' : 'error';
        logger[level]({ job: event.job, run: runId, class: error.class, hint: error.hint }, error.message);
      }
    } finally {
      this.#entries.delete(runId);
      this.#fill();
    }
  }

  /** Nothing has begun when the state cannot be reached, and nobody else would start this run again. */
  async #untilBegun(entry: Entry, signal: AbortSignal): Promise<void> {
    const { execute, logger, beginMs = BEGIN_MS, clock } = this.#options;
    const { event, runId } = entry;
    if (entry.recorded) await entry.recorded;
    const rest: Rest = (wait, ended, { keepsPlace } = { keepsPlace: false }) =>
      keepsPlace ? this.#wait(entry, wait) : this.#rest(entry, wait, ended);
    if (signal.aborted) {
      await execute(event, signal, rest);
      return;
    }
    const ended = await retryWithin(
      {
        budget: new Date((clock?.now() ?? Date.now()) + beginMs),
        maxTries: Number.POSITIVE_INFINITY,
        signal: this.#closing.signal,
        ...clock,
        onRetry: ({ error, waitMs }) =>
          logger.warn(
            { job: event.job, run: runId, class: error.class, waitMs },
            `not begun yet: ${error.message}`,
          ),
      },
      async (): Promise<{ error: unknown } | undefined> => {
        entry.stalled = false;
        try {
          await execute(event, signal, rest);
          return undefined;
        } catch (error) {
          // Any other is not about the state, and not to be tried again.
          if (!(error instanceof StorageUnavailableError)) return { error };
          entry.stalled = true;
          throw error;
        }
      },
    );
    if (ended) throw ended.error;
  }
}
