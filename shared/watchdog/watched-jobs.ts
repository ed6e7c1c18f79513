import { z } from 'zod';
import { goDurationMs } from '../config/go-duration.ts';
import { planFunctions } from '../config/job-functions.ts';
import type { FerryConfig, ScheduleConfig } from '../config/schema.ts';

/** What the watchdog knows of the deployed jobs, by name. Holds no query and no secret's name. */
export const watchedJobsSchema = z.record(
  z.string(),
  z.strictObject({
    kind: z.literal('sync'),
    source: z.string(),
    /** Place of the job's function in the list of functions, from 0. */
    function: z.int().nonnegative(),
    /** After how long the platform kills a run. */
    timeoutMs: z.int().positive(),
    /** The guard of that name. */
    maxRows: z.int().nonnegative().optional(),
    schedule: z
      .strictObject({
        cron: z.string(),
        timezone: z.string(),
        /** How long after the planned moment Scheduler may start the job. */
        windowMs: z.int().nonnegative(),
        enabled: z.boolean(),
      })
      .optional(),
  }),
);
export type WatchedJobs = z.infer<typeof watchedJobsSchema>;
export type WatchedJob = WatchedJobs[string];
export type WatchedSchedule = NonNullable<WatchedJob['schedule']>;

/**
 * What the watchdog has to know of a configuration.
 *
 * @param defaultTimeout of functions whose settings name none, such as `15m`
 */
export function watchedJobsOf(config: FerryConfig, defaultTimeout: string): WatchedJobs {
  return Object.fromEntries(
    planFunctions(config).flatMap(({ kind, source, jobs, settings }, place) =>
      jobs.flatMap((job) => {
        const sync = config.syncs[job];
        if (!sync) return [];
        const { schedule, guards } = sync;
        const watched: WatchedJob = {
          kind,
          source,
          function: place,
          timeoutMs: goDurationMs(settings.timeout ?? defaultTimeout) ?? 0,
          ...(guards.maxRows === undefined ? {} : { maxRows: guards.maxRows }),
          ...(schedule ? { schedule: watchedSchedule(schedule) } : {}),
        };
        return [[job, watched] as const];
      }),
    ),
  );
}

function watchedSchedule({ cron, timezone, window, enabled }: ScheduleConfig): WatchedSchedule {
  return { cron, timezone, windowMs: window === undefined ? 0 : (goDurationMs(window) ?? 0), enabled };
}
