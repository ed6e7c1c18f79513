import type { z } from 'zod';
import type { JobDetail } from '../../shared/api/schemas.ts';
import {
  cancelledSchema,
  type Job,
  jobDetailSchema,
  jobListSchema,
  type Problem,
  problemSchema,
  type Run,
  runListSchema,
  runSchema,
  type Started,
  startedSchema,
} from '../../shared/api/schemas.ts';
import { checkedJobName } from '../../shared/config/job-name.ts';
import {
  AccessError,
  BusyError,
  ConfigError,
  type FerryError,
  StackUnavailableError,
  UnexpectedError,
} from '../../shared/errors.ts';
import type { UnreadableRun } from '../../shared/runs/records/run-records.ts';
import { retryWithin } from '../../shared/runs/retry.ts';
import { isRunId } from '../../shared/runs/run-id.ts';
import { unknownRun } from '../../shared/runs/unknown-run.ts';
import type { Credentials, FoundStack } from './find-stack.ts';
import { createSignedFetch } from './signed-fetch.ts';

/**
 * What of a stack's API the command line uses. Every call throws AccessError, BusyError, ConfigError or
 * StackUnavailableError.
 */
export interface StackApi {
  listJobs(): Promise<Job[]>;
  getJob(job: string): Promise<JobDetail>;
  /** The newest runs, of one job or of all. */
  listRuns(options: {
    job?: string | undefined;
    limit: number;
  }): Promise<{ runs: Run[]; unreadable: UnreadableRun[] }>;
  getRun(id: string): Promise<Run>;
  /** @param key the same key is the same run: a request whose answer was lost is sent again */
  startRun(job: string, key: string): Promise<Started>;
  /** Sends the file of an earlier run: a refused one (`accept`) or an archived one (`resend`). */
  sendAgain(how: 'accept' | 'resend', runId: string, key: string, why: string | undefined): Promise<Started>;
  cancel(runId: string): Promise<{ runId: string; job: string }>;
}

const MAX_TRIES = 4;
const PAGE = 100;

interface ApiRequest {
  path: string;
  method?: 'GET' | 'POST';
  key?: string;
  body?: unknown;
}

/**
 * Calls a stack's API, signed with SigV4.
 *
 * @param interruption ends reading, and no request that changes something: anyone who asked must learn whether it was
 *   heard
 * @param traceparent the trace that a run which is asked for belongs to
 */
export function createStackApi(
  { apiUrl, region }: Pick<FoundStack, 'apiUrl' | 'region'>,
  credentials: Credentials,
  interruption?: AbortSignal,
  traceparent?: string,
): StackApi {
  const signedFetch = createSignedFetch({ apiUrl, region }, credentials, traceparent);
  const send = ({ path, method = 'GET', key, body }: ApiRequest, signal: AbortSignal | undefined) =>
    signedFetch(
      {
        path,
        method,
        headers: {
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      },
      signal,
    );

  /** All that the command line asks for may be asked for twice: a run is started by its key. */
  function call<T>(request: ApiRequest, schema: z.ZodType<T>): Promise<T> {
    const signal = request.method === 'POST' ? undefined : interruption;
    return retryWithin({ budget: undefined, maxTries: MAX_TRIES, signal }, async () => {
      const response = await send(request, signal);
      const text = await response.text().catch((error: unknown) => {
        signal?.throwIfAborted();
        throw new StackUnavailableError('The answer of the stack’s API was incomplete.', { cause: error });
      });
      if (!response.ok) throw problemOf(response, text);
      const parsed = schema.safeParse(parseJson(text));
      if (parsed.success) return parsed.data;
      throw new UnexpectedError('This release of Ferry does not recognise the answer of the stack’s API.', {
        hint: 'Use the release that the stack was deployed with, or a newer one.',
      });
    });
  }

  return {
    listJobs: async () => (await call({ path: 'jobs' }, jobListSchema)).jobs,
    getJob: async (job) => call({ path: `jobs/${checkedJobName(job)}` }, jobDetailSchema),
    async listRuns({ job, limit }) {
      const path = job === undefined ? 'runs' : `jobs/${checkedJobName(job)}/runs`;
      const found: Run[] = [];
      const lost: UnreadableRun[] = [];
      for (let cursor: string | undefined; ; ) {
        const left = limit - found.length - lost.length;
        const query = new URLSearchParams({ limit: String(Math.min(PAGE, left)) });
        if (cursor !== undefined) query.set('cursor', cursor);
        const { runs, unreadable = [], next } = await call({ path: `${path}?${query}` }, runListSchema);
        found.push(...runs);
        lost.push(...unreadable);
        if (next === undefined || found.length + lost.length >= limit)
          return { runs: found, unreadable: lost };
        cursor = next;
      }
    },
    getRun: async (id) => call({ path: `runs/${checkedRunId(id)}` }, runSchema),
    startRun: async (job, key) =>
      call({ path: `jobs/${checkedJobName(job)}/runs`, method: 'POST', key }, startedSchema),
    sendAgain: async (how, runId, key, why) =>
      call(
        {
          path: `runs/${checkedRunId(runId)}/${how}`,
          method: 'POST',
          key,
          body: why === undefined ? {} : { why },
        },
        startedSchema,
      ),
    cancel: async (runId) =>
      call({ path: `runs/${checkedRunId(runId)}/cancel`, method: 'POST' }, cancelledSchema),
  };
}

/** @throws ConfigError for what can be no run's id: `..` would lead to another route */
function checkedRunId(id: string): string {
  if (isRunId(id)) return id;
  throw unknownRun(id);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An answer that is no success, as the error that it is. */
export function problemOf({ status }: Pick<Response, 'status'>, text: string): FerryError {
  const answered = parseJson(text);
  const problem: Problem | undefined = problemSchema.safeParse(answered).data;
  if (status === 401 || status === 403) {
    return new AccessError('The API of the stack denies these credentials access (HTTP status 403).', {
      hint: 'They need execute-api:Invoke on it (docs/cli.md), in the account of the stack. A wrong clock also causes this.',
    });
  }
  if (status === 429 || status >= 500) {
    return new StackUnavailableError(
      problem?.detail ?? `The API of the stack does not answer correctly (HTTP status ${status}).`,
      { hint: 'Try again; see the log group of the API’s function for details.' },
    );
  }
  const detail = problem?.detail ?? `The API of the stack refused the request (HTTP status ${status}).`;
  if (status === 409 && problem?.runId !== undefined) return new BusyError(detail);
  return new ConfigError(detail);
}
