import { cronSchedulesOf } from '../schedule/cron-schedules.ts';
import { skippedRuns } from '../schedule/schedule-times.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';

const YEAR = 365 * 86_400_000;

/** `2:30` for a local time. */
function clockTime(wall: number): string {
  const date = new Date(wall);
  return `${date.getUTCHours()}:${String(date.getUTCMinutes()).padStart(2, '0')}`;
}

function listTimes(times: readonly number[]): string {
  const shown = times.map(clockTime);
  if (shown.length === 1) return `the run of ${shown[0]} is skipped`;
  if (shown.length > 4) return `the ${shown.length} runs from ${shown[0]} to ${shown.at(-1)} are skipped`;
  return `the runs of ${shown.slice(0, -1).join(', ')} and ${shown.at(-1)} are skipped`;
}

/**
 * One sentence for each run within a year that a clock change skips: "on 2027-03-28 the clock in Europe/Berlin goes
 * from 2:00 to 3:00: the run of 2:30 is skipped". Hourly schedules are left out, because their next run is not later
 * for it.
 */
export function warnOfSkippedRuns(config: Pick<FerryConfig, 'syncs' | 'extractions'>, now: Date): string[] {
  return cronSchedulesOf(config).flatMap(({ job, schedule, timezone }) => {
    if (schedule.hours === undefined) return [];
    return skippedRuns(schedule, timezone, now, new Date(now.getTime() + YEAR)).map(({ from, to, times }) => {
      const date = new Date(from).toISOString().slice(0, 10);
      return `${job}: on ${date} the clock in ${timezone} goes from ${clockTime(from)} to ${clockTime(to)}: ${listTimes(times)}`;
    });
  });
}
