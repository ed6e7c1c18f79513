import * as z from 'zod';
import { planFunctions } from '../config/deployment/job-functions.ts';
import type { FerryConfig, ScheduleConfig } from '../config/schema/ferry-config.ts';
import { goDurationMs } from '../text/go-duration.ts';

/** What the watchdog knows about the deployed jobs, by name. Contains no query and no name of a secret. */
export const watchedJobsSchema = z.record(
  z.string(),
  z.strictObject({
    kind: z.enum(['sync', 'extraction']),
    /** The source that it reads; absent for an extraction of several. */
    source: z.string().optional(),
    /** Position of the job's function in the list of functions, from 0. */
    function: z.int().nonnegative(),
    /** After how long the platform kills a run. */
    timeoutMs: z.int().positive(),
    /** The guard with that name. */
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
 * What the watchdog needs to know about a configuration.
 *
 * @param defaultTimeout of functions whose settings name none, such as `15m`
 */
export function watchedJobsOf(config: FerryConfig, defaultTimeout: string): WatchedJobs {
  return Object.fromEntries(
    planFunctions(config).flatMap((plan, place) =>
      plan.jobs.map((job) => {
        const sync = plan.kind === 'sync' ? config.syncs[job] : undefined;
        const { schedule } = sync ?? config.extractions[job] ?? {};
        const [source, ...others] = plan.kind === 'sync' ? [plan.source] : plan.sources;
        const maxRows = sync?.guards.maxRows;
        const watched: WatchedJob = {
          kind: plan.kind,
          ...(source === undefined || others.length > 0 ? {} : { source }),
          function: place,
          timeoutMs: goDurationMs(plan.settings.timeout ?? defaultTimeout) ?? 0,
          ...(maxRows === undefined ? {} : { maxRows }),
          ...(schedule ? { schedule: watchedSchedule(schedule) } : {}),
        };
        return [job, watched] as const;
      }),
    ),
  );
}

function watchedSchedule({ cron, timezone, window, enabled }: ScheduleConfig): WatchedSchedule {
  return { cron, timezone, windowMs: window === undefined ? 0 : (goDurationMs(window) ?? 0), enabled };
}
