import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { checkInFunction } from '../../cli/stack/check-in-function.ts';
import type { ConnectedStack } from '../../cli/stack/connect-stack.ts';
import { followRun } from '../../cli/stack/follow-run.ts';
import { jobFunctions } from '../../cli/stack/job-function.ts';
import { createStackApi } from '../../cli/stack/stack-api.ts';
import type { Job } from '../../shared/api/schemas.ts';
import { toFerryError } from '../../shared/errors.ts';
import { awsTimeouts } from '../../shared/network/outgoing-https.ts';
import { checkConcurrency } from './account-quotas.ts';
import type { Step } from './step.ts';

const settings = { requestHandler: awsTimeouts };
const RUNTIME = 'nodejs24.x';

/**
 * Tries a deployed stack: who the API lets in, what AWS made of the template, and every job's check.
 *
 * @param run a job to run and follow to its end; nothing is run without it
 */
export async function smokeTest(connected: ConnectedStack, run?: string): Promise<Step[]> {
  const { stack, api } = connected;
  const steps: Step[] = [];
  const attempt = async (step: string, work: () => Promise<string | Omit<Step, 'step'>>) => {
    try {
      const outcome = await work();
      steps.push({ step, ...(typeof outcome === 'string' ? { status: 'ok', detail: outcome } : outcome) });
    } catch (thrown) {
      // An Expectation's message is ours; what else is thrown may quote anything.
      const detail = thrown instanceof Expectation ? thrown.message : toFerryError(thrown).message;
      steps.push({ step, status: 'failed', detail });
    }
  };

  await attempt('API: open health', () => expectStatus(`${stack.apiUrl}healthz`, 200));
  await attempt('API: unsigned', () => expectStatus(`${stack.apiUrl}jobs`, 403));
  await attempt('API: wrong signature', () => expectWrongSignature(connected));
  let jobs: Job[] = [];
  await attempt('API: signed', async () => {
    jobs = await api.listJobs();
    return `${jobs.length} jobs`;
  });
  const lambda = new LambdaClient(settings);
  const logs = new CloudWatchLogsClient(settings);
  await attempt('account: concurrency', () => checkConcurrency(lambda, jobs.length));
  for (const name of jobFunctions(connected))
    await attempt(`function ${name}`, () => describeFunction({ lambda, logs }, stack.name, name));
  await attempt('schedules', () => compareSchedules(connected, jobs));
  for (const { name } of jobs) {
    try {
      const checks = await checkInFunction(connected, name, AbortSignal.timeout(180_000));
      // `state: absent` among them: s3:ListBucket is what makes S3 say 404 instead of 403.
      for (const { check, status, detail } of checks)
        steps.push({ step: `${name}: ${check}`, status: status === 'skipped' ? 'warning' : status, detail });
    } catch (error) {
      steps.push({ step: `${name}: check`, status: 'failed', detail: toFerryError(error).message });
    }
  }
  if (run !== undefined) {
    await attempt(`${run}: run`, async () => {
      const { runId } = await api.startRun(run, `smoke-${Date.now()}`);
      const signal = AbortSignal.timeout(16 * 60_000);
      const ended = await followRun(api, runId, { signal, onProgress: () => {} });
      if (ended.state !== 'succeeded')
        throw new Expectation(`${runId} ${ended.state}: ${ended.error?.message ?? 'no error'}`);
      return `${runId} succeeded (${ended.outcome}), ${ended.rows} ${ended.kind === 'extraction' ? 'entities' : 'rows'}`;
    });
  }
  lambda.destroy();
  logs.destroy();
  return steps;
}

/** Something is not as it should be, in words of this script's own. */
class Expectation extends Error {}

async function expectStatus(url: string, wanted: number): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(35_000) });
  await response.body?.cancel();
  if (response.status !== wanted) throw new Expectation(`HTTP status ${response.status}, not ${wanted}`);
  return `HTTP status ${wanted}`;
}

async function expectWrongSignature({ stack }: ConnectedStack): Promise<string> {
  // The credentials of AWS's own examples: nobody's.
  const nobody = createStackApi(stack, async () => ({
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  }));
  const answer = await nobody.listJobs().then(
    () => 'let in',
    (error: unknown) => toFerryError(error).class,
  );
  if (answer !== 'AccessError') throw new Expectation(`A stranger was not turned away: ${answer}`);
  return 'HTTP status 403';
}

/** What the function was really made with: an emulator shows what the template says. */
async function describeFunction(
  { lambda, logs }: { lambda: LambdaClient; logs: CloudWatchLogsClient },
  stackName: string,
  name: string,
): Promise<string | Omit<Step, 'step'>> {
  const { Runtime, Architectures, MemorySize, Timeout, LoggingConfig, State } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: name }),
  );
  if (Runtime !== RUNTIME) throw new Expectation(`its runtime is ${Runtime}, not ${RUNTIME}`);
  // An absent state is that of an emulator.
  if (State !== undefined && State !== 'Active' && State !== 'Inactive')
    throw new Expectation(`its state is ${State}`);
  const group = LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`;
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: group }));
  const days = logGroups?.find(({ logGroupName }) => logGroupName === group)?.retentionInDays;
  const made = `${Runtime}, ${Architectures?.join()}, ${MemorySize} MB, ${Timeout} s`;
  if (days !== undefined) return `${made}, logs kept ${days} days`;
  // CloudFormation names a stack's own groups after it; another one (`logGroup`) is its owner's.
  if (group.startsWith(`${stackName}-`)) throw new Expectation(`its log group ${group} is kept forever`);
  return { status: 'warning', detail: `${made}, logs kept forever in ${group}` };
}

/** Each job's schedule as EventBridge has it: expression, zone, and whether it is switched on. */
async function compareSchedules({ stack }: ConnectedStack, jobs: readonly Job[]): Promise<string> {
  const scheduler = new SchedulerClient(settings);
  const wanted = new Map(jobs.flatMap(({ name, schedule }) => (schedule ? [[name, schedule] as const] : [])));
  const functions = new Set(Object.values(stack.outputs));
  let NextToken: string | undefined;
  const found = new Set<string>();
  do {
    const page = await scheduler.send(new ListSchedulesCommand({ NextToken }));
    for (const { Name, GroupName, Target } of page.Schedules ?? []) {
      if (!functions.has(Target?.Arn?.split(':')[6] ?? '')) continue;
      const planned = await scheduler.send(new GetScheduleCommand({ Name, GroupName }));
      const { job = '' } = JSON.parse(planned.Target?.Input ?? '{}') as { job?: string };
      const schedule = wanted.get(job);
      const there = [planned.ScheduleExpression, planned.ScheduleExpressionTimezone, planned.State].join(
        ' in ',
      );
      const here = schedule && [
        schedule.expression,
        schedule.timezone,
        schedule.enabled ? 'ENABLED' : 'DISABLED',
      ];
      if (here?.join(' in ') !== there)
        throw new Expectation(`${job || Name}: ${there}, and not ${here?.join(' in ') ?? 'absent'}`);
      found.add(job);
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  scheduler.destroy();
  const missing = [...wanted.keys()].filter((job) => !found.has(job));
  if (missing.length > 0) throw new Expectation(`there is no schedule of ${missing.join(', ')}`);
  return `${found.size} as configured, each in its zone`;
}
