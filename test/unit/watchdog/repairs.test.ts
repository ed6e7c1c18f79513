import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunRequestStore } from '../../../shared/runs/records/run-request-store.ts';
import { scheduledRunId } from '../../../shared/runs/run-id.ts';
import { MINUTE, nightly, unscheduled, watchdogWorld } from '../../support/watchdog.ts';

const planned = '2026-11-20T12:00:00.000Z';
const scheduled = { trigger: 'schedule', scheduledTime: planned } as const;
const byApi = { trigger: 'api', triggeredBy: 'anna' } as const;
const twice = { attempts: [{ startedAt: planned, lostIn: 'read' }, { startedAt: planned }] };

function world(jobs = { orders: unscheduled }) {
  const one = watchdogWorld(jobs);
  /** A run that is killed now: nobody renews its lease any more. */
  const killed = (facts: Partial<RunRecord>) => one.running(facts);
  return { ...one, killed, one };
}

describe('a run that nobody works on', () => {
  it.each([
    ['ingesting', 'ingesting', 1, 1],
    ['ingesting, while its lease is alive', 'ingesting', 0.5, 0],
    ['queued', 'queued', 5, 1],
    ['queued, while Lambda may try again', 'queued', 4.9, 0],
    ['killed', 'running', 10, 1],
    ['killed, while Lambda may try again', 'running', 9.9, 0],
  ] as const)('is started again as the same run: %s', async (_, state, minutes, starts) => {
    const { killed, wait, round, started } = world();
    await killed({ ...scheduled, state });
    wait(minutes * MINUTE);
    await round();
    expect(started).toEqual(
      Array.from({ length: starts }, () => ({ job: 'orders', scheduledTime: planned })),
    );
  });

  it('is started with its original request', async () => {
    const { killed, wait, round, started, documents } = world();
    const record = await killed({ ...byApi, scheduledTime: undefined } as never);
    const request = {
      job: 'orders',
      runId: record.id,
      triggeredBy: 'anna',
      accept: { runId: record.id, why: 'fine' },
    };
    await createRunRequestStore(documents).save({ requestedAt: planned, request });
    wait(11 * MINUTE);
    await round();
    expect(started).toEqual([request]);
  });

  it('is started by its id if a stack with another name had planned it, whose bucket was adopted', async () => {
    const { killed, wait, round, started } = world();
    const id = scheduledRunId('FerryBefore', 'orders', planned);
    await killed({ ...scheduled, id, state: 'ingesting' });
    wait(MINUTE);
    await round();
    expect(started).toEqual([{ job: 'orders', runId: id, triggeredBy: 'watchdog' }]);
  });

  it('is closed when no start could end it within the longest time that Polyteia may take', async () => {
    const { killed, wait, round, started, runs } = world();
    const { id } = await killed({ ...scheduled, state: 'ingesting' });
    wait(24 * 60 * MINUTE);
    await round();
    expect(started).toHaveLength(1);
    wait(60 * MINUTE);
    await round();
    expect(started).toHaveLength(1);
    expect(await runs.get(id)).toMatchObject({ state: 'failed', error: { class: 'LostError' } });
  });

  it('is started by its id if the request is gone', async () => {
    const { killed, wait, round, started } = world();
    const { id } = await killed({ ...byApi, scheduledTime: undefined } as never);
    wait(11 * MINUTE);
    await round();
    expect(started).toEqual([{ job: 'orders', runId: id, triggeredBy: 'anna' }]);
  });

  it.each([
    ['Lambda has tried again', { ...scheduled, ...twice }, 11],
    ['it was somebody’s machine', { trigger: 'cli', triggeredBy: 'anna' } as const, 11],
    ['another start did not help', scheduled, 31],
  ])('is closed as lost when %s, and reported', async (_, facts, minutes) => {
    const { killed, wait, round, started, runs, sent } = world();
    const { id } = await killed(facts);
    wait(minutes * MINUTE);
    await round();
    expect(started).toEqual([]);
    expect(await runs.get(id)).toMatchObject({ state: 'failed', error: { class: 'LostError' } });
    wait(5 * MINUTE);
    await round();
    expect(sent.map(({ subject }) => subject)).toEqual(['orders failed: LostError [Ferry, ferry-prod]']);
  });

  it('is closed when another run of the job came after it, however often that runs', async () => {
    const { killed, ended, wait, round, runs, started } = world();
    const { id } = await killed(scheduled);
    wait(MINUTE);
    await ended({ trigger: 'api' });
    wait(11 * MINUTE);
    await round();
    expect(started).toEqual([]);
    expect((await runs.get(id))?.state).toBe('failed');
  });

  it('of a job that was removed from the configuration is closed', async () => {
    const { one, killed, wait, round, runs, started } = world();
    const { id } = await killed({ ...scheduled, state: 'ingesting' });
    one.jobs = {};
    wait(59 * MINUTE);
    await round();
    expect((await runs.get(id))?.state).toBe('ingesting');
    wait(2 * MINUTE);
    await round();
    expect(started).toEqual([]);
    expect((await runs.get(id))?.state).toBe('failed');
  });

  it('is left alone while its lease is alive, and so is a run that has ended', async () => {
    const { killed, ended, wait, round, runs, started } = world();
    await ended({});
    const { id } = await killed(scheduled);
    wait(44_000);
    await round();
    expect(started).toEqual([]);
    expect((await runs.get(id))?.state).toBe('running');
  });

  it('is not closed by a watchdog that comes too late: its process has come back and has the lease', async () => {
    const { one, killed, wait, round, runs } = world();
    const { id } = await killed({ ...scheduled, ...twice });
    wait(11 * MINUTE);
    const times = { heartbeatMs: 10_000, expiryMs: 45_000 };
    const ages = await runs.listLeaseAges();
    const back = await runs.acquireLease({ job: 'orders', runId: id, times, sleep: async () => {} });
    if (back.outcome !== 'acquired') throw new Error('not acquired');
    // What was listed before is old by now; each wait for the holder is one in which it shows that it lives.
    const acquireLease: typeof runs.acquireLease = (options) =>
      runs.acquireLease({ ...options, sleep: async () => back.lease.renew({}) });
    await round({ runs: { ...runs, listLeaseAges: async () => ages, acquireLease } });
    expect((await runs.get(id))?.state).toBe('running');
    expect(one.started).toEqual([]);
  });

  it('that cannot be repaired does not stop the repair of others', async () => {
    const { killed, wait, round } = world({ orders: nightly, other: unscheduled } as never);
    await killed({ ...scheduled, state: 'ingesting' });
    await killed({ job: 'other', ...scheduled, state: 'ingesting' });
    wait(MINUTE);
    const started: string[] = [];
    const start = async ({ job }: { job: string }) => {
      if (job === 'orders') throw new Error('throttled');
      started.push(job);
    };
    expect(await round({ start })).toMatchObject({ repaired: 1, notRepaired: 1 });
    expect(started).toEqual(['other']);
  });
});
