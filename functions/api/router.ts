import { nearestName } from '../../shared/config/config-problems.ts';
import { ConfigError, toFerryError } from '../../shared/errors.ts';
import type { DocumentStore } from '../../shared/runs/document-store.ts';
import { newRunId } from '../../shared/runs/run-id.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { SyncEvent } from '../sync/sync-function.ts';
import { type ApiEnvironment, type JobIndex, jobIndexSchema } from './environment.ts';

export interface ApiRequest {
  method: string;
  path: string;
  /** ARN of who signed the request; absent on routes without authorization. */
  caller: string | undefined;
}

export interface ApiResponse {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

export interface RouterDependencies {
  environment: ApiEnvironment;
  config: Pick<DocumentStore, 'get'>;
  /** Starts a run without waiting for its end. */
  start: (functionName: string, event: SyncEvent) => Promise<void>;
  logger: Logger;
}

const json = (
  status: number,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): ApiResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body,
});

/** An error as RFC 9457 has it. */
const problem = (
  status: number,
  title: string,
  detail: string,
  headers: Record<string, string> = {},
): ApiResponse =>
  json(
    status,
    { type: 'about:blank', title, status, detail },
    { 'content-type': 'application/problem+json', ...headers },
  );

/** The API without API Gateway around it. Never throws: what is unexpected is logged and answered with a 500 that tells nothing of it. */
export function createRouter(
  dependencies: RouterDependencies,
): (request: ApiRequest) => Promise<ApiResponse> {
  const { environment, logger } = dependencies;
  const functions = environment.FUNCTIONS.split(',');
  let jobs: Promise<JobIndex> | undefined;

  async function startRun(job: string, caller: string | undefined): Promise<ApiResponse> {
    jobs ??= readJobs(dependencies).catch((error: unknown) => {
      jobs = undefined;
      throw error;
    });
    const index = await jobs;
    const entry = Object.hasOwn(index, job) ? index[job] : undefined;
    const functionName = entry && functions[entry.function];
    if (!functionName) {
      const nearest = nearestName(job, Object.keys(index));
      return problem(
        404,
        'Unknown job',
        `There is no job "${job}"${nearest ? `; did you mean "${nearest}"?` : '.'}`,
      );
    }
    const runId = newRunId();
    await dependencies.start(functionName, { job, runId, triggeredBy: caller ?? 'unknown' });
    logger.info({ job, run: runId, triggeredBy: caller }, 'run requested');
    return json(202, { runId, job, state: 'queued' }, { location: `/runs/${runId}` });
  }

  return async ({ method, path, caller }) => {
    try {
      if (path === '/healthz') {
        return method === 'GET' ? json(200, { status: 'ok' }) : notAllowed('GET');
      }
      const job = /^\/jobs\/([^/]+)\/runs$/.exec(path)?.[1];
      if (job !== undefined) {
        return method === 'POST' ? await startRun(decodeURIComponent(job), caller) : notAllowed('POST');
      }
      return problem(404, 'Not found', 'Routes: GET /healthz, POST /jobs/{job}/runs.');
    } catch (thrown) {
      if (thrown instanceof URIError)
        return problem(400, 'Bad request', 'The path is not valid percent-encoding.');
      const error = toFerryError(thrown);
      logger.error({ class: error.class, path }, error.message);
      return problem(
        error.retryable ? 503 : 500,
        'The request failed',
        'Ferry could not answer; its log group says why.',
      );
    }
  };
}

const notAllowed = (allow: string) =>
  problem(405, 'Method not allowed', `This route takes ${allow}.`, { allow });

async function readJobs({ config, environment }: RouterDependencies): Promise<JobIndex> {
  const text = await config.get(environment.CONFIG_KEY);
  if (text === undefined) throw new ConfigError('The index of jobs is gone from the assets bucket.');
  return jobIndexSchema.parse(JSON.parse(text));
}
