import {
  type ApiEnvironment,
  type DeployedJobIndex,
  deployedJobIndexSchema,
} from '../../shared/environment/api-environment.ts';
import { ConfigError } from '../../shared/errors.ts';
import type { DocumentStore } from '../../shared/runs/documents/document-store.ts';

/** The jobs that the deployment stored in the assets bucket, and the functions that run them. */
export function createDeployedJobs(
  { CONFIG_KEY, FUNCTIONS }: Pick<ApiEnvironment, 'CONFIG_KEY' | 'FUNCTIONS'>,
  config: Pick<DocumentStore, 'get'>,
): { readJobs: () => Promise<DeployedJobIndex>; functionOf: (job: string) => Promise<string> } {
  const functions = FUNCTIONS.split(',');
  let jobs: Promise<DeployedJobIndex> | undefined;

  async function read(): Promise<DeployedJobIndex> {
    const text = await config.get(CONFIG_KEY);
    if (text === undefined) throw new ConfigError('The index of jobs is missing from the assets bucket.');
    return deployedJobIndexSchema.parse(JSON.parse(text));
  }
  /** Content-addressed, so it never changes during the life of this process; a failed read is forgotten. */
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
      const place = (await readJobs())[job]?.function;
      const name = place === undefined ? undefined : functions[place];
      if (name === undefined) throw new ConfigError(`No function was deployed for the job "${job}".`);
      return name;
    },
  };
}
