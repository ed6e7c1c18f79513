import { z } from 'zod';
import { type JobFunctionPlan, planFunctions } from '../config/deployment/job-functions.ts';
import { type FerryConfig, schedule } from '../config/schema/ferry-config.ts';

/** What the API knows about a configured job. Contains no query and no name of a secret. */
export const indexedJobSchema = z.strictObject({
  kind: z.enum(['sync', 'extraction']),
  /** Only syncs, as `dataset` and `target`. */
  source: z.string().optional(),
  dataset: z.string().optional(),
  target: z.string().optional(),
  /** Only extractions: every source they read. */
  sources: z.array(z.string()).optional(),
  schedule: schedule.optional(),
});
export type IndexedJob = z.infer<typeof indexedJobSchema>;

/** Configured jobs, by name. */
export type JobIndex = Record<string, IndexedJob>;

/** The index of a configuration's jobs. */
export function jobIndexOf(config: FerryConfig): JobIndex {
  const jobs = planFunctions(config).flatMap((plan) =>
    plan.jobs.map((job) => [job, indexJob(config, plan, job)]),
  );
  return Object.fromEntries(jobs);
}

function indexJob(config: FerryConfig, plan: JobFunctionPlan, job: string): IndexedJob {
  const { kind } = plan;
  if (kind === 'extraction')
    return { kind, sources: [...plan.sources], ...plannedOf(config.extractions[job]) };
  const sync = config.syncs[job];
  const { source } = plan;
  return { kind, source, dataset: sync?.dataset, target: sync?.polyteia, ...plannedOf(sync) };
}

const plannedOf = (job: Pick<IndexedJob, 'schedule'> | undefined) =>
  job?.schedule ? { schedule: job.schedule } : {};
