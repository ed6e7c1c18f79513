import { z } from 'zod';
import { type JobIndex, jobIndexSchema } from '../../shared/api/job-index.ts';
import { ConfigError } from '../../shared/errors.ts';
import type { DocumentStore } from '../../shared/runs/document-store.ts';
import type { ApiEnvironment } from './environment.ts';

/** The jobs that the deployment has left in the assets bucket, and the functions that run them. */
export function createDeployedJobs(
  { CONFIG_KEY, SYNC_FUNCTIONS }: Pick<ApiEnvironment, 'CONFIG_KEY' | 'SYNC_FUNCTIONS'>,
  config: Pick<DocumentStore, 'get'>,
): { readJobs: () => Promise<JobIndex>; functionOf: (job: string) => Promise<string> } {
  const functions = z.record(z.string(), z.string()).parse(JSON.parse(SYNC_FUNCTIONS));
  let jobs: Promise<JobIndex> | undefined;

  async function read(): Promise<JobIndex> {
    const text = await config.get(CONFIG_KEY);
    if (text === undefined) throw new ConfigError('The index of jobs is gone from the assets bucket.');
    return jobIndexSchema.parse(JSON.parse(text));
  }
  /** Content-addressed, so it never changes while this process lives; a failed read is forgotten. */
  const readJobs = () => {
    jobs ??= read().catch((error: unknown) => {
      jobs = undefined;
      throw error;
    });
    return jobs;
  };
  return {
    readJobs,
    async functionOf(job) {
      const source = (await readJobs())[job]?.source;
      const name = source === undefined ? undefined : functions[source];
      if (name === undefined) throw new ConfigError(`No function was deployed for the job "${job}".`);
      return name;
    },
  };
}
