import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import {
  functionOutputOfExtraction,
  functionOutputOfJob,
  functionOutputOfSource,
} from '../../shared/config/deployment/function-outputs.ts';
import { ConfigError } from '../../shared/errors.ts';
import { explainAwsError } from './aws-errors.ts';
import type { ConnectedStack } from './connect-stack.ts';

/** The names of all functions of a stack that run jobs. */
export function jobFunctions({ stack }: ConnectedStack): string[] {
  const names = Object.entries(stack.outputs).filter(([output]) =>
    /^(SyncFunction|DedicatedFunction|ExtractFunction)/.test(output),
  );
  return names.map(([, name]) => name);
}

/**
 * The name of the function that runs a job.
 *
 * @throws ConfigError when there is no such job
 */
export async function functionOfJob({ stack, api }: ConnectedStack, job: string): Promise<string> {
  const { kind, source = '' } = await api.getJob(job);
  const name =
    kind === 'extraction'
      ? stack.outputs[functionOutputOfExtraction(job)]
      : (stack.outputs[functionOutputOfJob(job)] ?? stack.outputs[functionOutputOfSource(source)]);
  if (name !== undefined) return name;
  throw new ConfigError(`The outputs of the stack ${stack.name} name no function for the job ${job}.`, {
    hint: 'Deploy it again with this release of Ferry.',
  });
}

/** The log group that a function writes to. */
export async function logGroupOf(client: LambdaClient, name: string): Promise<string> {
  try {
    const { LoggingConfig } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    return LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`;
  } catch (error) {
    throw explainAwsError(error, 'lambda:GetFunctionConfiguration');
  }
}
