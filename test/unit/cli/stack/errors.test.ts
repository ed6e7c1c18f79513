import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeAws, startFakeAws } from '../../../support/aws/stand-ins/fake-aws.ts';
import { fakeAwsEnvironment, ferryAgainstStack } from '../../../support/cli/ferry-against-stack.ts';

let aws: FakeAws;
beforeEach(async () => {
  aws = await startFakeAws();
  for (const [name, value] of Object.entries(fakeAwsEnvironment(aws.url))) vi.stubEnv(name, value);
  vi.stubEnv('AWS_PROFILE', undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws[Symbol.asyncDispose]();
});

const xmlError = (code: string) =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>secret words</Message></Error></ErrorResponse>`;

describe('finding the stack', () => {
  it.each([
    ['Nothing', 2, 'ConfigError: There is no stack Nothing in eu-central-1'],
    ['Other', 2, 'ConfigError: The stack Other in eu-central-1 is not a Ferry stack'],
  ])('%s', async (name, code, message) => {
    const { stderr, exitCode } = await ferryAgainstStack(['--stack', name, 'runs']);
    expect(exitCode).toBe(code);
    expect(stderr).toContain(message);
  });

  it.each([
    ['AccessDenied', 'These credentials may not cloudformation:DescribeStacks.'],
    ['ExpiredToken', 'they are wrong or have expired'],
    ['InvalidClientTokenId', 'they are wrong or have expired'],
  ])('says what %s means', async (code, message) => {
    aws.intercept = () => ({ status: 403, body: xmlError(code) });
    const { stderr, exitCode } = await ferryAgainstStack(['runs']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^AccessError: /)]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret words');
  });

  it('says that there are no credentials', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'])
      vi.stubEnv(name, undefined);
    const { stderr, exitCode } = await ferryAgainstStack(['runs']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('AccessError: No AWS credentials were found');
    expect(stderr).toContain('aws sso login');
  });

  it('says that no region is set', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    const { stderr, exitCode } = await ferryAgainstStack(['runs']);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining('The AWS region of the stack is unknown'),
    ]);
  });
});

describe('answers of the API', () => {
  it.each([
    [403, '{"message":"User is not authorized"}', 'AccessError: The API of the stack denies'],
    [404, '<html>', 'ConfigError: The API of the stack refused the request (HTTP status 404).'],
    [200, '{"runs":7}', 'UnexpectedError: This release of Ferry does not recognise the answer'],
  ])('%i', async (status, body, message) => {
    aws.intercept = ({ url }) => (url.startsWith('/v1/') ? { status, body } : undefined);
    const { stderr } = await ferryAgainstStack(['runs']);
    expect(stderr).toContain(message);
  });

  it('are waited for while the API is not available', async () => {
    let refused = 0;
    aws.intercept = ({ url }) => {
      if (!url.startsWith('/v1/') || refused >= 2) return undefined;
      refused += 1;
      return { status: refused === 1 ? 429 : 502, body: '{"message":"later"}' };
    };
    const { exitCode, stderr } = await ferryAgainstStack(['runs']);
    expect([refused, exitCode, stderr]).toEqual([
      2,
      0,
      expect.stringMatching(/^No runs yet in the stack \S+\.\n$/),
    ]);
  });
});

describe('commands of this machine', () => {
  it.each([['validate'], ['preview', 'orders'], ['compare', 'a', 'b'], ['schedule']])(
    '%s does not work with a stack',
    async (...args) => {
      const { stderr, exitCode } = await ferryAgainstStack(args);
      expect([exitCode, stderr]).toEqual([
        2,
        `ConfigError: ferry ${args[0]} only works on this machine, not on a stack.\n`,
      ]);
    },
  );
});
