import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createStackApi } from '../../../cli/stack/stack-api.ts';
import { type FakeAws, startFakeAws } from '../../support/aws/stand-ins/fake-aws.ts';
import { pythonEnvironment } from '../../support/processes/python.ts';

const SIGN_AGAIN = fileURLToPath(new URL('../../support/aws/sign_again.py', import.meta.url));
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const id = '019aa3f8-7c1e-7d0e-9c53-0b3f0c1d2e4f';

let aws: FakeAws;
beforeEach(async () => {
  aws = await startFakeAws();
});
afterEach(() => aws[Symbol.asyncDispose]());

it('passes on the trace that a started run belongs to, and signs that', async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const keys = async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey });
  const stack = { apiUrl: `${aws.url}/v1/`, region: 'eu-central-1' };
  const api = createStackApi(stack, keys, undefined, traceparent);
  await api.startRun('orders', 'key-1').catch(() => {});
  await api.listJobs().catch(() => {});
  expect(aws.received.map(({ headers }) => headers.traceparent)).toEqual([traceparent, undefined]);
  expect(aws.received[0]?.headers.authorization).toMatch(/SignedHeaders=[a-z;-]*\btraceparent\b/);
});

it.each([
  ['a list', undefined, (api) => api.listRuns({ limit: 20 })],
  ['a job', undefined, (api) => api.getJob('open-orders_2')],
  ['a session of a role', 'IQoJb3JpZ2luX2VjEA+/=', (api) => api.listJobs()],
  ['a start with its key', undefined, (api) => api.startRun('orders', 'key-1')],
  ['a body beyond ASCII', undefined, (api) => api.sendAgain('accept', id, 'key-2', 'geprüft — ok')],
] as [string, string | undefined, (api: ReturnType<typeof createStackApi>) => Promise<unknown>][])(
  'signs %s as botocore does',
  async (_what, sessionToken, call) => {
    const api = createStackApi({ apiUrl: `${aws.url}/v1/`, region: 'eu-central-1' }, async () => ({
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey,
      sessionToken,
    }));
    // What the API answers is not the matter here: some of these ask for what there is not.
    await call(api).catch(() => {});
    const [received] = aws.received;
    const { authorization = '' } = received?.headers ?? {};
    expect(authorization).toContain('/eu-central-1/execute-api/aws4_request');
    expect(received?.headers['x-amz-security-token']).toBe(sessionToken);
    const { python } = await pythonEnvironment();
    const input = JSON.stringify({ ...received, url: `${aws.url}${received?.url}`, secret: secretAccessKey });
    const signature = execFileSync(python, [SIGN_AGAIN], { input, encoding: 'utf8' }).trim();
    expect(signature).toMatch(/^[0-9a-f]{64}$/);
    expect(authorization).toContain(`Signature=${signature}`);
  },
);
