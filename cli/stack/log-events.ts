import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { explainAwsError } from './aws-errors.ts';

/** One record of a log. */
export interface LogEvent {
  id: string;
  /** Unix time in milliseconds. */
  at: number;
  group: string;
  message: string;
}

/** What is wanted of the logs. */
export interface LogQuery {
  groups: readonly string[];
  /** Of the records of one job, or of one run; all without it. */
  only?: { job: string } | { run: string } | undefined;
}

// CloudWatch takes some seconds to show a record, and shows those of two streams in any order.
const LATENESS_MS = 30_000;

/** Reads logs in pieces: each call gives what has come since the one before, the oldest first. */
export function createLogReader(
  client: CloudWatchLogsClient,
  { groups, only }: LogQuery,
  since: number,
): (signal: AbortSignal) => Promise<LogEvent[]> {
  const seen = new Map<string, number>();
  let from = since;
  return async (signal) => {
    const found: LogEvent[] = [];
    for (const group of groups) {
      for (const event of await readGroup(client, group, patternOf(only), from, signal)) {
        if (!seen.has(event.id)) found.push(event);
        seen.set(event.id, event.at);
      }
    }
    from = Math.max(from, ...found.map(({ at }) => at - LATENESS_MS));
    for (const [id, at] of seen) if (at < from) seen.delete(id);
    return found.sort((a, b) => a.at - b.at);
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html */
function patternOf(only: LogQuery['only']): string | undefined {
  if (only === undefined) return undefined;
  return 'run' in only ? `{ $.run = "${only.run}" }` : `{ $.job = "${only.job}" }`;
}

async function readGroup(
  client: CloudWatchLogsClient,
  group: string,
  filterPattern: string | undefined,
  startTime: number,
  abortSignal: AbortSignal,
): Promise<LogEvent[]> {
  const found: LogEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client
      .send(new FilterLogEventsCommand({ logGroupName: group, filterPattern, startTime, nextToken }), {
        abortSignal,
      })
      .catch((error: unknown) => {
        abortSignal.throwIfAborted();
        throw explainAwsError(error, 'logs:FilterLogEvents');
      });
    for (const { eventId, timestamp, message } of page.events ?? [])
      found.push({
        id: eventId ?? `${timestamp} ${message}`,
        at: timestamp ?? 0,
        group,
        message: message ?? '',
      });
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}
