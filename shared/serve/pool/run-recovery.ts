import { toFerryError } from '../../errors.ts';
import { isFinished, type RunRecord } from '../../runs/records/run-record.ts';
import type { RunRequestStore } from '../../runs/records/run-request-store.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import type { StartEvent } from '../../runs/start-event.ts';
import { type Clock, realClock } from '../../sleep.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { startEventOf } from '../../watchdog/repairs/start-again.ts';
import type { RunPool } from './run-pool.ts';

export interface RunRecoveryOptions {
  /** Whether a job is configured, or a workflow of a caller: this process leaves runs of other jobs alone. */
  isOurs: (job: string, runId: string) => boolean | Promise<boolean>;
  runs: RunStore;
  requests: Pick<RunRequestStore, 'find'>;
  pool: Pick<RunPool, 'has' | 'start'>;
  scope: string;
  logger: Logger;
  /** How often it looks for unfinished runs, with one listing each time, which on S3 is 5,760 a day. @default 15 s */
  lookMs?: number;
  /** @default the real one */
  clock?: Clock;
}

const LOOK_MS = 15_000;
// While another process works on an unfinished run: one read of its lease each time.
const WATCH_MS = 2_000;
// A run is recorded before its process takes the lease. When that has other runs at work, somebody else may begin it.
const PROMISE_MS = 5_000;

/**
 * Starts runs that nobody works on: those whose process was killed, as soon as their lease has expired; those that were
 * handed over, at once; and those whose file Polyteia is still reading. Runs that people started with `ferry run` are
 * left to the watchdog, which closes them.
 */
export class RunRecovery {
  readonly #options: RunRecoveryOptions;
  readonly #clock: Clock;
  /** When promised runs that have not begun were first seen. */
  readonly #promised = new Map<string, number>();

  constructor(options: RunRecoveryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** Looks until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let watched: { job: string; runId: string }[] = [];
    let lookAt = 0;
    const { lookMs = LOOK_MS } = this.#options;
    while (!signal.aborted) {
      try {
        if (this.#clock.now() >= lookAt || this.#clock.now() < lookAt - lookMs) {
          watched = await this.#unfinished();
          lookAt = this.#clock.now() + lookMs;
        }
        const still: typeof watched = [];
        for (const one of watched) if (await this.#recover(one)) still.push(one);
        watched = still;
      } catch (thrown) {
        const error = toFerryError(thrown);
        this.#options.logger.warn(
          { class: error.class },
          `unfinished runs cannot be looked for: ${error.message}`,
        );
        watched = [];
        lookAt = this.#clock.now() + lookMs;
      }
      const untilLook = Math.max(1, lookAt - this.#clock.now());
      const pauseMs = watched.length > 0 ? Math.min(WATCH_MS, untilLook) : untilLook;
      await this.#clock.sleep(pauseMs, signal).catch(() => {});
    }
  }

  async #unfinished(): Promise<{ job: string; runId: string }[]> {
    const { isOurs, runs, pool } = this.#options;
    const unfinished = [...(await runs.listJobStates())]
      .flatMap(([job, state]) => state.unfinished.map(({ runId }) => ({ job, runId })))
      .filter(({ runId }) => !pool.has(runId));
    const ours = await Promise.all(unfinished.map(({ job, runId }) => isOurs(job, runId)));
    return unfinished.filter((_, index) => ours[index]);
  }

  /** @returns whether to keep watching it */
  async #recover({ job, runId }: { job: string; runId: string }): Promise<boolean> {
    const { runs, requests, pool, scope, logger } = this.#options;
    if (pool.has(runId)) return false;
    const holder = await runs.readHolder(job);
    // It is alive, or belongs to another run: then the watchdog closes this one.
    if (holder?.alive) return true;
    const record = await runs.getOfJob(job, runId);
    if (record && this.#isJustPromised(record)) return true;
    this.#promised.delete(runId);
    if (!record || isFinished(record)) return false;
    if (record.trigger === 'cli') return false;
    const stored = record.trigger === 'schedule' ? undefined : await requests.find(runId);
    const event: StartEvent = startEventOf(record, stored?.request, scope);
    logger.info({ job, run: runId, state: record.state }, 'nobody works on this run: it begins here');
    pool.start(event);
    return false;
  }

  /** Whether the process that has promised a run may be about to begin it. */
  #isJustPromised({ id, state, trigger, attempts }: RunRecord): boolean {
    if (state !== 'queued' || trigger !== 'api' || attempts !== undefined) return false;
    const now = this.#clock.now();
    const seenAt = this.#promised.get(id) ?? now;
    this.#promised.set(id, seenAt);
    return now >= seenAt && now - seenAt < PROMISE_MS;
  }
}
