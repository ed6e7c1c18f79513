import { z } from 'zod';
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
    Object.entries(config.syncs).map(([job, { source, dataset, polyteia, schedule: planned }]) => [
      job,
      { kind: 'sync', source, dataset, target: polyteia, ...(planned ? { schedule: planned } : {}) },
    ]),
  );
}
