import type { ScheduleConfig } from '../../config/schema/ferry-config.ts';
import { type Clock, realClock } from '../../sleep.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { formatCount, formatDuration } from '../../text/format.ts';
import { nextPlannedTime, passedTimes } from './planned-times.ts';

export interface SchedulerOptions {
  /** The schedules that are switched on, by job. */
  schedules: ReadonlyMap<string, ScheduleConfig>;
  /** Starts a run, and does not wait for it. */
  start: (job: string, plannedFor: Date) => void;
  /** How late a start may be, if the process was suspended in between. */
  catchUpMs: number;
  logger: Logger;
  /** @default the real one */
  clock?: Clock;
  /** Called before each round, for example to find out whether the clock is right. Never rejects. */
  beforeRound?: () => Promise<void>;
}

// How often a sleeping process notices a changed clock, and shows that it is alive.
const LONGEST_SLEEP_MS = 30_000;
// A clock that is set back by less is corrected, not changed.
const CLOCK_STEP_MS = 60_000;

/**
 * Starts jobs at their planned times, once for each. Times that were missed while the process was suspended become one
 * start.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #clock: Clock;
  readonly #next = new Map<string, Date>();
  #lastRoundAt = Number.NEGATIVE_INFINITY;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** How long ago it last checked what is due, in ms, by a clock that nobody can change. */
  lastRoundAgeMs(now: number = performance.now()): number {
    return now - this.#lastRoundAt;
  }

  /** The next planned time of a job. */
  nextOf(job: string): Date | undefined {
    return this.#next.get(job);
  }

  /**
   * Runs until the signal is aborted. Never rejects.
   *
   * @param after planned times from this moment on belong to it, in ms. @default now
   */
  async run(signal: AbortSignal, after: number = this.#clock.now()): Promise<void> {
    let last = after;
    this.#planAll(after);
    while (!signal.aborted) {
      const { beforeRound } = this.#options;
      if (beforeRound) await beforeRound();
      // It may have been ended meanwhile.
      if (signal.aborted) return;
      const now = this.#clock.now();
      if (now < last - CLOCK_STEP_MS) {
        this.#options.logger.warn('the clock of this machine was set back: all schedules are planned again');
        this.#planAll(now);
      }
      last = now;
      for (const [job, schedule] of this.#options.schedules) this.#startDue(job, schedule, now);
      this.#lastRoundAt = performance.now();
      const next = Math.min(
        now + LONGEST_SLEEP_MS,
        ...[...this.#next.values()].map((time) => time.getTime()),
      );
      await this.#clock.sleep(Math.max(1, next - this.#clock.now()), signal).catch(() => {});
    }
  }

  #planAll(now: number): void {
    this.#next.clear();
    for (const [job, schedule] of this.#options.schedules) this.#plan(job, schedule, now);
  }

  #plan(job: string, schedule: ScheduleConfig, after: number): void {
    const next = nextPlannedTime(schedule, new Date(after));
    if (next) this.#next.set(job, next);
    else this.#next.delete(job);
  }

  #startDue(job: string, schedule: ScheduleConfig, now: number): void {
    const planned = this.#next.get(job);
    if (!planned || planned.getTime() > now) return;
    const { start, catchUpMs, logger } = this.#options;
    const passed = passedTimes(schedule, planned, new Date(now));
    const due = passed?.latest ?? planned;
    const lateMs = now - due.getTime();
    if (passed)
      logger.warn(
        { job },
        `${formatCount(passed.count, 'planned start')} passed while this process was suspended`,
      );
    if (lateMs <= Math.max(catchUpMs, LONGEST_SLEEP_MS)) start(job, due);
    else
      logger.warn(
        { job, plannedFor: due.toISOString() },
        `not started: it was planned ${formatDuration(lateMs)} ago, and --catch-up allows ${formatDuration(catchUpMs)}`,
      );
    this.#plan(job, schedule, now);
  }
}
