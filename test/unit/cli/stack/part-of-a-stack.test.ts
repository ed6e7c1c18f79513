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

describe('a Ferry that is a part of a stack', () => {
  it.each(['City', 'City/Data', 'Country/Town', 'Country/TownOld'])(
    'is found as %s, with its functions',
    async (stack) => {
      const { exitCode } = await ferryAgainstStack(['--stack', stack, 'logs', 'orders']);
      expect(exitCode).toBe(0);
      expect(aws.received.map(({ url }) => url)).toContain('/2015-03-31/functions/Ferry-erp/configuration');
    },
  );

  it.each([
    ['Country', 'has several Ferrys', 'Name Country/Town or Country/TownOld.'],
    ['City/Town', 'is not a Ferry stack: it has no output TownApiUrl', 'deploy it again'],
    ['Other', 'is not a Ferry stack: it has no output ApiUrl', 'deploy it again'],
    ['Ferry/Data', 'is not a Ferry stack: it has no output DataApiUrl', 'deploy it again'],
  ])('is not found as %s', async (stack, message, hint) => {
    const { stderr, exitCode } = await ferryAgainstStack(['--stack', stack, 'jobs']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });
});
