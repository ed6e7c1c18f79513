import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { Command, InvalidArgumentError } from 'commander';
import { awsTimeouts } from '../../../shared/network/outgoing-https.ts';
import { isFinished } from '../../../shared/runs/records/run-record.ts';
import { isRunId, timeOfRunId } from '../../../shared/runs/run-id.ts';
import { sleep as sleepByClock } from '../../../shared/sleep.ts';
import { goDurationMs } from '../../../shared/text/go-duration.ts';
import type { CliContext } from '../../cli-context.ts';
import { EXIT } from '../../exit-codes.ts';
import { listRecentIds, resolveRunId } from '../../local/open-runs.ts';
import { globalOptions } from '../../options.ts';
import { type ConnectedStack, requireStack } from '../../stack/connect-stack.ts';
import { formatLogEvent } from '../../stack/format-log-event.ts';
import { functionOfJob, jobFunctions, logGroupOf } from '../../stack/job-function.ts';
import { createLogReader, type LogEvent, type LogQuery } from '../../stack/log-events.ts';

const POLL_MS = 2_000;
// The last lines of a run appear some seconds later.
const READS_AFTER_THE_END = 3;

function parseAge(text: string): number {
  const ms = goDurationMs(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('Expected a time such as 30m or 12h.');
  return ms;
}

/** `ferry --stack NAME logs [job|run]`: what the functions of a stack have logged. */
export function logsCommand(context: CliContext): Command {
  return new Command('logs')
    .description('show the log of a stack (--stack): of all jobs, one job or one run')
    .argument('[job or run]', 'name of a job, or id of a run or its beginning')
    .option('-f, --follow', 'keep following; for a run, until it ends')
    .option(
      '--since <age>',
      'how far back to start, such as 30m (for a run: its beginning)',
      parseAge,
      3_600_000,
    )
    .action(async (what: string | undefined, own: { follow?: true; since: number }, command: Command) => {
      const options = globalOptions(command);
      const connected = await requireStack(options, context);
      const lambda = new LambdaClient({ requestHandler: awsTimeouts });
      const logs = new CloudWatchLogsClient({ requestHandler: awsTimeouts });
      try {
        const { query, run } = await queryFor(connected, lambda, what);
        const since = run === undefined ? Date.now() - own.since : timeOfRunId(run).getTime() - 60_000;
        const read = createLogReader(logs, query, since);
        const print = createPrinter(context, { json: options.json, follow: own.follow });
        await follow(connected, run, own.follow === true, context, async () =>
          print(await read(context.signal)),
        );
        print.end();
      } catch (error) {
        if (!context.signal.aborted) throw error;
        context.setExitCode(EXIT.interrupted);
      } finally {
        lambda.destroy();
        logs.destroy();
      }
    });
}

/** A text that is meant to be an id, and not the name of a job. */
const BEGINNING_OF_ID = /^[0-9a-f]{8}-/;

/** The log groups to read, and whose they are. */
async function queryFor(
  connected: ConnectedStack,
  lambda: LambdaClient,
  what: string | undefined,
): Promise<{ query: LogQuery; run?: string }> {
  if (what === undefined) {
    const groups = await Promise.all(jobFunctions(connected).map((name) => logGroupOf(lambda, name)));
    // With `logGroup`, it is the same one for all.
    return { query: { groups: [...new Set(groups)] } };
  }
  const id = BEGINNING_OF_ID.test(what) ? await resolveRunId(what, listRecentIds(connected)) : what;
  const found = isRunId(id) ? await connected.api.getRun(id) : undefined;
  const job = found?.job ?? what;
  const groups = [await logGroupOf(lambda, await functionOfJob(connected, job))];
  return found
    ? { query: { groups, only: { run: found.id } }, run: found.id }
    : { query: { groups, only: { job } } };
}

/** Reads once, or repeatedly: until the run's end, or until the person stops it. */
async function follow(
  { api }: ConnectedStack,
  run: string | undefined,
  on: boolean,
  { signal, sleep = sleepByClock }: CliContext,
  read: () => Promise<void>,
): Promise<void> {
  await read();
  for (let left = READS_AFTER_THE_END; on && left > 0; ) {
    if (run !== undefined && isFinished(await api.getRun(run))) left -= 1;
    await sleep(POLL_MS, signal);
    await read();
  }
}

/** Prints records: lines, or for --json one document (with --follow, one on each line). */
function createPrinter(
  { stdout, stderr, environment }: CliContext,
  { json, follow: goesOn }: { json?: true | undefined; follow?: true | undefined },
): ((events: readonly LogEvent[]) => void) & { end: () => void } {
  const all: LogEvent[] = [];
  const colors = stdout.isTTY === true && !environment.NO_COLOR;
  let printed = 0;
  const print = (events: readonly LogEvent[]) => {
    printed += events.length;
    for (const event of events) {
      if (json && goesOn) stdout.write(`${JSON.stringify(event)}\n`);
      else if (json) all.push(event);
      else {
        const line = formatLogEvent(event, { colors });
        if (line !== undefined) stdout.write(`${line}\n`);
      }
    }
  };
  const end = () => {
    if (json && !goesOn) stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    else if (printed === 0) stderr.write('No records.\n');
  };
  return Object.assign(print, { end });
}
