import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { formatTable } from '../../cli/output/output.ts';
import { isFinished, type RunRecord } from '../../shared/runs/records/run-record.ts';
import { awsClientOptions } from '../../test/support/aws/aws-client-options.ts';
import { prepareDeployment } from '../../test/support/stack/deployment.ts';
import { openStack } from '../../test/support/stack/open-stack.ts';
import { startSurroundings } from '../../test/support/stack/stack-surroundings.ts';
import { median } from '../measured-process.ts';

const SLOTS = 4;
const MINUTE = 60_000;

/**
 * `npm run bench -- waiting [--jobs 100] [--seconds 5]`: so many jobs of one minute on a source with four slots, deployed to the emulator
 * of AWS: what is invoked and billed, and what would have been if each run had waited in its function.
 */
export async function measureWaiting(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { jobs: { type: 'string', default: '100' }, seconds: { type: 'string', default: '5' } },
  });
  const names = Array.from({ length: Number(values.jobs) }, (_, at) => `job-${at}`);
  const datasetOf = (job: string) => `ds_${job.replace('-', '')}`;
  await using around = await startSurroundings(names.map(datasetOf));
  const options = await awsClientOptions(around.aws);
  const lambda = new LambdaClient(options);
  await using deployment = await prepareDeployment(around.aws, 'FerryWaiting');
  const query = `SELECT pg_sleep(${Number(values.seconds)})::text AS slept`;
  const outputs = await deployment.deploy({
    version: 1,
    sources: { erp: { ...around.source, maxConcurrentRuns: SLOTS } },
    polyteia: around.targets,
    syncs: Object.fromEntries(names.map((job) => [job, { source: 'erp', query, dataset: datasetOf(job) }])),
  });
  const stack = await openStack(around.aws, outputs);

  process.stderr.write(`${names.length} starts in one minute …\n`);
  const began = Date.now();
  const scheduledTime = new Date(Math.floor(began / MINUTE) * MINUTE).toISOString();
  for (const [at, job] of names.entries()) {
    await sleep(Math.max(0, began + (at * MINUTE) / names.length - Date.now()));
    await lambda.send(
      new InvokeCommand({
        FunctionName: outputs.SyncFunctionerp,
        InvocationType: 'Event',
        Payload: JSON.stringify({ job, scheduledTime }),
      }),
    );
  }
  let runs: RunRecord[] = [];
  while (runs.filter(isFinished).length < names.length) {
    await sleep(2_000);
    runs = await stack.runs.list({ limit: 2 * names.length });
  }
  const seconds = (Math.max(...runs.map(({ endedAt = '' }) => Date.parse(endedAt))) - began) / 1000;

  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const logs = new CloudWatchLogsClient(options);
  // The last line of a log comes a moment after the answer.
  await sleep(2_000);
  const bills = await Promise.all(
    Functions.filter(({ Description }) => /syncs|waiting/.test(Description ?? '')).map(
      async ({ Description = '', LoggingConfig }) => {
        const billed = await billedMs(logs, LoggingConfig?.LogGroup ?? '');
        return [Description, billed] as const;
      },
    ),
  );
  const waited = runs.map(({ phases }) =>
    sum(phases.flatMap((phase) => (phase.name === 'queued' ? [phase.durationMs] : []))),
  );
  const worked = runs.map(({ phases }) =>
    sum(phases.flatMap((phase) => (phase.name === 'queued' ? [] : [phase.durationMs]))),
  );
  const states = new Map(runs.map(({ state }) => [state, runs.filter((run) => run.state === state).length]));
  process.stdout.write(
    `${runs.length} runs (${[...states].map(([state, count]) => `${count} ${state}`).join(', ')}), the last ended after ${seconds.toFixed(0)} s. ` +
      `They worked ${(sum(worked) / 1000).toFixed(0)} s and waited ${(sum(waited) / 1000).toFixed(0)} s.\n\n`,
  );
  const rows = [
    ...bills.map(([what, billed]) => [
      what,
      String(billed.length),
      (sum(billed) / 1000).toFixed(0),
      (median(billed) / 1000).toFixed(1),
    ]),
    [
      'waiting in the function (computed)',
      String(runs.length),
      ((sum(worked) + sum(waited)) / 1000).toFixed(0),
      (median(runs.map((_, at) => (worked[at] ?? 0) + (waited[at] ?? 0))) / 1000).toFixed(1),
    ],
  ];
  process.stdout.write(
    `${formatTable(['WHAT', 'INVOCATIONS', 'BILLED (S)', 'MEDIAN (S)'], rows, [1, 2, 3])}\n`,
  );
}

/** What the emulator would bill: a line of the log for each invocation, as on AWS. */
async function billedMs(logs: CloudWatchLogsClient, logGroupName: string): Promise<number[]> {
  const found: number[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs.send(new FilterLogEventsCommand({ logGroupName, nextToken }));
    for (const { message = '' } of page.events ?? []) {
      const [, billed] = /^REPORT .*Billed Duration: ([\d.]+) ms/.exec(message) ?? [];
      if (billed !== undefined) found.push(Number(billed));
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
