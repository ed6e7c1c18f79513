import { ConfigError } from '../../errors.ts';
import { sourcesOf } from '../rules/extraction-sources.ts';
import type { FunctionSettings } from '../schema/deployment.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';

/** A function for the syncs of one source, or for one of them. */
export interface SyncFunctionPlan {
  kind: 'sync';
  source: string;
  /** The job that it is there for alone; absent for the function that a source's jobs share. */
  dedicatedTo?: string;
  jobs: readonly string[];
  settings: FunctionSettings;
}

/** A function for one extraction. */
export interface ExtractionFunctionPlan {
  kind: 'extraction';
  job: string;
  /** The same as a list, as of other functions. */
  jobs: readonly [string];
  /** All that it reads, in the order of names. */
  sources: readonly string[];
  settings: FunctionSettings;
}

/** One Lambda function of a deployment, and what it runs. */
export type JobFunctionPlan = SyncFunctionPlan | ExtractionFunctionPlan;

/**
 * Which functions a configuration needs: for syncs one for each source, and one for each job that asks for its own; one for each extraction.
 * In the order of names, so that moving a job within the file deploys nothing; extractions come last, so that the first one changes no place of
 * the others.
 *
 * @throws ConfigError when there are no jobs
 */
export function planFunctions(config: FerryConfig): JobFunctionPlan[] {
  const plans = [...planSyncFunctions(config), ...planExtractionFunctions(config)];
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

/** By name, the same on every machine: localeCompare would ask for its language. */
function inOrder<Value>(entries: [string, Value][]): [string, Value][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
