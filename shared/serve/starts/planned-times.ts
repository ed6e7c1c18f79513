import { zoneOf } from '../../config/schedule/eventbridge-schedule.ts';
import { parseSchedule } from '../../config/schedule/parse-schedule.ts';
import { runsThroughRepeatedHours } from '../../config/schedule/schedule-times.ts';
import type { ScheduleConfig } from '../../config/schema/ferry-config.ts';

/**
 * The planned times of a schedule after a moment, in order.
 *
 * A rate counts from 1970-01-01T00:00Z, not from the start of the process, so two replicas, and a process that is
 * started again, plan the same times.
 *
 * @example `@every 90s` after 12:00:10 is planned for 12:01:30, 12:03:00, …
 */
export function* plannedTimes(schedule: ScheduleConfig, after: Date): Generator<Date> {
  const { schedule: parsed } = parseSchedule(schedule.cron);
  if (parsed.type === 'cron') {
    yield* runsThroughRepeatedHours(parsed, zoneOf(schedule), after);
    return;
  }
  const { everyMs } = parsed;
  for (let at = (Math.floor(after.getTime() / everyMs) + 1) * everyMs; ; at += everyMs) yield new Date(at);
}

/** The first planned time after a moment; undefined for a schedule that never occurs again. */
export function nextPlannedTime(schedule: ScheduleConfig, after: Date): Date | undefined {
  for (const first of plannedTimes(schedule, after)) return first;
  return undefined;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
// A schedule for every minute has many times in a year, a yearly one has few: the shortest look back that finds enough
// of them.
const LOOKS_BACK = [HOUR, 2 * DAY, 9 * DAY, 33 * DAY, 370 * DAY];
const ENOUGH = 100;

/**
 * Planned times that have passed: the latest, and how many there were; more of them may lie further back when `more` is
 * true.
 */
export interface PassedTimes {
  latest: Date;
  count: number;
  more: boolean;
}

/**
 * The planned times after one moment and up to another.
 *
 * @returns undefined when there was none
 */
export function passedTimes(schedule: ScheduleConfig, after: Date, until: Date): PassedTimes | undefined {
  let found: PassedTimes | undefined;
  for (const lookBack of LOOKS_BACK) {
    const from = Math.max(after.getTime(), until.getTime() - lookBack);
    let latest: Date | undefined;
    let count = 0;
    for (const time of plannedTimes(schedule, new Date(from))) {
      if (time > until) break;
      latest = time;
      count += 1;
    }
    if (latest) found = { latest, count, more: from > after.getTime() };
    if (count >= ENOUGH || from === after.getTime()) return found;
  }
  return found;
}
