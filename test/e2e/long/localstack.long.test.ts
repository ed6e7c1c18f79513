import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  EventBridgeClient,
  ListRuleNamesByTargetCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  LambdaClient,
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { ListTopicsCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latestSchema, manifestSchema } from '../../../shared/extraction/output/manifest.ts';
import { awsClientOptions } from '../../support/aws/aws-client-options.ts';
import { createS3Client } from '../../support/aws/s3-client.ts';
import { startLocalStack } from '../../support/localstack/local-stack.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { closeSourceGate, throughSourceGate } from '../../support/source/source-gate.ts';
import { type Deployment, prepareDeployment } from '../../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../../support/stack/open-stack.ts';
import { type StackSurroundings, startSurroundings } from '../../support/stack/stack-surroundings.ts';

// The other e2e tests run on MiniStack. LocalStack has nothing in common with it: what both show is not a peculiarity of one.

const STACK = 'FerryElsewhere';
const ORDERS = 'ds_orders1';
const LATER = 'ds_later1';
const QUERY = `SELECT id, customer, total, ${throughSourceGate.postgres} AS gate FROM orders ORDER BY id`;

let around: StackSurroundings;
let deployment: Deployment;
let stack: OpenStack;
let outputs: Record<string, string>;
let s3: S3Client;
let options: Awaited<ReturnType<typeof awsClientOptions>>;
let lambda: LambdaClient;
let mails: () => Promise<string[]>;

beforeAll(async () => {
  const settings = { LAMBDA_RETRY_BASE_DELAY: '1' };
  around = await startSurroundings([ORDERS, LATER], { settings }, startLocalStack);
  const { aws, postgres, source, targets } = around;
  options = await awsClientOptions(aws);
  lambda = new LambdaClient(options);
  s3 = await createS3Client(aws);
  await postgres.query(`
    CREATE TABLE orders (id int PRIMARY KEY, customer text, total numeric(10,2));
    INSERT INTO orders VALUES (1, 'Müller & Söhne', 12.50), (2, NULL, -0.01)`);
  deployment = await prepareDeployment(aws, STACK);
  const schedule = { cron: '30 4 * * *', timezone: 'Europe/Berlin' };
  outputs = await deployment.deploy({
    version: 1,
    sources: { erp: { ...source, maxConcurrentRuns: 1 } },
    polyteia: targets,
    syncs: {
      orders: { source: 'erp', query: QUERY, dataset: ORDERS, schedule },
      later: { source: 'erp', query: 'SELECT 1 AS a', dataset: LATER, dedicated: { timeout: '2m' } },
    },
    extractions: { catalogs: { sources: ['erp'] }, lost: { sources: ['erp'] } },
    alerts: { email: ['data@example.org'] },
    dashboard: true,
  });
  stack = await openStack(aws, outputs);
  // What takes its minute meanwhile.
  mails = await subscribeToAlerts();
  await hastenWatchdog();
  await breakFunction();
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await around?.[Symbol.asyncDispose]();
});

/** A queue that gets what the stack's topic sends. */
async function subscribeToAlerts(): Promise<() => Promise<string[]>> {
  const sns = new SNSClient(options);
  const sqs = new SQSClient(options);
  const { Topics = [] } = await sns.send(new ListTopicsCommand({}));
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'mail' }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const [TopicArn] = Topics.map((topic) => topic.TopicArn);
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: Attributes?.QueueArn }));
  return async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    return Messages.map(({ Body = '' }) => Body);
  };
}

/** The rule that calls the watchdog does so each minute from now on, instead of each five. */
async function hastenWatchdog(): Promise<void> {
  const events = new EventBridgeClient(options);
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const TargetArn = Functions.find(({ Description }) => Description === 'Ferry: watchdog')?.FunctionArn;
  const { RuleNames = [] } = await events.send(new ListRuleNamesByTargetCommand({ TargetArn }));
  if (RuleNames.length !== 1) throw new Error(`not one rule calls the watchdog: ${RuleNames}`);
  const [Rule] = RuleNames;
  await events.send(new PutRuleCommand({ Name: Rule, ScheduleExpression: 'rate(1 minute)' }));
  // LocalStack looks at the schedule when a target is put.
  const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule }));
  await events.send(new PutTargetsCommand({ Rule, Targets }));
}

/** The function of a job ends before it has begun, from now on. */
async function breakFunction(): Promise<void> {
  const FunctionName = outputs.ExtractFunctionlost;
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Handler: 'nothing.handler' }));
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 60, minDelay: 1 }, { FunctionName });
}

describe('a stack on LocalStack', () => {
  it('has every resource, and its outputs', async () => {
    const { StackResources = [] } = await new CloudFormationClient(options).send(
      new DescribeStackResourcesCommand({ StackName: STACK }),
    );
    const states = StackResources.map(({ LogicalResourceId, ResourceStatus }) => [
      LogicalResourceId,
      ResourceStatus,
    ]);
    expect(states.filter(([, state]) => state !== 'CREATE_COMPLETE')).toEqual([]);
    expect(states.length).toBeGreaterThan(55);
    expect(outputs).toMatchObject({
      ApiId: expect.stringMatching(/./),
      DeadLetterQueueUrl: expect.stringMatching(/^http/),
      StateBucketName: expect.stringMatching(/./),
      SyncFunctionerp: expect.stringMatching(/./),
    });
  });

  it('keeps a schedule’s zone and input', async () => {
    const scheduler = new SchedulerClient(options);
    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
    expect(Schedules).toHaveLength(1);
    const { ScheduleExpressionTimezone, Target } = await scheduler.send(
      new GetScheduleCommand({ Name: Schedules[0]?.Name }),
    );
    expect(ScheduleExpressionTimezone).toBe('Europe/Berlin');
    expect(JSON.parse(Target?.Input ?? '')).toEqual({
      job: 'orders',
      scheduledTime: '<aws.scheduler.scheduled-time>',
    });
  });

  it('lets one of ten writers win, and refuses what another has replaced', async () => {
    const Bucket = outputs.StateBucketName;
    const write = (Key: string, condition: { IfNoneMatch?: string; IfMatch?: string }) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body: String(Math.random()), ...condition }));
    const written = await Promise.allSettled(
      Array.from({ length: 10 }, () => write('race', { IfNoneMatch: '*' })),
    );
    const won = written.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won).toHaveLength(1);
    const replaced = await Promise.allSettled(
      Array.from({ length: 10 }, () => write('race', { IfMatch: won[0]?.ETag ?? '' })),
    );
    expect(replaced.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('runs a sync that a caller of the API has asked for', async () => {
    const run = await stack.ended(await stack.start('orders'));
    expect(run).toMatchObject({ state: 'succeeded', outcome: 'uploaded', trigger: 'api', rows: 2 });
    expect(await around.rowsOf(ORDERS)).toEqual([
      [1, 'Müller & Söhne', '12.50', ''],
      [2, null, '-0.01', ''],
    ]);
    expect(await stack.call('GET', `/runs/${run.id}`)).toMatchObject({
      status: 200,
      body: { state: 'succeeded', rows: 2 },
    });
    // It keeps the groups of the stack empty, and logs where Lambda does by default.
    const logGroupName = `/aws/lambda/${outputs.SyncFunctionerp}`;
    const { events = [] } = await new CloudWatchLogsClient(options).send(
      new FilterLogEventsCommand({ logGroupName }),
    );
    expect(events.map(({ message }) => message).join('')).toContain('function started');
  });

  it('runs an extraction, whose files are in its bucket', async () => {
    expect(await stack.ended(await stack.start('catalogs'))).toMatchObject({
      state: 'succeeded',
      outcome: 'extracted',
    });
    const Bucket = outputs.StateBucketName;
    const read = async (Key: string) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return JSON.parse((await Body?.transformToString()) ?? '');
    };
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'artifacts/' }));
    const keys = Contents.map(({ Key = '' }) => Key);
    const latest = latestSchema.parse(await read(keys.find((key) => key.endsWith('latest.json')) ?? ''));
    const manifest = manifestSchema.parse(await read(latest.manifest));
    expect(manifest.files.length).toBeGreaterThan(2);
    expect(keys).toEqual(expect.arrayContaining(manifest.files.map(({ key }) => key)));
  });

  it('starts a run that waits when S3 announces a free slot', async () => {
    await using gate = await closeSourceGate(around.postgres);
    const first = await stack.start('orders');
    await gate.reached();
    const second = await stack.start('later');
    await stack.reached(second, 'queued');
    await waitFor('its place', async () => (await stack.runs.findParkedRun('later')) || undefined, 60_000);
    await gate.open();
    const ended = await Promise.all([stack.ended(first), stack.ended(second)]);
    expect(ended.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    expect(ended[1]?.phases.map(({ name }) => name)).toContain('queued');
  });

  it('sends a start that failed in each try to the queue, where the watchdog finds it, whom a rule calls', async () => {
    let startedAt = 0;
    const mail = await waitFor(
      'a message about the lost start',
      async () => {
        // LocalStack drops an event that comes while it replaces a changed function.
        if (Date.now() - startedAt > 20_000) {
          startedAt = Date.now();
          await stack.start('lost');
        }
        return (await mails()).find((text) => text.includes('AWS gave up on a start of the job'));
      },
      200_000,
    );
    expect(mail).toMatch(/lost \(extraction of the source erp\).*RetriesExhausted/);
    around.polyteia.assertNoViolations();
  });
});
