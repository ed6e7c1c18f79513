import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callerWith } from '../support/aws/api-caller.ts';
import { apiPoliciesIn } from '../support/aws/api-policies.ts';
import { receiveDeadLetter } from '../support/aws/dead-letters.ts';
import { findLogLine } from '../support/aws/lambda-logs.ts';
import { type RolePolicies, rolePolicies, type Statement } from '../support/aws/role-policies.ts';
import { closeGate, throughGate } from '../support/runs/gate.ts';
import { type Deployment, prepareDeployment } from '../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../support/stack/open-stack.ts';
import { type StackSurroundings, startSurroundings } from '../support/stack/stack-surroundings.ts';

// Each role has what it needs and nothing that it does not: a statement that is taken away is missed.

const STACK = 'FerryRoles';
const DATASET = 'ds_orders1';
const GATE = 4711;
const policies = apiPoliciesIn(readFileSync(new URL('../../docs/iam.md', import.meta.url), 'utf8'));

let around: StackSurroundings;
let deployment: Deployment;
let stack: OpenStack;
let outputs: Record<string, string>;
let roles: RolePolicies;

beforeAll(async () => {
  around = await startSurroundings([DATASET]);
  const { aws, source, targets } = around;
  deployment = await prepareDeployment(aws, STACK);
  outputs = await deployment.deploy({
    version: 1,
    sources: { erp: source },
    polyteia: targets,
    syncs: {
      orders: { source: 'erp', query: 'SELECT 1 AS id', dataset: DATASET, whenUnchanged: 'upload' },
      slow: { source: 'erp', query: `SELECT ${throughGate(GATE)} AS gate`, dataset: DATASET },
      alone: { source: 'erp', query: 'SELECT 2 AS id', dataset: DATASET, dedicated: {} },
    },
  });
  stack = await openStack(aws, outputs);
  roles = await rolePolicies(aws);
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await around?.[Symbol.asyncDispose]();
});

/** Statements that allow this action. */
const allowing =
  (action: string) =>
  ({ Action }: Statement) =>
    [Action].flat().includes(action);
/** Statements about a resource whose ARN has this text in it. */
const about =
  (text: string) =>
  ({ Resource }: Statement) =>
    [Resource].flat().some((arn) => arn.includes(text));
const uploads = () => around.polyteia.datasets.get(DATASET)?.uploads ?? 0;

describe('a role without one of its statements', () => {
  it('of a sync function that may not read its secrets: the run fails, and says what to allow', async () => {
    await using missing = await roles.remove(`${STACK}-Syncerp`, allowing('secretsmanager:GetSecretValue'));
    expect(await stack.ended(await stack.start('orders'))).toMatchObject({
      state: 'failed',
      error: {
        class: 'ConfigError',
        message: expect.stringContaining('may not be read'),
        hint: expect.stringContaining('allow secretsmanager:GetSecretValue'),
      },
    });
    expect(uploads()).toBe(0);
    await missing.putBack();
    expect(await stack.ended(await stack.start('orders'))).toMatchObject({ state: 'succeeded' });
  });

  it('of a sync function that may not store its job’s documents: nothing begins, and the event becomes a dead letter', async () => {
    const before = uploads();
    await using missing = await roles.remove(`${STACK}-Dedicatedalone`, about('/jobs/alone/'));
    const id = await stack.start('alone');
    const letter = await receiveDeadLetter(around.aws, outputs.DeadLetterQueueUrl ?? '', 60_000);
    expect(letter).toMatchObject({
      requestPayload: { job: 'alone', runId: id },
      responsePayload: {
        errorMessage: expect.stringMatching(
          new RegExp(
            `^s3:\\w+ was denied on s3://${outputs.StateBucketName}/jobs/alone/.* \\(AccessDenied\\)\\.$`,
          ),
        ),
      },
    });
    expect(await stack.runs.get(id)).toBeUndefined();
    expect(uploads()).toBe(before);
    await missing.putBack();
    expect(await stack.ended(await stack.start('alone'))).toMatchObject({ state: 'succeeded' });
  });

  it('of the API that may not start functions: its answer and its log say so', async () => {
    await using missing = await roles.remove(`${STACK}-ApiHandler`, allowing('lambda:InvokeFunction'));
    const detail = 'The function that runs "orders" could not be started (AccessDeniedException).';
    expect(await stack.call('POST', '/jobs/orders/runs')).toMatchObject({
      status: 503,
      headers: { 'content-type': 'application/problem+json', 'retry-after': '5' },
      body: { status: 503, detail },
    });
    const line = await findLogLine(around.aws, `${STACK}-ApiHandler`, 'could not be started');
    expect(line).toMatchObject({ job: 'orders', reason: 'AccessDeniedException' });
    await missing.putBack();
    expect(await stack.ended(await stack.start('orders'))).toMatchObject({ state: 'succeeded' });
  });

  it('of the API that may not write requests to cancel: it says that the state cannot be reached, and the run continues', async () => {
    await using gate = await closeGate(around.postgres, GATE);
    const id = await stack.start('slow');
    await stack.reached(id, 'running');
    await using missing = await roles.remove(`${STACK}-ApiHandler`, about('.cancel.json'));
    expect(await stack.call('POST', `/runs/${id}/cancel`)).toMatchObject({
      status: 503,
      headers: { 'content-type': 'application/problem+json' },
      body: { status: 503, detail: expect.stringContaining('reach its state store') },
    });
    const line = await findLogLine(around.aws, `${STACK}-ApiHandler`, 'was denied on');
    expect(line).toMatchObject({ class: 'StorageUnavailableError', path: `/runs/${id}/cancel` });
    await missing.putBack();
    expect((await stack.call('POST', `/runs/${id}/cancel`)).status).toBe(202);
    expect(await stack.ended(id)).toMatchObject({ state: 'cancelled' });
    await gate.open();
  });
});

describe('a caller of the API', () => {
  it.each([
    ['Look', { look: 200, start: 403, accept: 403, atlan: 403 }],
    ['Start', { look: 403, start: 202, accept: 403, atlan: 403 }],
    ['Approve', { look: 403, start: 403, accept: 404, atlan: 403 }],
    ['Atlan', { look: 403, start: 403, accept: 403, atlan: 404 }],
  ])('with the policy “%s” of docs/iam.md may do that, and nothing else', async (sid, expected) => {
    const policy = policies.find(({ Sid }) => Sid === sid);
    const call = await callerWith(around.aws, policy ?? { Sid: sid, Resource: [] }, outputs.ApiId ?? '');
    const unknown = '01a1fc88-01c9-775f-ad30-4e002322510b';
    expect({
      look: await call('GET', '/jobs'),
      start: await call('POST', '/jobs/alone/runs'),
      accept: await call('POST', `/runs/${unknown}/accept`),
      atlan: await call('POST', '/workflows/v1/stop/unknown/unknown'),
    }).toEqual(expected);
  });
});
