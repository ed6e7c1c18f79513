import { readFile } from 'node:fs/promises';
import { AwsClient } from 'aws4fetch';
import { Agent, request } from 'undici';
import { createS3DocumentStore } from '../../../shared/runs/documents/s3-document-store.ts';
import { isFinished, type RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunStore, type RunStore } from '../../../shared/runs/records/run-store.ts';
import type { MiniStack } from '../aws/mini-stack.ts';
import { createS3Client } from '../aws/s3-client.ts';
import { waitFor } from '../processes/wait-for.ts';

/** What the API answered. */
export interface ApiAnswer {
  status: number;
  headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what came, whatever it is
  body: any;
}

export interface ApiCall {
  /** @default true */
  signed?: boolean;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
}

/** A deployed stack, as a user and a test look at it. */
export interface OpenStack {
  runs: RunStore;
  /** Calls the API as the emulator publishes it. */
  call(method: string, path: string, options?: ApiCall): Promise<ApiAnswer>;
  /** Asks the API for a run of a job; its id. */
  start(job: string): Promise<string>;
  /** Waits for the end of a run; its record. */
  ended(runId: string, timeoutMs?: number): Promise<RunRecord>;
  /** Waits until the record of a run says this. Throws when the run ends without. */
  reached(runId: string, state: RunRecord['state'], timeoutMs?: number): Promise<RunRecord>;
  /** Waits for a finished run of a job that is not among `known`. */
  finishedRun(job: string, known: readonly string[], timeoutMs: number): Promise<RunRecord>;
}

/** @param outputs those of the stack */
export async function openStack(aws: MiniStack, outputs: Record<string, string>): Promise<OpenStack> {
  const ca = aws.caFile ? await readFile(aws.caFile, 'utf8') : '';
  const dispatcher = new Agent({ connect: { ca } });
  const signer = new AwsClient({
    accessKeyId: aws.environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: aws.environment.AWS_SECRET_ACCESS_KEY ?? '',
    region: aws.region,
    service: 'execute-api',
  });
  const bucket = outputs.StateBucketName ?? '';
  const runs = createRunStore(createS3DocumentStore({ client: await createS3Client(aws), bucket }));

  async function call(method: string, path: string, options: ApiCall = {}): Promise<ApiAnswer> {
    const url = `${aws.endpoint}/_aws/execute-api/${outputs.ApiId}/v1${path}`;
    const body = options.body === undefined ? null : JSON.stringify(options.body);
    let headers = { ...options.headers, ...(body === null ? {} : { 'content-type': 'application/json' }) };
    if (options.signed ?? true)
      headers = Object.fromEntries((await signer.sign(url, { method, headers, body })).headers);
    const answer = await request(url, { method: method as 'GET', headers, body, dispatcher });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.json() };
  }
  const waitForRun = (
    what: string,
    runId: string,
    is: (run: RunRecord) => boolean,
    timeoutMs: number,
  ): Promise<RunRecord> =>
    waitFor(
      what,
      async () => {
        const run = await runs.get(runId);
        return run && is(run) ? run : undefined;
      },
      timeoutMs,
    );

  return {
    runs,
    call,
    async start(job) {
      const started = await call('POST', `/jobs/${job}/runs`);
      if (started.status !== 202)
        throw new Error(`${job}: ${started.status} ${JSON.stringify(started.body)}`);
      return started.body.runId;
    },
    ended: (runId, timeoutMs = 90_000) => waitForRun(`the end of run ${runId}`, runId, isFinished, timeoutMs),
    async reached(runId, state, timeoutMs = 90_000) {
      const isThere = (run: RunRecord) => run.state === state || isFinished(run);
      const run = await waitForRun(`run ${runId} ${state}`, runId, isThere, timeoutMs);
      if (run.state !== state) throw new Error(`Run ${runId} is ${run.state}, and was never seen ${state}.`);
      return run;
    },
    finishedRun: (job, known, timeoutMs) =>
      waitFor(
        `a run of ${job}`,
        async () => {
          const list = await runs.list({ job, limit: 5 });
          return list.find((run) => run.state !== 'running' && !known.includes(run.id));
        },
        timeoutMs,
      ),
  };
}
