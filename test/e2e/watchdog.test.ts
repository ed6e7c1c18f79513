import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newRunId } from '../../shared/runs/run-id.ts';
import { awsClientOptions } from '../support/aws/aws-client-options.ts';
import { type Deployment, prepareDeployment } from '../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../support/stack/open-stack.ts';
import { type StackSurroundings, startSurroundings } from '../support/stack/stack-surroundings.ts';

const STACK = 'FerryWatched';
const ORDERS = 'ds_orders1';

const notification = z.object({ Subject: z.string(), Message: z.string() });

let around: StackSurroundings;
let deployment: Deployment;
let stack: OpenStack;
let lambda: LambdaClient;
let sqs: SQSClient;
let QueueUrl: string;
let watchdog: string;

beforeAll(async () => {
  around = await startSurroundings([ORDERS]);
  const { aws, source, targets } = around;
  const options = await awsClientOptions(aws);
  const sns = new SNSClient(options);
  sqs = new SQSClient(options);
  lambda = new LambdaClient(options);
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'data-team' }));
  QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'mail' }))).QueueUrl ?? '';
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const queueArn = Attributes?.QueueArn ?? '';
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queueArn,
      },
    ],
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn }));
  deployment = await prepareDeployment(aws, STACK);
  const outputs = await deployment.deploy({
    version: 1,
    sources: { erp: source },
    polyteia: targets,
    syncs: {
      orders: { source: 'erp', query: 'SELECT id FROM orders ORDER BY id', dataset: ORDERS },
      idle: { source: 'erp', query: 'SELECT 1 AS a', dataset: ORDERS },
    },
    alerts: { topicArn: TopicArn },
  });
  stack = await openStack(aws, outputs);
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  watchdog = Functions.find(({ Description }) => Description === 'Ferry: watchdog')?.FunctionName ?? '';
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await around?.[Symbol.asyncDispose]();
});

/** One round, instead of the one of every five minutes. */
async function round(): Promise<void> {
  const { FunctionError, Payload } = await lambda.send(new InvokeCommand({ FunctionName: watchdog }));
  expect(FunctionError, Payload?.transformToString()).toBeUndefined();
}

/** The mails that have arrived since the last time. */
async function mails(): Promise<z.infer<typeof notification>[]> {
  const found: z.infer<typeof notification>[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 }),
    );
    if (Messages.length === 0) return found;
    for (const { Body = '', ReceiptHandle } of Messages) {
      found.push(notification.parse(JSON.parse(Body)));
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}

describe('a deployed watchdog', () => {
  it('reports a failed job once, with what to do, and once that it works again', async () => {
    // There is no such table yet.
    const failed = await stack.ended(await stack.start('orders'));
    expect(failed).toMatchObject({ state: 'failed', error: { class: 'QueryError' } });
    await round();
    const [mail, ...more] = await mails();
    expect(more).toEqual([]);
    expect(mail?.Subject).toContain('orders');
    expect(mail?.Subject).toMatch(/^[\x20-\x7e]{1,99}$/);
    for (const part of ['orders', 'QueryError', failed.id]) expect(mail?.Message).toContain(part);
    await round();
    expect(await mails()).toEqual([]);

    await around.postgres.query('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 3) i');
    expect(await stack.ended(await stack.start('orders'))).toMatchObject({ state: 'succeeded' });
    await round();
    const [recovered, ...others] = await mails();
    expect(others).toEqual([]);
    expect(recovered?.Message).toContain('orders');
    expect(recovered?.Subject).not.toBe(mail?.Subject);
    await round();
    expect(await mails()).toEqual([]);
  });

  it('closes a run that nobody works on and nothing will start again', async () => {
    const begunAt = new Date(Date.now() - 3_600_000);
    const id = newRunId(begunAt);
    const startedAt = begunAt.toISOString();
    const [newest] = await stack.runs.list({ job: 'orders', limit: 1 });
    if (!newest) throw new Error('There is no run to copy.');
    const { endedAt: _endedAt, outcome: _outcome, ...rest } = newest;
    const attempts = [{ startedAt }, { startedAt }];
    await stack.runs.save({ ...rest, id, job: 'idle', state: 'running', startedAt, attempts });
    await round();
    expect(await stack.runs.get(id)).toMatchObject({ state: 'failed', error: { class: 'LostError' } });
    // It is reported as any other failed run, in the next round at the latest.
    await round();
    expect((await mails()).map(({ Message }) => Message).join()).toContain(id);
  });
});
