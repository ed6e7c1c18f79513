import { describe, expect, it } from 'vitest';
import { MINUTE, nightly, unscheduled, watchdogWorld } from '../../support/watchdog.ts';

const failure = (type = 'AuthError') => ({
  state: 'failed' as const,
  error: {
    class: type,
    message: 'The source refused the login.',
    hint: 'Change the secret.',
    phase: 'session',
  },
});
const world = (jobs = { orders: unscheduled }, start?: string) => watchdogWorld(jobs, start);
const HOUR = 60 * MINUTE;

describe('a failed job', () => {
  it('is reported once, however often it fails, and once more when it works again', async () => {
    const one = world();
    for (let night = 0; night < 3; night += 1) {
      await one.ended(failure());
      for (let round = 0; round < 3; round += 1) {
        await one.round();
        one.wait(5 * MINUTE);
      }
    }
    expect(one.subjects()).toEqual(['orders failed: AuthError [Ferry, ferry-prod]']);
    await one.ended({ state: 'succeeded' });
    for (let round = 0; round < 3; round += 1) await one.round();
    expect(one.subjects().slice(1)).toEqual(['orders works again [Ferry, ferry-prod]']);
  });

  it('is reported again when it fails differently, and after it had worked', async () => {
    const one = world();
    for (const facts of [
      failure(),
      failure('QueryError'),
      { state: 'succeeded' as const },
      failure('QueryError'),
    ]) {
      await one.ended(facts);
      await one.round();
      one.wait(5 * MINUTE);
    }
    expect(one.subjects().map((subject) => subject.replace(' [Ferry, ferry-prod]', ''))).toEqual([
      'orders failed: AuthError',
      'orders failed: QueryError',
      'orders works again',
      'orders failed: QueryError',
    ]);
  });

  it('is reported although the record of another job is damaged', async () => {
    const one = watchdogWorld({ orders: unscheduled, other: unscheduled });
    const startedAt = new Date(one.now().getTime() - 14 * MINUTE).toISOString();
    const good = await one.ended({ state: 'succeeded', startedAt });
    const key = (await one.documents.list('jobs/orders/runs/', 9)).find((each) => each.includes(good.id));
    await one.documents.put(String(key), '{"torn');
    await one.ended({ job: 'other', ...failure() });
    await one.round();
    expect(one.subjects()).toEqual(['other failed: AuthError [Ferry, ferry-prod]']);
  });

  it.each(['cancelled', 'skipped'] as const)('has not recovered when a run was %s', async (state) => {
    const one = world();
    await one.ended(failure());
    await one.round();
    one.wait(MINUTE);
    await one.ended({ state });
    await one.round();
    expect(one.sent).toHaveLength(1);
  });

  it('has not recovered while the next run is in progress', async () => {
    const one = world();
    await one.ended(failure());
    one.wait(MINUTE);
    await one.running({});
    await one.round();
    await one.round();
    expect(one.subjects()).toEqual(['orders failed: AuthError [Ferry, ferry-prod]']);
  });

  it.each([
    ['succeeds', { state: 'succeeded' as const }],
    ['was cancelled', { state: 'cancelled' as const, error: { class: 'CancelledError', message: 'x' } }],
  ])('is not reported for a job that %s', async (_, facts) => {
    const one = world();
    await one.ended(facts);
    await one.round();
    expect(one.sent).toEqual([]);
  });

  it('that was removed from the configuration is forgotten', async () => {
    const one = world();
    await one.ended(failure());
    await one.round();
    one.jobs = {};
    await one.round();
    one.wait(25 * HOUR);
    await one.round();
    expect(one.sent).toHaveLength(1);
    expect(await one.documents.list('alerts/', 10)).toEqual([]);
  });

  it('is one mail for all jobs of a source that fail for the same reason', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `job-${index}`);
    const jobs = Object.fromEntries(names.map((job) => [job, unscheduled]));
    const one = world({ ...jobs, other: { ...unscheduled, source: 'crm' } } as never);
    for (const job of [...names, 'other']) await one.ended({ job, ...failure('SourceUnavailableError') });
    await one.round();
    expect(one.subjects().toSorted()).toEqual([
      '100 jobs of erp failed: SourceUnavailableError [Ferry, ferry-prod]',
      'other failed: SourceUnavailableError [Ferry, ferry-prod]',
    ]);
    expect(one.sent[0]?.alerts).toHaveLength(100);
    expect(one.sent[0]?.text).toContain('95 other jobs: ');
    one.wait(5 * MINUTE);
    await one.round();
    expect(one.sent).toHaveLength(2);
  });
});

describe('an overdue job', () => {
  // 04:30 in Berlin is 03:30 UTC; the grace is 15 minutes.
  const start = '2026-11-19T12:00:00.000Z';
  const planned = '2026-11-20T03:30:00.000Z';
  const due = '2026-11-20T03:46:00.000Z';

  it('is reported once, and once more when it runs again', async () => {
    const one = world({ orders: nightly }, start);
    await one.round();
    one.at(due);
    await one.round();
    one.wait(5 * MINUTE);
    await one.round();
    one.at('2026-11-21T03:46:00.000Z');
    await one.round();
    expect(one.subjects()).toEqual(['orders did not run when planned [Ferry, ferry-prod]']);
    expect(one.sent[0]?.text).toContain('Planned for:    2026-11-20 04:30:00 Europe/Berlin');
    await one.ended({ scheduledTime: '2026-11-21T03:30:00.000Z' });
    await one.round();
    expect(one.subjects().slice(1)).toEqual(['orders works again [Ferry, ferry-prod]']);
  });

  it.each(['succeeded', 'skipped', 'cancelled'] as const)(
    'does not exist when its run was %s',
    async (state) => {
      const one = world({ orders: nightly }, start);
      await one.round();
      one.at(planned);
      await one.ended({ scheduledTime: planned, state });
      one.at(due);
      await one.round();
      expect(one.sent).toEqual([]);
    },
  );

  it('does not exist while its run is in progress, nor when somebody started another since', async () => {
    const one = world({ orders: nightly }, start);
    await one.round();
    one.at(planned);
    await one.ended({ scheduledTime: planned });
    one.wait(5 * MINUTE);
    await one.ended({ trigger: 'api' });
    one.at(due);
    await one.round();
    expect(one.sent).toEqual([]);
  });

  it('is not replaced by a run that somebody started manually before', async () => {
    const one = world({ orders: nightly }, start);
    await one.round();
    one.at('2026-11-20T03:00:00.000Z');
    await one.ended({ trigger: 'api' });
    one.at(due);
    await one.round();
    expect(one.sent).toHaveLength(1);
  });

  it.each([
    ['of a schedule that is switched off', { ...nightly.schedule, enabled: false }],
    ['of a job without a schedule', undefined],
    ['within the window', { ...nightly.schedule, windowMs: HOUR }],
  ])('does not exist %s', async (_, schedule) => {
    const { schedule: _schedule, ...job } = nightly;
    const one = world({ orders: (schedule ? { ...job, schedule } : job) as never }, start);
    await one.round();
    one.at(due);
    await one.round();
    expect(one.sent).toEqual([]);
  });

  it('is reported although the schedule was first seen by a clock that was years ahead', async () => {
    const one = world({ orders: nightly }, '2031-01-01T00:00:00.000Z');
    await one.round();
    one.at(start);
    await one.round();
    one.at(due);
    await one.round();
    expect(one.subjects()).toEqual(['orders did not run when planned [Ferry, ferry-prod]']);
  });

  it('does not exist for a time before the schedule was deployed, changed, or switched on', async () => {
    const one = world(
      { orders: { ...nightly, schedule: { ...nightly.schedule, enabled: false } as never } },
      start,
    );
    await one.round();
    one.at(due);
    one.jobs = { orders: nightly };
    await one.round();
    expect(one.sent).toEqual([]);
    one.at('2026-11-21T03:46:00.000Z');
    await one.round();
    expect(one.sent).toHaveLength(1);
  });

  it.each([
    [
      'that spring leaves out',
      '2026-03-28T12:00:00.000Z',
      '2026-03-28T12:00:00.000Z',
      '2026-03-29T23:00:00.000Z',
      '30 2 * * *',
    ],
    [
      'that autumn repeats, after its one run',
      '2026-10-24T12:00:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T23:00:00.000Z',
      '30 2 * * *',
    ],
  ])('does not exist for a time %s', async (_, from, runAt, until, cron) => {
    const one = world({ orders: { ...nightly, schedule: { ...nightly.schedule, cron } as never } }, from);
    await one.round();
    one.at(runAt);
    await one.ended({ scheduledTime: runAt });
    for (; one.now() < new Date(until); one.wait(15 * MINUTE)) await one.round();
    expect(one.sent).toEqual([]);
  });
});

describe('a job near its limits', () => {
  const at = (ms: number) => ({
    durationMs: ms,
    endedAt: new Date(Date.parse('2026-11-20T12:00:00Z') + ms).toISOString(),
  });

  it.each([
    ['the time that its function has', { ...at(12.5 * MINUTE), rows: 1 }, 'is near its time limit'],
    ['its maxRows', { rows: 801 }, 'is near its maxRows'],
  ])('is reported once for %s, and again after it had recovered', async (_, facts, expected) => {
    const one = world({ orders: { ...unscheduled, maxRows: 1000 } });
    const rounds = async (some: object) => {
      await one.ended(some);
      one.wait(15 * MINUTE);
      await one.round();
      one.wait(5 * MINUTE);
      await one.round();
    };
    await rounds(facts);
    expect(one.subjects()).toEqual([`orders ${expected} [Ferry, ferry-prod]`]);
    one.wait(HOUR);
    await rounds({ rows: 1 });
    expect(one.sent).toHaveLength(1);
    one.wait(HOUR);
    await rounds(facts.rows === 801 ? facts : { rows: 1 });
    expect(one.sent).toHaveLength(facts.rows === 801 ? 2 : 1);
  });

  it.each([
    ['that is far from both', { ...at(12 * MINUTE), rows: 800 }],
    ['that only waited for its slot', { ...at(14 * MINUTE), durationMs: MINUTE, rows: 1 }],
    [
      'whose time was that of two invocations',
      {
        ...at(14 * MINUTE),
        rows: 1,
        attempts: [{ startedAt: '2026-11-20T12:00:00Z' }, { startedAt: '2026-11-20T12:10:00Z' }],
      },
    ],
  ])('is not reported for one %s', async (_, facts) => {
    const one = world({ orders: { ...unscheduled, maxRows: 1000 } });
    await one.ended(facts);
    one.wait(15 * MINUTE);
    await one.round();
    expect(one.sent).toEqual([]);
  });
});

describe('a lost start', () => {
  const event = { job: 'orders', scheduledTime: '2026-11-20T03:30:00Z' };
  const killed = {
    version: '1.0',
    requestContext: { condition: 'RetriesExhausted' },
    requestPayload: event,
    responsePayload: { errorMessage: 'secret' },
  };

  it.each([
    ['by Lambda', JSON.stringify(killed), undefined, 'orders lost a start: RetriesExhausted'],
    [
      'by Lambda, whose last try could not reach the bucket',
      JSON.stringify({ ...killed, responsePayload: { errorType: 'StorageUnavailableError' } }),
      undefined,
      'orders lost a start: StorageUnavailableError',
    ],
    ['by Scheduler', JSON.stringify(event), 'THROTTLING', 'orders lost a start: THROTTLING'],
    [
      'of a job that does not exist',
      JSON.stringify({ job: 'gone' }),
      undefined,
      'unknown lost a start: Unknown',
    ],
    ['that says nothing', '<xml>', 'a b', 'unknown lost a start: Unknown'],
  ])('%s is reported once and then leaves the queue', async (_, body, errorCode, subject) => {
    const one = world();
    one.letters.push({ id: 'a1', body, errorCode, sentAt: '2026-11-20T03:31:00.000Z' });
    await one.round();
    expect(one.letters).toEqual([]);
    // SQS may deliver a message again although it was removed.
    one.letters.push({ id: 'a1', body, errorCode, sentAt: '2026-11-20T03:31:00.000Z' });
    await one.round();
    expect(one.subjects()).toEqual([`${subject} [Ferry, ferry-prod]`]);
    expect(one.sent[0]?.text).not.toContain('secret');
    expect(one.letters).toEqual([]);
  });

  it('does not include a run that waits for a slot of its source: the watchdog starts it again', async () => {
    const one = world();
    const body = JSON.stringify({ ...killed, responsePayload: { errorType: 'QueuedError', trace: [] } });
    const sentAt = '2026-11-20T03:31:00.000Z';
    one.letters.push(...['a1', 'a2'].map((id) => ({ id, body, sentAt })));
    await one.round();
    expect(one.letters).toEqual([]);
    expect(one.sent).toEqual([]);
  });

  it.each([
    ['Lambda', JSON.stringify({ ...killed, requestPayload: { job: 'orders', check: true, id: 'x' } })],
    ['the queue', JSON.stringify({ job: 'orders', check: true })],
  ])('is no check that was killed, as %s says it', async (_who, body) => {
    const one = world();
    one.letters.push({ id: 'a1', body, sentAt: '2026-11-20T03:31:00.000Z' });
    await one.round();
    expect([one.letters, one.sent]).toEqual([[], []]);
  });

  it('stays in the queue while nobody can be notified', async () => {
    const one = world();
    one.letters.push({ id: 'a1', body: JSON.stringify(event), sentAt: '2026-11-20T03:31:00.000Z' });
    const [topic] = one.channels;
    one.channels = [];
    await one.round();
    one.channels = [{ name: 'topic', send: async () => Promise.reject(new Error('no')) }];
    expect(await one.round()).toMatchObject({ notified: 0, notificationsFailed: 1 });
    expect(one.letters).toHaveLength(1);
    one.channels = topic ? [topic] : [];
    one.wait(5 * MINUTE);
    await one.round();
    expect(one.letters).toEqual([]);
    expect(one.sent).toHaveLength(1);
  });
});
