import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { waitFor } from '../processes/wait-for.ts';
import { awsClientOptions } from './aws-client-options.ts';
import type { MiniStack } from './mini-stack.ts';

/**
 * The messages in the log of the one function whose name begins so.
 *
 * @param filterPattern of CloudWatch; without one, all
 */
export async function lambdaLogs(
  aws: MiniStack,
  functionName: string,
  filterPattern?: string,
): Promise<string[]> {
  const options = await awsClientOptions(aws);
  const { Functions = [] } = await new LambdaClient(options).send(new ListFunctionsCommand({}));
  const [found, ...others] = Functions.filter(({ FunctionName }) => FunctionName?.startsWith(functionName));
  if (!found || others.length > 0) throw new Error(`not one function ${functionName}…`);
  const logGroupName = found.LoggingConfig?.LogGroup ?? `/aws/lambda/${found.FunctionName}`;
  const { events = [] } = await new CloudWatchLogsClient(options).send(
    new FilterLogEventsCommand({ logGroupName, filterPattern }),
  );
  return events.map(({ message = '' }) => message);
}

/** Waits for a line in the log of the one function whose name begins so, by a filter pattern of CloudWatch; the parsed line. */
export function findLogLine(
  aws: MiniStack,
  functionName: string,
  filterPattern: string,
): Promise<Record<string, unknown>> {
  return waitFor(
    `${filterPattern} in the log of ${functionName}`,
    async () => {
      const [message] = await lambdaLogs(aws, functionName, filterPattern);
      return message === undefined ? undefined : JSON.parse(message);
    },
    30_000,
  );
}
