import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { waitFor } from '../processes/wait-for.ts';
import { awsClientOptions } from './aws-client-options.ts';
import type { MiniStack } from './mini-stack.ts';

/**
 * Waits until the log of the one function whose name begins so has a line with this text; all its messages.
 *
 * MiniStack reads what a function prints until 50 ms after its answer. On a busy machine a line arrives later, and then stays out of the log
 * until the function is called again. So this calls it, with an event that every function refuses.
 */
export async function lambdaLogs(aws: MiniStack, functionName: string, text: string): Promise<string[]> {
  const options = await awsClientOptions(aws);
  const lambda = new LambdaClient(options);
  const logs = new CloudWatchLogsClient(options);
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const [found, ...others] = Functions.filter(({ FunctionName }) => FunctionName?.startsWith(functionName));
  if (!found || others.length > 0) throw new Error(`not one function ${functionName}…`);
  const { FunctionName, LoggingConfig } = found;
  const logGroupName = LoggingConfig?.LogGroup ?? `/aws/lambda/${FunctionName}`;
  const read = async () => {
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
    const messages = events.map(({ message = '' }) => message);
    return messages.some((message) => message.includes(text)) ? messages : undefined;
  };
  const readAfterCall = async () => {
    await lambda.send(new InvokeCommand({ FunctionName, Payload: '{}' }));
    return read();
  };
  return (await read()) ?? waitFor(`"${text}" in the log of ${functionName}`, readAfterCall, 30_000);
}

/** Waits for a line with this text in the log of the one function whose name begins so; the first of them, parsed. */
export async function findLogLine(
  aws: MiniStack,
  functionName: string,
  text: string,
): Promise<Record<string, unknown>> {
  const messages = await lambdaLogs(aws, functionName, text);
  return JSON.parse(messages.find((message) => message.includes(text)) ?? '');
}
