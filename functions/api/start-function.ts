import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { ProblemError } from '../../shared/api/problems.ts';
import type { CheckRequest } from '../../shared/runs/records/job-check.ts';
import type { RunRequest } from '../../shared/runs/records/run-request.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface StartFunctionOptions {
  lambda: Pick<LambdaClient, 'send'>;
  /** Name of the function that runs a job. */
  functionOf: (job: string) => Promise<string>;
  logger: Logger;
}

/**
 * Passes a request to the function that runs its job, and does not wait for the run.
 *
 * @throws ProblemError (503) that names AWS's error: the role may not invoke the function, or Lambda accepts no more
 */
export function createStarter(options: StartFunctionOptions): (request: RunRequest) => Promise<void> {
  return (request) => invoke(options, request.job, { ...request }, request.runId);
}

/** As {@link createStarter}, for a check of a job. */
export function createCheckStarter(
  options: StartFunctionOptions,
): (request: CheckRequest) => Promise<string> {
  return async ({ job, ...request }) => {
    await invoke(options, job, { job, check: true, ...request });
    return request.id;
  };
}

async function invoke(
  { lambda, functionOf, logger }: StartFunctionOptions,
  job: string,
  event: object,
  run?: string,
): Promise<void> {
  const FunctionName = await functionOf(job);
  const Payload = Buffer.from(JSON.stringify(event));
  try {
    // Asynchronous: the caller gets an id, not the end.
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
  } catch (error) {
    const reason = error instanceof Error ? error.name : 'unknown error';
    const detail = `The function that runs "${job}" could not be started (${reason}).`;
    logger.error({ ...(run === undefined ? {} : { run }), job, function: FunctionName, reason }, detail);
    throw new ProblemError(503, detail, { headers: { 'retry-after': '5' } });
  }
}
