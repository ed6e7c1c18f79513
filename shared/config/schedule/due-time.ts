import { zoneOf } from './eventbridge-schedule.ts';
import { parseSchedule } from './parse-schedule.ts';
import { runsAfter } from './schedule-times.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
// A schedule for every minute has many times in a year, a yearly one has few: the shortest look back that finds one is
// enough.
const LOOKS_BACK = [HOUR, 2 * DAY, 9 * DAY, 33 * DAY, 370 * DAY];

/** A schedule, and how long after a planned moment Scheduler may start the job. */
export interface PlannedSchedule {
  cron: string;
  timezone: string;
  windowMs: number;
  enabled: boolean;
}

/** After the window: Scheduler keeps trying for an hour, but people who wait for data want to know sooner. */
export const GRACE_MS = 15 * 60_000;

/**
 * The latest planned time of a schedule at which a run should have begun, by Scheduler's own rules for clock changes.
 *
 * A rate counts from a moment that AWS does not disclose, so it has no planned times: the next sign is due one interval
 * after the newest sign of the job, or after the schedule was deployed.
 *
 * @param since when the schedule was deployed in its present form
 * @param newest moment of the job's newest run, which only a rate needs
 * @returns undefined when nothing is due yet, or the schedule is switched off
 */
export function latestDueTime(
  schedule: PlannedSchedule,
  { since, newest, now }: { since: Date; newest: Date | undefined; now: Date },
): Date | undefined {
  if (!schedule.enabled) return undefined;
  const limit = now.getTime() - schedule.windowMs - GRACE_MS;
  const { schedule: parsed } = parseSchedule(schedule.cron);
  if (parsed.type === 'rate') {
    const from = Math.max(since.getTime(), newest?.getTime() ?? 0);
    const due = from + parsed.everyMs;
    return due <= limit ? new Date(due) : undefined;
  }
  const timezone = zoneOf(schedule);
  for (const lookBack of LOOKS_BACK) {
    const from = Math.max(since.getTime(), limit - lookBack);
    let latest: Date | undefined;
    for (const run of runsAfter(parsed, timezone, new Date(from))) {
      if (run.getTime() > limit) break;
      latest = run;
    }
    if (latest || from === since.getTime()) return latest;
  }
  return undefined;
}
