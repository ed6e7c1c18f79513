import * as z from 'zod';
import { knownConnection } from '../../config/atlan-connection.ts';
import { type JobFunctionPlan, planFunctions } from '../../config/deployment/job-functions.ts';
import { type ExtractionConfig, type FerryConfig, schedule } from '../../config/schema/ferry-config.ts';

const filter = z.record(z.string(), z.union([z.literal('*'), z.array(z.string())]));

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
  /** Only extractions: what callers of Atlan's REST API see of it. */
  workflow: z
    .strictObject({
      id: z.string(),
      /** Absent for several sources, and for one whose address or port only its secret may know. */
      connection: z.strictObject({ name: z.string(), qualifiedName: z.string() }).optional(),
      include: filter,
      exclude: filter,
      tempTableRegex: z.string(),
    })
    .optional(),
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
  if (kind === 'extraction') {
    const extraction = config.extractions[job];
    return {
      kind,
      sources: [...plan.sources],
      ...plannedOf(extraction),
      ...(extraction ? { workflow: workflowOf(config, extraction, job, plan.sources) } : {}),
    };
  }
  const sync = config.syncs[job];
  const { source } = plan;
  return { kind, source, dataset: sync?.dataset, target: sync?.polyteia, ...plannedOf(sync) };
}

function workflowOf(
  config: FerryConfig,
  { workflowId, include, exclude, tempTableRegex }: ExtractionConfig,
  job: string,
  sources: readonly string[],
): NonNullable<IndexedJob['workflow']> {
  const [name = '', ...others] = sources;
  const source = others.length > 0 || !Object.hasOwn(config.sources, name) ? undefined : config.sources[name];
  const connection = source && knownConnection(name, source, config.atlan.tenant);
  return {
    id: workflowId ?? job,
    include,
    exclude,
    tempTableRegex,
    ...(connection ? { connection } : {}),
  };
}

const plannedOf = (job: Pick<IndexedJob, 'schedule'> | undefined) =>
  job?.schedule ? { schedule: job.schedule } : {};
