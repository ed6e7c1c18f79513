import { z } from 'zod';
import { openObject, schemaVersion } from '../runs/documents/stored-document.ts';
import type { WatchedJobs } from './watched-jobs.ts';

/** Since when each schedule is deployed as it is: planned times before that were never this schedule's. */
export const scheduleMemorySchema = openObject({
  schemaVersion,
  jobs: z.record(z.string(), openObject({ schedule: z.string(), since: z.iso.datetime() })),
});
export type ScheduleMemory = z.infer<typeof scheduleMemorySchema>;

export const emptyScheduleMemory: ScheduleMemory = { schemaVersion: 1, jobs: {} };

/**
 * Notes the schedules that are new, were changed, or were switched on again, with the moment at which they were first seen: at most one
 * round after the deployment. A template that held the moment of its deployment would be another one each time.
 */
export function rememberSchedules(memory: ScheduleMemory, jobs: WatchedJobs, now: Date): ScheduleMemory {
  const entries = Object.entries(jobs).flatMap(([job, { schedule }]) => {
    if (!schedule) return [];
    const text = JSON.stringify(schedule);
    const known = Object.hasOwn(memory.jobs, job) ? memory.jobs[job] : undefined;
    return [[job, known?.schedule === text ? known : { schedule: text, since: now.toISOString() }] as const];
  });
  return { ...memory, jobs: Object.fromEntries(entries) };
}
