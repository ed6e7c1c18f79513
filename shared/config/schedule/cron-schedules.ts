import type { FerryConfig } from '../schema/ferry-config.ts';
import { parseSchedule } from './parse-schedule.ts';
import type { CronSchedule } from './parsed-schedule.ts';

/** A job whose schedule is on, and has local times. */
export interface CronScheduledJob {
  job: string;
  schedule: CronSchedule;
  timezone: string;
}

/** The jobs of a configuration with a schedule of local times, and not of an interval. */
export function cronSchedulesOf({
  syncs,
  extractions,
}: Pick<FerryConfig, 'syncs' | 'extractions'>): CronScheduledJob[] {
  return Object.entries({ ...syncs, ...extractions }).flatMap(([job, { schedule: written }]) => {
    if (!written?.enabled) return [];
    const { schedule, timezone = written.timezone } = parseSchedule(written.cron);
    return schedule.type === 'rate' ? [] : [{ job, schedule, timezone }];
  });
}
