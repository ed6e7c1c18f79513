import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { formatLogEvent } from '../../../../cli/stack/format-log-event.ts';
import { jobsWithExtraction, runRecord } from '../../../support/api.ts';
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

const log = (record: Record<string, unknown>, eventId: string, timestamp = Date.now()) => ({
  eventId,
  timestamp,
  message: JSON.stringify({ level: 'info', ...record }),
});

describe('ferry --stack logs', () => {
  it('shows what the function of a job has logged about it, one line for each record', async () => {
    const timestamp = Date.now() - 1_000;
    aws.logs.push(
      log({ job: 'orders', run: 'r1', msg: 'run started', trigger: 'schedule' }, '1', timestamp),
      log({ job: 'customers', run: 'r2', msg: 'run started' }, '2', timestamp),
    );
    const { stdout, exitCode } = await ferryAgainstStack(['logs', 'orders']);
    expect(exitCode).toBe(0);
    const time = new Date(timestamp).toISOString().replace('T', ' ').slice(0, 23);
    expect(stdout).toBe(`${time}  info   orders: run started trigger=schedule\n`);
    expect(aws.received.map(({ url }) => url)).toContain('/2015-03-31/functions/Ferry-erp/configuration');
  });

  it('asks the dedicated function of a job', async () => {
    await ferryAgainstStack(['logs', 'customers']);
    expect(aws.received.map(({ url }) => url)).toContain(
      '/2015-03-31/functions/Ferry-customers/configuration',
    );
  });

  it('follows a run until its end, and shows each record once', async () => {
    const run = runRecord({ state: 'running', startedAt: new Date().toISOString() });
    await aws.runs.save(run);
    aws.logs.push(log({ job: 'orders', run: run.id, msg: 'run started' }, '1'));
    let reads = 0;
    aws.intercept = ({ headers }) => {
      if (!headers['x-amz-target']?.endsWith('FilterLogEvents')) return undefined;
      reads += 1;
      if (reads === 2) {
        aws.logs.push(log({ job: 'orders', run: run.id, msg: 'run ended' }, '2'));
        void aws.runs.save({ ...run, state: 'succeeded' });
      }
      return undefined;
    };
    const { stdout, exitCode } = await ferryAgainstStack(['logs', '-f', run.id.slice(0, 18)]);
    expect(exitCode).toBe(0);
    expect(stdout.match(/run started|run ended/g)).toEqual(['run started', 'run ended']);
  }, 30_000);

  it('says that there is nothing, and accepts an age', async () => {
    aws.logs.push(log({ job: 'orders', msg: 'old' }, '1', Date.now() - 7_200_000));
    expect(await ferryAgainstStack(['logs', 'orders'])).toMatchObject({
      stdout: '',
      stderr: 'No records.\n',
    });
    expect((await ferryAgainstStack(['logs', 'orders', '--since', '3h'])).stdout).toContain('old');
    expect((await ferryAgainstStack(['logs', '--since', 'soon'])).exitCode).toBe(2);
  });

  it.each([
    ['a warning in colour', '{"level":"warn","msg":"m"}', true, /ESC\[33mwarn ESC\[39m {2}m$/],
    ['no colour without a terminal', '{"level":"warn","msg":"m"}', false, / {2}warn {3}m$/],
    [
      'text of Lambda',
      'REPORT RequestId: 1\tDuration: 5 ms\n',
      false,
      / {2}lambda {2}REPORT RequestId: 1 Duration: 5 ms$/,
    ],
    ['what moves a cursor', '{"msg":"a\\u001b[2Jb"}', false, /a\\u001b\[2Jb$/],
    ['values that need quotes', '{"msg":"m","a":"b c","n":1}', false, /m a="b c" n=1$/],
  ])('prints %s', (_what, message, colors, line) => {
    const shown = formatLogEvent({ id: '1', at: 0, group: 'g', message }, { colors });
    expect(shown?.replaceAll('\u001b', 'ESC')).toMatch(line);
  });

  it.each(['START RequestId: 1', 'END RequestId: 1', '', 'INIT_START Runtime'])(
    'leaves out %j',
    (message) => {
      expect(formatLogEvent({ id: '1', at: 0, group: 'g', message }, { colors: false })).toBeUndefined();
    },
  );
});

describe('ferry --stack check', () => {
  it('offers the login of a source once that was refused', async () => {
    const asked: string[] = [];
    aws.invoke = (name) => {
      asked.push(name);
      return {
        payload: { checks: [{ check: 'login', status: 'failed', detail: 'no', class: 'AuthError' }] },
      };
    };
    const { stdout, exitCode } = await ferryAgainstStack(['check']);
    expect(asked).toEqual(['Ferry-customers']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      'login  skipped  not tried: the check of customers shows that the source erp refuses the login',
    );
  });

  const checks = [
    { check: 'DNS', status: 'ok', detail: 'erp.example is 10.0.0.7' },
    {
      check: 'TCP',
      status: 'failed',
      detail: 'no answer',
      hint: 'Open the security group.',
      class: 'SourceUnavailableError',
    },
  ];

  it('makes the function of each job check, and names the hop that fails', async () => {
    const asked: unknown[] = [];
    aws.invoke = (name, event) => {
      asked.push([name, event]);
      return { payload: { checks: name === 'Ferry-erp' ? checks : checks.slice(0, 1) } };
    };
    const { stdout, exitCode } = await ferryAgainstStack(['check']);
    expect(asked).toEqual([
      ['Ferry-customers', { job: 'customers', check: true }],
      ['Ferry-erp', { job: 'orders', check: true }],
    ]);
    expect(exitCode).toBe(1);
    expect(stdout).toBe(`customers
CHECK  RESULT  DETAIL
DNS    ok      erp.example is 10.0.0.7

orders
CHECK  RESULT  DETAIL
DNS    ok      erp.example is 10.0.0.7
TCP    failed  no answer
  → TCP: Open the security group.

Not ready:
  orders: TCP: no answer

1 of 2 ready.
`);
    asked.length = 0;
    aws.jobs = jobsWithExtraction;
    await ferryAgainstStack(['check', 'nightly']);
    expect(asked).toEqual([['Ferry-nightly', { job: 'nightly', check: true }]]);
    const json = await ferryAgainstStack(['check', 'orders', '--json']);
    expect(JSON.parse(json.stdout)).toEqual({ ok: false, jobs: [{ job: 'orders', checks }] });
  });

  it.each([
    ['killed', { payload: { errorType: 'Runtime.ExitError' }, failure: 'Unhandled' }, 'failed or was killed'],
    [
      'of an older release',
      { payload: { state: 'failed', error: { message: 'not recognised.' } } },
      'another release',
    ],
  ])('reports a function that is %s', async (_what, answer, message) => {
    aws.invoke = () => answer;
    const { stderr, exitCode } = await ferryAgainstStack(['check', 'orders']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});
