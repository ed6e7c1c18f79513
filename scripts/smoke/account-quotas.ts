import { GetAccountSettingsCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { Step } from './step.ts';

/** The API and the watchdog, which must find room beside the jobs. */
const OTHER_FUNCTIONS = 2;

/**
 * Whether the account lets all jobs of a stack run at once. New accounts have room for ten invocations of all their
 * functions together: further runs start late, and the API answers 502 meanwhile.
 *
 * @param jobs how many the stack has; one runs at most once at a time
 */
export async function checkConcurrency(
  lambda: Pick<LambdaClient, 'send'>,
  jobs: number,
): Promise<Omit<Step, 'step'>> {
  const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
  const { UnreservedConcurrentExecutions: free = 0, ConcurrentExecutions: all = 0 } = AccountLimit ?? {};
  const wanted = jobs + OTHER_FUNCTIONS;
  const has = `${free} invocations at once, of ${all} in the account`;
  if (free >= wanted) return { status: 'ok', detail: `${has}; the stack uses ${wanted} at most` };
  return {
    status: 'warning',
    detail: `${has}, and the stack may want ${wanted}: ask for more (Service Quotas, Lambda, L-B99A9384), or spread the schedules`,
  };
}
