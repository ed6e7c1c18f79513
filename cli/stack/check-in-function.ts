import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { type CheckResult, checkResultSchema } from '../../shared/checks/check-result.ts';
import { UnexpectedError } from '../../shared/errors.ts';
import { awsTimeouts } from '../../shared/network/outgoing-https.ts';
import { explainAwsError } from './aws-errors.ts';
import type { ConnectedStack } from './connect-stack.ts';
import { functionOfJob } from './job-function.ts';

// Each hop has three seconds, and a cold start takes about ten. API Gateway would give up after 29 s, so the function
// is called directly.
const TIMEOUT_MS = 180_000;

const answerSchema = z.object({ checks: z.array(checkResultSchema) });
const refusalSchema = z.object({ error: z.object({ message: z.string() }) });

/**
 * Has a job's own function check everything that a run of the job needs.
 *
 * @throws AccessError, ConfigError, StackUnavailableError; UnexpectedError when the function itself fails, or is of
 *   another release
 */
export async function checkInFunction(
  connected: ConnectedStack,
  job: string,
  abortSignal: AbortSignal,
): Promise<CheckResult[]> {
  const FunctionName = await functionOfJob(connected, job);
  const client = new LambdaClient({
    // A second try would only wait a second time.
    maxAttempts: 1,
    requestHandler: { ...awsTimeouts, requestTimeout: TIMEOUT_MS },
  });
  try {
    const Payload = Buffer.from(JSON.stringify({ job, check: true }));
    const answer = await client.send(new InvokeCommand({ FunctionName, Payload }), { abortSignal });
    return readAnswer(job, answer.FunctionError, answer.Payload?.transformToString() ?? '');
  } catch (error) {
    abortSignal.throwIfAborted();
    throw explainAwsError(error, 'lambda:InvokeFunction');
  } finally {
    client.destroy();
  }
}

function readAnswer(job: string, failure: string | undefined, text: string): CheckResult[] {
  if (failure !== undefined) {
    throw new UnexpectedError(`The function of the job ${job} failed or was killed while it checked.`, {
      hint: `ferry logs ${job} may say why; a function that dies immediately has too little memory.`,
    });
  }
  const content: unknown = JSON.parse(text);
  const answer = answerSchema.safeParse(content);
  if (answer.success) return answer.data.checks;
  const refusal = refusalSchema.safeParse(content).data?.error.message;
  throw new UnexpectedError(
    `The function of the job ${job} does not support checks${refusal ? `: ${refusal}` : ''}`,
    {
      hint: 'It is from another release: deploy the stack again with this one.',
    },
  );
}
