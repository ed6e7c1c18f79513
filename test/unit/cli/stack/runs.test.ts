import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { leaseTimes } from '../../../../shared/runs/leases/lease.ts';
import { sleep } from '../../../../shared/sleep.ts';
import { runningRecord, runRecord } from '../../../support/api.ts';
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

const guarded = { class: 'GuardError', message: 'No rows.', hint: 'Look at the source.' };

describe('ferry --stack jobs', () => {
  it('lists the jobs with their newest runs, in columns', async () => {
    await aws.runs.save(runRecord());
    const { stdout, exitCode } = await ferryAgainstStack(['jobs']);
    expect(exitCode).toBe(0);
    const [header, ...rows] = stdout.trimEnd().split('\n');
    expect(header).toMatch(
      /^JOB +KIND +SOURCE +STATE +STARTED \(UTC\) +LAST GOOD \(UTC\) +ROWS +NEXT \(UTC\) +ERROR$/,
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/^customers +sync +erp +never run$/);
    expect(rows[1]).toMatch(
      /^orders +sync +erp +succeeded +2026-11-20 04:30:00 +2026-11-20 04:30:00 +12 +\d{4}-\d\d-\d\d 0[23]:30:00$/,
    );
    expect(rows[1]?.indexOf('succeeded')).toBe(header?.indexOf('STATE'));
  });

  it('lists extractions with what they read', async () => {
    const catalogs = (...sources: string[]) => ({ kind: 'extraction' as const, sources });
    aws.jobs = { one: catalogs('erp'), three: catalogs('crm', 'erp', 'hr'), two: catalogs('erp', 'hr') };
    const { stdout } = await ferryAgainstStack(['jobs']);
    const [, ...rows] = stdout.trimEnd().split('\n');
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
      ['one', 'extraction', 'erp', 'never run'],
      ['three', 'extraction', 'crm and 2 more', 'never run'],
      ['two', 'extraction', 'erp, hr', 'never run'],
    ]);
  });

  it('takes the stack from the environment', async () => {
    const named = await ferryAgainstStack(['jobs', '--json'], { environment: { FERRY_STACK: 'Ferry' } });
    expect(JSON.parse(named.stdout).map(({ name }: { name: string }) => name)).toEqual([
      'customers',
      'orders',
    ]);
  });
});

describe('ferry --stack runs', () => {
  it('names those whose records cannot be read, next to the others', async () => {
    const [good, bad] = [runRecord(), runRecord({ startedAt: '2026-11-20T04:31:00.000Z' })];
    await aws.runs.save(good);
    await aws.runs.save({ ...bad, job: 'customers' });
    const [key = ''] = await aws.documents.list('jobs/customers/runs/', 1);
    await aws.documents.put(key, '');
    const { stdout, stderr } = await ferryAgainstStack(['runs']);
    expect(stdout).toContain(good.id);
    expect(stderr).toContain(`warning: The record of run ${bad.id} cannot be read: ${key} is empty.`);
  });

  it('shows the same table as on this machine, over several pages', async () => {
    for (let minute = 0; minute < 130; minute += 1) {
      const startedAt = new Date(Date.UTC(2026, 10, 20, 4, minute)).toISOString();
      await aws.runs.save(
        runRecord({ startedAt, id: `019a9f0b-${String(minute).padStart(4, '0')}-7000-8000-000000000000` }),
      );
    }
    const { stdout } = await ferryAgainstStack(['runs', 'orders', '--limit', '120']);
    const [header, ...rows] = stdout.trimEnd().split('\n');
    expect(header).toMatch(/^STARTED \(UTC\) +JOB +STATE +TIME +ROWS +SIZE +BY +RUN +ERROR$/);
    expect(rows).toHaveLength(120);
    expect(aws.received.filter(({ url }) => url.startsWith('/v1/jobs/orders/runs'))).toHaveLength(2);
  });

  it('says which job does not exist, and the nearest name', async () => {
    const { stderr, exitCode } = await ferryAgainstStack(['runs', 'order']);
    expect(exitCode).toBe(2);
    expect(stderr).toBe('ConfigError: unknown job or run "order"; did you mean "orders"?\n');
  });
});

describe('ferry --stack run', () => {
  it.each([
    ['succeeded', runRecord({ rows: 3 }), 0, /^orders succeeded \(uploaded\): 3 rows/],
    ['failed', runRecord({ state: 'failed', error: guarded }), 1, /^orders refused/],
    ['cancelled', runRecord({ state: 'cancelled' }), 4, /^orders cancelled/],
    ['skipped', runRecord({ state: 'skipped' }), 3, /^orders skipped/],
    ['ingesting', runRecord({ state: 'ingesting' }), 5, /^orders ingesting/],
  ])('follows a run that %s, and its exit code says so', async (state, record, code, line) => {
    aws.onStart = ({ runId }) => aws.runs.save({ ...record, id: runId });
    const { stdout, stderr, exitCode } = await ferryAgainstStack(['run', 'orders']);
    expect(exitCode).toBe(code);
    expect(stdout).toMatch(line);
    expect(stderr).toMatch(/^ {2}run [0-9a-f-]{36} was requested\n {2}read +/);
    if (state === 'failed') expect(stderr).toContain('GuardError: No rows.\n  → Look at the source.');
  });

  it('starts one run, however often its request is sent again', async () => {
    let posts = 0;
    aws.intercept = ({ method, url }) => {
      if (method !== 'POST' || !url.startsWith('/v1/') || posts >= 2) return undefined;
      posts += 1;
      return posts === 1 ? 'drop' : { status: 503, body: '{}' };
    };
    const { stdout, exitCode } = await ferryAgainstStack(['run', 'orders', '--no-wait', '--json']);
    expect(exitCode).toBe(0);
    expect(aws.started.map(({ runId }) => runId)).toEqual([JSON.parse(stdout).runId]);
    const keys = aws.received.filter(({ method, url }) => method === 'POST' && url.startsWith('/v1/'));
    expect(keys).toHaveLength(3);
    expect(new Set(keys.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  it('says that another run is in progress', async () => {
    const runId = runningRecord().id;
    await aws.runs.acquireLease({ job: 'orders', runId, times: leaseTimes, sleep });
    const { stderr, exitCode } = await ferryAgainstStack(['run', 'orders']);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`BusyError: Run ${runId} of orders is under way`);
  });

  it('stops following at Ctrl-C, and says that the run continues', async () => {
    const interruption = new AbortController();
    aws.onStart = async ({ runId }) => {
      await aws.runs.save(runningRecord({ id: runId }));
    };
    aws.intercept = ({ method, url }) => {
      if (method === 'GET' && url.startsWith('/v1/runs/')) interruption.abort(new Error('interrupted'));
      return undefined;
    };
    const { stderr, exitCode } = await ferryAgainstStack(['run', 'orders'], { signal: interruption.signal });
    expect(exitCode).toBe(130);
    expect(stderr).toMatch(
      /Run (\S+) continues; .*\n {2}→ ferry --stack Ferry cancel \1 asks it to stop\.\n$/,
    );
  });

  it.each([
    ['--dry-run', '--out', 'x.parquet'],
    ['--tries', '3'],
  ])('refuses %s', async (...args) => {
    const { stderr, exitCode } = await ferryAgainstStack(['run', 'orders', ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('only applies to runs on this machine');
    expect(aws.started).toEqual([]);
  });
});

describe('ferry --stack cancel, accept, resend', () => {
  it('asks a run to stop', async () => {
    const record = runningRecord();
    await aws.runs.save(record);
    const { stdout } = await ferryAgainstStack(['cancel', record.id]);
    expect(stdout).toBe(`orders: cancellation of run ${record.id} requested.\n`);
    expect(await aws.runs.findCancelRequest?.('orders', record.id)).toBeDefined();
  });

  it('says that a run has ended', async () => {
    const record = runRecord();
    await aws.runs.save(record);
    const { stderr, exitCode } = await ferryAgainstStack(['cancel', record.id]);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/^ConfigError: .*ended/)]);
  });

  it.each(['accept', 'resend'] as const)('%s says that there is nothing to send', async (command) => {
    const record = runRecord({ state: 'failed', error: guarded });
    await aws.runs.save(record);
    const { stderr, exitCode } = await ferryAgainstStack([command, record.id, '--why', 'seen']);
    expect([exitCode, aws.started]).toEqual([2, []]);
    expect(stderr).toMatch(/^ConfigError: /);
  });
});
