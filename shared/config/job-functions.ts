import { ConfigError } from '../errors.ts';
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
 * names, so that moving a job within the file deploys nothing.
 *
 * @throws ConfigError when there are no jobs
 */
export function planFunctions({ sources, syncs }: FerryConfig): JobFunctionPlan[] {
  const shared = new Map<string, JobFunctionPlan & { jobs: string[] }>();
  const own: JobFunctionPlan[] = [];
  for (const [job, { source, dedicated }] of inOrder(Object.entries(syncs))) {
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
  const plans = [...inOrder([...shared]).map(([, plan]) => plan), ...own];
  if (plans.length === 0)
    throw new ConfigError('There is nothing to deploy: the configuration has no syncs.');
  return plans;
}

/** By name, the same on every machine: localeCompare would ask for its language. */
function inOrder<Value>(entries: [string, Value][]): [string, Value][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
