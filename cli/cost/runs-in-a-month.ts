import { toEventBridgeSchedule } from '../../shared/config/schedule/eventbridge-schedule.ts';
import { parseSchedule } from '../../shared/config/schedule/parse-schedule.ts';
import type { CronSchedule } from '../../shared/config/schedule/parsed-schedule.ts';
import { nextRuns } from '../../shared/config/schedule/schedule-times.ts';
import type { ScheduleConfig } from '../../shared/config/schema/ferry-config.ts';
import { MONTH } from './prices.ts';

/** How often a schedule starts its job in an average month, and in how many different hours. */
export interface MonthlyRuns {
  runs: number;
  hours: number;
}

const NEVER: MonthlyRuns = { runs: 0, hours: 0 };
const YEAR_DAYS = 365;
const YEAR_MS = YEAR_DAYS * 86_400_000;

/**
 * Counts the runs of schedules.
 *
 * @param from the first of the days that are counted: those of a year, as months differ
 */
export function countRunsFrom(from: Date): (schedule: ScheduleConfig | undefined) => MonthlyRuns {
  const until = from.getTime() + YEAR_MS;
  // Hundreds of jobs have few kinds of days.
  const counted = new Map<string, number>();
  const daysOf = (schedule: CronSchedule, timezone: string) => {
    const atNoon = { ...schedule, hours: [12], minutes: [0] };
    const key = JSON.stringify([atNoon, timezone]);
    const known = counted.get(key);
    if (known !== undefined) return known;
    const noons = nextRuns(atNoon, timezone, from, YEAR_DAYS + 1);
    const days = noons.filter((noon) => noon.getTime() <= until).length * (MONTH.days / YEAR_DAYS);
    counted.set(key, days);
    return days;
  };
  return (schedule) => {
    if (!schedule?.enabled) return NEVER;
    const { schedule: parsed } = parseSchedule(schedule.cron);
    if (parsed.type === 'rate') {
      const runs = (MONTH.hours * 3_600_000) / parsed.everyMs;
      return { runs, hours: Math.min(MONTH.hours, runs) };
    }
    const { timezone } = toEventBridgeSchedule(schedule);
    const hours = daysOf(parsed, timezone) * (parsed.hours?.length ?? 24);
    return { runs: hours * (parsed.minutes?.length ?? 60), hours };
  };
}
