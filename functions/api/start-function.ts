import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { ProblemError } from '../../shared/api/problems.ts';
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
export function createStarter({
  lambda,
  functionOf,
  logger,
}: StartFunctionOptions): (request: RunRequest) => Promise<void> {
  return async (request) => {
    const { job, runId } = request;
    const FunctionName = await functionOf(job);
    const Payload = Buffer.from(JSON.stringify(request));
    try {
      // Asynchronous: the caller gets the run's id, not its end.
      await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown error';
      const detail = `The function that runs "${job}" could not be started (${reason}).`;
      logger.error({ run: runId, job, function: FunctionName, reason }, detail);
      throw new ProblemError(503, detail, { headers: { 'retry-after': '5' } });
    }
  };
}
