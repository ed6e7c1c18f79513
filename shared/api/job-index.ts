import { z } from 'zod';
import { planFunctions } from '../config/job-functions.ts';
import { type FerryConfig, schedule } from '../config/schema.ts';

/** What the API knows of a configured job. Holds no query and no secret's name. */
export const indexedJobSchema = z.strictObject({
  kind: z.literal('sync'),
  source: z.string(),
  dataset: z.string(),
  target: z.string(),
  schedule: schedule.optional(),
});
export type IndexedJob = z.infer<typeof indexedJobSchema>;

/** Configured jobs, by name. */
export type JobIndex = Record<string, IndexedJob>;

/** The index of a configuration's jobs. */
export function jobIndexOf(config: FerryConfig): JobIndex {
  return Object.fromEntries(
    planFunctions(config).flatMap((plan, place) =>
      plan.jobs.flatMap((job) => {
        const sync = config.syncs[job];
        if (!sync) return [];
        const { source, dataset, polyteia: target, schedule: planned } = sync;
        const entry = { kind: plan.kind, function: place, source, dataset, target };
        return [[job, { ...entry, ...(planned ? { schedule: planned } : {}) }] as const];
      }),
    ),
  );
}
