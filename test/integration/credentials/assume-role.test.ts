import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AwsIdentity } from '../../../shared/source/credentials/aws-identity.ts';
import { createAwsIdentity } from '../../../shared/source/credentials/create-aws-identity.ts';
import { type MiniStack, startMiniStack } from '../../support/aws/mini-stack.ts';
import { queryAws, textsOf } from '../../support/aws/query-aws.ts';

// An emulator of AWS that looks at trust policies, at policies of who asks, and at signatures.

const EXTERNAL_ID = 'fremde-kennung-4711';
let aws: MiniStack;
let identity: AwsIdentity;
beforeAll(async () => {
  aws = await startMiniStack();
  const ask = await queryAws(aws, { service: 'iam', version: '2010-05-08', region: 'us-east-1' });
  const userArn = textsOf(await ask('CreateUser', { UserName: 'ferry' }), 'Arn')[0] ?? '';
  const key = await ask('CreateAccessKey', { UserName: 'ferry' });
  const roleArn = (name: string) => `arn:aws:iam::${aws.accountId}:role/${name}`;
  await ask('PutUserPolicy', {
    UserName: 'ferry',
    PolicyName: 'assume',
    PolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Resource: ['open', 'with-id', 'others'].map(roleArn),
        },
      ],
    }),
  });
  const createRole = (RoleName: string, AWS: string, Condition?: object) =>
    ask('CreateRole', {
      RoleName,
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole', ...(Condition && { Condition }) },
        ],
      }),
    });
  await createRole('open', userArn);
  await createRole('with-id', userArn, { StringEquals: { 'sts:ExternalId': EXTERNAL_ID } });
  await createRole('others', `arn:aws:iam::${aws.accountId}:user/somebody-else`);
  await createRole('not-granted', userArn);

  vi.stubEnv('AWS_ENDPOINT_URL', aws.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', textsOf(key, 'AccessKeyId')[0]);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', textsOf(key, 'SecretAccessKey')[0]);
  const extraCa = aws.caFile ? await readFile(aws.caFile, 'utf8') : undefined;
  identity = createAwsIdentity({ outgoing: extraCa ? { extraCa } : {}, region: aws.region });
}, 240_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws?.stop();
});

const assume = (name: string, externalId?: string) =>
  identity.assumeRole({
    roleArn: `arn:aws:iam::${aws.accountId}:role/${name}`,
    externalId,
    sessionName: 'ferry-orders-1',
    region: aws.region,
  });

describe('a role', () => {
  it.each([
    ['open', undefined],
    ['with-id', EXTERNAL_ID],
    // A role that asks for none takes any.
    ['open', 'whatever'],
  ])('%s returns keys of a session with the external id %s', async (name, externalId) => {
    const keys = await assume(name, externalId);
    expect(keys.accessKeyId).toMatch(/^ASIA/);
    expect(keys.sessionToken).toBeTruthy();
    expect(await identity.examine(keys, aws.region)).toEqual([
      `AWS knows the signer as arn:aws:sts::${aws.accountId}:assumed-role/${name}/ferry-orders-1.`,
    ]);
  });

  it.each([
    ['with-id', 'another-one', 'with the external id that is configured'],
    ['with-id', undefined, 'must not ask for an external id, because none is configured'],
    ['others', undefined, 'Its trust policy must name '],
    ['not-granted', undefined, 'must allow sts:AssumeRole on it'],
    ['not-there', undefined, 'Its trust policy must name '],
  ])('%s refuses the external id %s', async (name, externalId, hint) => {
    const error = await assume(name, externalId).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      class: 'AccessError',
      message: `AWS does not let Ferry assume the role arn:aws:iam::${aws.accountId}:role/${name}.`,
      hint: expect.stringContaining(hint),
    });
    const { message, hint: shown } = error as Error & { hint: string };
    expect(`${message}${shown}`).not.toMatch(/another-one|fremde-kennung/);
  });
});
