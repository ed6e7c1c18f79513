import { cronSchedulesOf } from '../schedule/cron-schedules.ts';
import { nextRuns } from '../schedule/schedule-times.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';

/** One sentence for each schedule whose years are over. No error: the other jobs of a file must outlast its last time. */
export function warnOfPastSchedules(config: Pick<FerryConfig, 'syncs' | 'extractions'>, now: Date): string[] {
  return cronSchedulesOf(config)
    .filter(
      ({ schedule, timezone }) =>
        schedule.years !== undefined && nextRuns(schedule, timezone, now, 1).length === 0,
    )
    .map(
      ({ job }) =>
        `${job}: the schedule never runs again, because all its times have passed; write other years, or * for every year`,
    );
}
