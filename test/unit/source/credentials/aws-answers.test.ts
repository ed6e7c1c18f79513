import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAwsIdentity } from '../../../../shared/source/credentials/create-aws-identity.ts';
import { sessionName } from '../../../../shared/source/credentials/rds-token.ts';
import { createSecretsManagerReader } from '../../../../shared/source/credentials/secrets-manager-reader.ts';
import { type FakeAws, startFakeAws } from '../../../support/aws/stand-ins/fake-aws.ts';
import { withClockOf } from '../../../support/runs/wrong-clock.ts';

const EXTERNAL_ID = 'fremde-kennung-4711';
const role = {
  roleArn: 'arn:aws:iam::444455556666:role/reader',
  externalId: EXTERNAL_ID,
  sessionName: 'ferry-orders-1',
  region: 'eu-central-1',
};

let aws: FakeAws;
beforeAll(async () => {
  aws = await startFakeAws();
  vi.stubEnv('AWS_ENDPOINT_URL', aws.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'geheim');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  // What it answers is not made better by asking again.
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
});
beforeEach(() => {
  aws.received.length = 0;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws[Symbol.asyncDispose]();
});

/** What AWS documents to answer, in the XML of STS. */
const refuse = (code: string, message: string, status = 403) => {
  aws.intercept = () => ({
    status,
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
  });
};
const identity = () => createAwsIdentity({ outgoing: {} });

describe('a role that AWS does not let Ferry assume', () => {
  const caller = 'arn:aws:sts::111122223333:assumed-role/Ferry-Sync/fn';
  it.each([
    [
      'its trust policy',
      'AccessDenied',
      `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${role.roleArn}`,
      'AccessError',
      /does not let Ferry assume the role arn:aws:iam::444455556666:role\/reader/,
      new RegExp(`must name ${caller}, with the external id that is configured; .*sts:AssumeRole`),
    ],
    [
      'a session that has ended',
      'ExpiredToken',
      'expired',
      'AccessError',
      /session has expired/,
      /Sign in again/,
    ],
    [
      'an unknown key',
      'InvalidClientTokenId',
      `${EXTERNAL_ID} invalid`,
      'AccessError',
      /does not know them/,
      /Sign in/,
    ],
    [
      'a region without STS',
      'RegionDisabledException',
      'no',
      'AccessError',
      /STS is disabled/,
      /IAM settings/,
    ],
    [
      'a wrong ARN',
      'ValidationError',
      'invalid',
      'ConfigError',
      /not accept arn.*reader as a role/,
      /roleArn/,
    ],
    [
      'an outage',
      'ServiceUnavailable',
      'later',
      'StackUnavailableError',
      /cannot be reached, or failed/,
      /endpoint for sts/,
    ],
  ])('because of %s', async (_what, code, words, name, message, hint) => {
    refuse(code, words);
    const error = await identity()
      .assumeRole(role)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      class: name,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    const { message: said, hint: shown } = error as { message: string; hint: string };
    expect(`${said} ${shown}`).not.toContain(EXTERNAL_ID);
  });

  it('does not delay a run that is cancelled', async () => {
    const run = new AbortController();
    aws.intercept = () => {
      run.abort(new Error('enough'));
      return 'drop';
    };
    await expect(identity().assumeRole({ ...role, signal: run.signal })).rejects.toThrow('enough');
  });

  it('is only requested with an external id if there is one', async () => {
    refuse('AccessDenied', 'no');
    const { externalId: _none, ...without } = role;
    const error = await identity()
      .assumeRole(without)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ hint: expect.stringContaining('must not ask for an external id') });
    await identity()
      .assumeRole(role)
      .catch(() => {});
    const [first, second] = aws.received.map(({ body }) => new URLSearchParams(body));
    expect([first?.has('ExternalId'), second?.get('ExternalId')]).toEqual([false, EXTERNAL_ID]);
    expect(second?.get('RoleSessionName')).toBe('ferry-orders-1');
    expect(second?.get('DurationSeconds')).toBe('900');
  });
});

describe('keys of a refused token', () => {
  const keys = { accessKeyId: 'AKIAOTHER', secretAccessKey: 'geheim2' };
  const answerWithIdentity = () => {
    aws.intercept = () => ({
      status: 200,
      body: '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/ferry</Arn><UserId>A</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
    });
  };

  it('belong to somebody, who is named', async () => {
    answerWithIdentity();
    expect(await identity().examine(keys, 'eu-central-1')).toEqual([
      'AWS knows the signer as arn:aws:iam::111122223333:user/ferry.',
    ]);
    expect(aws.received[0]?.headers.authorization).toContain('AKIAOTHER');
  });

  it('are not known to AWS', async () => {
    refuse('InvalidClientTokenId', 'The security token included in the request is invalid.');
    expect(await identity().examine(keys, 'eu-central-1')).toEqual([
      expect.stringMatching(/^AWS rejected the keys that signed: AWS does not know them/),
    ]);
  });

  it.each([
    [-2, 'The clock here is 120 minutes behind that of AWS: correct it.'],
    [2, 'The clock here is 120 minutes ahead of that of AWS: correct it.'],
  ])('were used by a clock that is wrong by %i hours', async (hours, expected) => {
    answerWithIdentity();
    const said = await withClockOf(hours, () => identity().examine(keys, 'eu-central-1'));
    expect(said).toContain(expected);
  });

  it('say nothing if AWS cannot be asked', async () => {
    aws.intercept = () => 'drop';
    expect(await identity().examine(keys, 'eu-central-1')).toEqual([]);
  });
});

describe('a secret that cannot be read', () => {
  it.each([
    [
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret.",
      /^The secret ferry\/erp does not exist\.$/,
      /create-secret --name ferry\/erp/,
    ],
    [
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
      /has no value/,
      /put-secret-value/,
    ],
    [
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
      /is scheduled for deletion/,
      /restore-secret --secret-id ferry\/erp/,
    ],
    [
      'AccessDeniedException',
      'User: x is not authorized to perform: secretsmanager:GetSecretValue',
      /may not be read/,
      /allow secretsmanager:GetSecretValue/,
    ],
    [
      'AccessDeniedException',
      'Access to KMS is not allowed',
      /cannot be decrypted/,
      /kms:Decrypt in the role and in the policy of the key/,
    ],
    [
      'DecryptionFailure',
      "Secrets Manager can't decrypt the protected secret text",
      /cannot be decrypted/,
      /disabled or deleted/,
    ],
    [
      'InvalidRequestException',
      "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
      /belongs to another account/,
      /customer-managed key .* set kmsKeyArn to that key/,
    ],
    [
      'InvalidParameterException',
      'Invalid name.',
      /a name that Secrets Manager does not accept/,
      /name or ARN/,
    ],
    ['ValidationException', 'Invalid name.', /a name that Secrets Manager does not accept/, /name or ARN/],
  ])('by %s (%s)', async (type, words, message, hint) => {
    aws.intercept = () => ({
      status: 400,
      body: JSON.stringify({ __type: type, Message: words, message: words }),
    });
    await expect(createSecretsManagerReader({ outgoing: {} }).read('ferry/erp')).rejects.toMatchObject({
      class: 'ConfigError',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it.each([
    ['ExpiredTokenException', /session has expired/],
    ['UnrecognizedClientException', /does not know them/],
    ['InvalidSignatureException', /or the clock here is wrong/],
  ])('because AWS refuses the keys here (%s), which trying again does not fix', async (type, message) => {
    aws.intercept = () => ({ status: 400, body: JSON.stringify({ __type: type, message: 'no' }) });
    await expect(createSecretsManagerReader({ outgoing: {} }).read('ferry/erp')).rejects.toMatchObject({
      class: 'AccessError',
      retryable: false,
      message: expect.stringMatching(message),
      hint: 'Sign in again, and correct the clock.',
    });
  });

  it('because it is binary', async () => {
    aws.intercept = () => ({
      status: 200,
      body: JSON.stringify({ Name: 'ferry/erp', SecretBinary: 'AAEC' }),
    });
    await expect(createSecretsManagerReader({ outgoing: {} }).read('ferry/erp')).rejects.toMatchObject({
      message: expect.stringContaining('is binary'),
    });
  });
});

describe('the session of a run', () => {
  it.each([
    [
      'open-orders',
      '0190c0de-0000-7000-8000-000000000001',
      'ferry-open-orders-0190c0de-0000-7000-8000-000000000001',
    ],
    ['größe & co', undefined, 'ferry-gr--e---co'],
    [
      'x'.repeat(63),
      '0190c0de-0000-7000-8000-000000000001',
      `ferry-${'x'.repeat(21)}-0190c0de-0000-7000-8000-000000000001`,
    ],
  ])('of %s', (job, runId, expected) => {
    const name = sessionName(job, runId);
    expect(name).toBe(expected);
    expect(name).toMatch(/^[\w+=,.@-]{2,64}$/);
  });
});
