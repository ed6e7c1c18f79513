import { ConfigError } from '../../errors.ts';
import { sourcesOf } from '../rules/extraction-sources.ts';
import type { FunctionSettings } from '../schema/deployment.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';

/** A function for the syncs of one source, or for one of them. */
export interface SyncFunctionPlan {
  kind: 'sync';
  source: string;
  /** The only job that it runs; absent for the function that a source's jobs share. */
  dedicatedTo?: string;
  jobs: readonly string[];
  settings: FunctionSettings;
}

/** A function for one extraction. */
export interface ExtractionFunctionPlan {
  kind: 'extraction';
  job: string;
  /** The same as a list, as other functions have it. */
  jobs: readonly [string];
  /** The sources that it reads, ordered by name. */
  sources: readonly string[];
  settings: FunctionSettings;
}

/** One Lambda function of a deployment, and what it runs. */
export type JobFunctionPlan = SyncFunctionPlan | ExtractionFunctionPlan;

/**
 * The functions that a configuration needs: for syncs one for each source, and one for each job with a dedicated
 * function; one for each extraction. They are ordered by name, so moving a job within the file deploys nothing.
 * Extractions come last, so the first one does not change the position of the others.
 */
export function planFunctions(config: FerryConfig): JobFunctionPlan[] {
  return [...planSyncFunctions(config), ...planExtractionFunctions(config)];
}

/**
 * The functions of a deployment.
 *
 * @throws ConfigError when there are no jobs
 */
export function planDeployment(config: FerryConfig): JobFunctionPlan[] {
  const plans = planFunctions(config);
  if (plans.length === 0)
    throw new ConfigError('There is nothing to deploy: the configuration has neither syncs nor extractions.');
  return plans;
}

function planSyncFunctions({ sources, syncs }: FerryConfig): SyncFunctionPlan[] {
  const shared = new Map<string, SyncFunctionPlan & { jobs: string[] }>();
  const own: SyncFunctionPlan[] = [];
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
  return [...inOrder([...shared]).map(([, plan]) => plan), ...own];
}

function planExtractionFunctions(config: FerryConfig): ExtractionFunctionPlan[] {
  return inOrder(Object.entries(config.extractions)).map(([job, extraction]) => ({
    kind: 'extraction',
    job,
    jobs: [job],
    sources: sourcesOf(config, extraction),
    settings: extraction.function ?? {},
  }));
}

/** By code points, so that the order is the same on every machine; localeCompare depends on the machine's language. */
function inOrder<Value>(entries: [string, Value][]): [string, Value][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
