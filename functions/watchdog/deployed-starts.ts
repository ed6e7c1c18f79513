import type { WatchdogEnvironment } from '../../shared/environment/watchdog-environment.ts';
import { ConfigError } from '../../shared/errors.ts';
import type { DocumentStore } from '../../shared/runs/documents/document-store.ts';
import type { StartEvent } from '../../shared/runs/start-event.ts';
import { type WatchedJobs, watchedJobsSchema } from '../../shared/watchdog/watched-jobs.ts';

/** The deployed jobs as the watchdog knows them, and how to start them. */
export interface DeployedStarts {
  readJobs(): Promise<WatchedJobs>;
  /** The name of a job's function; undefined for a job that was not deployed. */
  functionOf(jobs: WatchedJobs, job: string): string | undefined;
  /**
   * Starts a job's function without waiting for its end.
   *
   * @throws ConfigError for a job that was not deployed
   */
  start(event: StartEvent): Promise<void>;
}

/** @param options.invoke starts a function without waiting for its end */
export function createDeployedStarts(options: {
  environment: Pick<WatchdogEnvironment, 'CONFIG_KEY' | 'FUNCTIONS'>;
  config: Pick<DocumentStore, 'get'>;
  invoke: (functionName: string, event: unknown) => Promise<void>;
}): DeployedStarts {
  const { environment, config, invoke } = options;
  const functions = environment.FUNCTIONS.split(',');
  let index: Promise<WatchedJobs> | undefined;
  /** Content-addressed, so it never changes during the life of this process; a failed read is forgotten. */
  const readJobs = () => {
    index ??= readIndex(config, environment.CONFIG_KEY).catch((error: unknown) => {
      index = undefined;
      throw error;
    });
    return index;
  };
  const functionOf = (jobs: WatchedJobs, job: string) => functions[jobs[job]?.function ?? -1];
  return {
    readJobs,
    functionOf,
    async start(event) {
      const name = functionOf(await readJobs(), event.job);
      if (name === undefined) throw new ConfigError(`No function was deployed for the job "${event.job}".`);
      await invoke(name, event);
    },
  };
}

async function readIndex(config: Pick<DocumentStore, 'get'>, key: string): Promise<WatchedJobs> {
  const text = await config.get(key);
  if (text === undefined)
    throw new ConfigError('The index of watched jobs is missing from the assets bucket.');
  return watchedJobsSchema.parse(JSON.parse(text));
}
