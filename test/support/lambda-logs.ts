import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { awsClientOptions } from './aws-client-options.ts';
import type { MiniStack } from './mini-stack.ts';
import { waitFor } from './wait-for.ts';

/** Waits for a line in the log of the one function whose name begins so, by a filter pattern of CloudWatch; the parsed line. */
export async function findLogLine(
  aws: MiniStack,
  functionName: string,
  filterPattern: string,
): Promise<Record<string, unknown>> {
  const options = await awsClientOptions(aws);
  const { Functions = [] } = await new LambdaClient(options).send(new ListFunctionsCommand({}));
  const [found, ...others] = Functions.filter(({ FunctionName }) => FunctionName?.startsWith(functionName));
  if (!found || others.length > 0) throw new Error(`not one function ${functionName}…`);
  const logGroupName = found.LoggingConfig?.LogGroup ?? `/aws/lambda/${found.FunctionName}`;
  const logs = new CloudWatchLogsClient(options);
  return waitFor(
    `${filterPattern} in ${logGroupName}`,
    async () => {
      const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern }));
      const message = events[0]?.message;
      return message === undefined ? undefined : JSON.parse(message);
    },
    30_000,
  );
}
