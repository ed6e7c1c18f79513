import type { ScheduleConfig } from '../../config/schema/ferry-config.ts';
import type { JobState } from '../../runs/records/job-states.ts';
import { timeOfRunId } from '../../runs/run-id.ts';
import { passedTimes } from './planned-times.ts';

/** Planned times of a job that passed while no process kept its schedule. */
export interface MissedStart {
  job: string;
  /** The last of them. */
  plannedFor: Date;
  count: number;
  /** Whether there may have been more than `count`. */
  more: boolean;
  /** Whether it is recent enough to be made up for. */
  makeUp: boolean;
}

/**
 * The starts that were missed while Ferry was down. A later run, no matter who started it, has made up for all planned times
 * before it.
 *
 * @param since when each schedule got its present form; earlier times never belonged to it
 */
export function findMissedStarts(options: {
  schedules: ReadonlyMap<string, ScheduleConfig>;
  since: ReadonlyMap<string, Date>;
  states: ReadonlyMap<string, JobState>;
  now: Date;
  catchUpMs: number;
}): MissedStart[] {
  const { schedules, since, states, now, catchUpMs } = options;
  return [...schedules].flatMap(([job, schedule]) => {
    const known = since.get(job);
    if (known === undefined) return [];
    const lastRun = states.get(job)?.last;
    const covered = lastRun ? timeOfRunId(lastRun.runId).getTime() : 0;
    const from = new Date(Math.max(known.getTime(), covered));
    const passed = from < now ? passedTimes(schedule, from, now) : undefined;
    if (!passed) return [];
    const { latest: plannedFor, count, more } = passed;
    const makeUp = now.getTime() - plannedFor.getTime() <= catchUpMs;
    return [{ job, plannedFor, count, more, makeUp }];
  });
}
