import { parseSchedule } from '../schedule/parse-schedule.ts';
import { nextRuns } from '../schedule/schedule-times.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';

/** One sentence for each schedule whose years are over. No error: the other jobs of a file must outlast its last time. */
export function warnOfPastSchedules(
  { syncs, extractions }: Pick<FerryConfig, 'syncs' | 'extractions'>,
  now: Date,
): string[] {
  return Object.entries({ ...syncs, ...extractions }).flatMap(([job, { schedule }]) => {
    if (!schedule?.enabled) return [];
    const { schedule: parsed, timezone = schedule.timezone } = parseSchedule(schedule.cron);
    if (parsed.type === 'rate' || parsed.years === undefined) return [];
    if (nextRuns(parsed, timezone, now, 1).length > 0) return [];
    return [
      `${job}: the schedule never runs again, because all its times have passed; write other years, or * for every year`,
    ];
  });
}
