import type { FunctionSettings } from './deployment.ts';
import type { FerryConfig } from './schema.ts';

/** One Lambda function of a deployment, and what it runs. */
export interface JobFunctionPlan {
  kind: 'sync';
  source: string;
  /** The job that it is there for alone; absent for the function that a source's jobs share. */
  dedicatedTo?: string;
  jobs: readonly string[];
  settings: FunctionSettings;
}

/**
 * Which functions a configuration needs: one for each source and kind of job, and one for each job that asks for its own. In the order of
 * the file.
 */
export function planFunctions({ sources, syncs }: FerryConfig): JobFunctionPlan[] {
  const shared = new Map<string, JobFunctionPlan & { jobs: string[] }>();
  const own: JobFunctionPlan[] = [];
  for (const [job, { source, dedicated }] of Object.entries(syncs)) {
    const settings = sources[source]?.function ?? {};
    if (dedicated) {
      own.push({
        kind: 'sync',
        source,
        dedicatedTo: job,
        jobs: [job],
        settings: { ...settings, ...dedicated },
      });
      continue;
    }
    const plan = shared.get(source) ?? { kind: 'sync', source, jobs: [], settings };
    plan.jobs.push(job);
    shared.set(source, plan);
  }
  return [...shared.values(), ...own];
}
