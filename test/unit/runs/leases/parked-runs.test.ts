import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { leaseTimes, lookAtLease } from '../../../../shared/runs/leases/lease.ts';
import { parkedKey, ticketKey } from '../../../../shared/runs/leases/tickets.ts';
import { newRunId } from '../../../../shared/runs/run-id.ts';
import { runningRecord } from '../../../support/api.ts';
import { waitFor } from '../../../support/processes/wait-for.ts';
import { type ParkingPlatform, parkingPlatform } from '../../../support/runs/parking-platform.ts';
import { MINUTE, unscheduled, watchdogWorld } from '../../../support/watchdog.ts';

// Where waiting is paid for, a run without a slot ends, and is started again when it has its turn.

const api = (job: string) => ({ job, runId: newRunId(), triggeredBy: 'somebody' });
const queueOf = (platform: ParkingPlatform) =>
  platform.documents
    .list('leases/queue/', 1_000)
    .then((keys) => keys.filter((key) => !key.includes('slot-free')));

/** A platform whose only slot the job `holder` has until it is let go. */
async function occupied(jobs: readonly string[], announces = true) {
  const held = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const platform = parkingPlatform({
    jobs: ['holder', ...jobs],
    slots: 1,
    announces,
    work: async (_context, job) => {
      if (job === 'holder') {
        held.resolve();
        await letGo.promise;
      }
      return {};
    },
  });
  const holder = platform.invoke(api('holder'));
  await held.promise;
  return {
    platform,
    end: async () => {
      letGo.resolve();
      await holder;
    },
  };
}
const ended = (platform: ParkingPlatform, count: number) =>
  waitFor(
    `${count} runs to end`,
    async () => (platform.ended.length >= count ? platform.ended : undefined),
    20_000,
  );

describe('a hundred jobs of one moment on a source with four slots', () => {
  it('are never more than four at once, and none is paid for waiting', async () => {
    const jobs = Array.from({ length: 100 }, (_, index) => `job-${String(index).padStart(3, '0')}`);
    let working = 0;
    let most = 0;
    const begun: string[] = [];
    const platform = parkingPlatform({
      jobs,
      slots: 4,
      work: async (_context, job) => {
        begun.push(job);
        working += 1;
        most = Math.max(most, working);
        await sleep(5);
        working -= 1;
        return {};
      },
    });
    // Their ids are in the order of the jobs, as those of one moment are in some order.
    const now = Date.now();
    const events = jobs.map((job, index) => ({
      job,
      runId: newRunId(new Date(now + index)),
      triggeredBy: 'test',
    }));
    await Promise.all(events.map((event) => platform.invoke(event)));
    const records = await ended(platform, 100);

    expect(records.map(({ state }) => state)).toEqual(jobs.map(() => 'succeeded'));
    expect(new Set(records.map(({ id }) => id)).size).toBe(100);
    for (const { attempts } of records) expect(attempts).toHaveLength(1);
    expect(most).toBe(4);
    // Each waits once and works once; a few find another one in their slot, and wait again.
    expect(platform.bill.invocations).toBeLessThan(220);
    // As many runs as there are slots can overtake a run.
    const moved = begun.map((job, place) => Math.abs(jobs.indexOf(job) - place));
    expect(Math.max(...moved.slice(8))).toBeLessThanOrEqual(8);
    await waitFor(
      'an empty queue',
      async () => ((await queueOf(platform)).length === 0 ? true : undefined),
      5_000,
    );
  });
});

describe('a run without a slot', () => {
  it('ends as queued, keeps trigger and caller, and works when it is started again', async () => {
    const { platform, end } = await occupied(['orders']);
    const event = api('orders');
    expect(await platform.invoke(event)).toBeUndefined();
    expect(await platform.runs.get(event.runId)).toMatchObject({ state: 'queued', attempts: [{}] });
    expect(await queueOf(platform)).toEqual([parkedKey('erp', event.runId, 'orders')]);
    // Nobody holds its job's lease, and its job is taken all the same.
    expect((await platform.runs.readHolder('orders'))?.alive).not.toBe(true);
    const second = await platform.invoke(api('orders'));
    expect(second).toMatchObject({ state: 'skipped', heldBy: event.runId });

    await end();
    await ended(platform, 3);
    expect(await platform.runs.get(event.runId)).toMatchObject({
      state: 'succeeded',
      trigger: 'api',
      triggeredBy: 'somebody',
      attempts: [{}],
      phases: [{ name: 'queued' }],
    });
    expect(await queueOf(platform)).toEqual([]);
  });

  it('that was scheduled keeps its planned time, whoever starts it', async () => {
    const { platform, end } = await occupied(['orders']);
    const scheduledTime = '2026-11-21T04:30:00Z';
    await platform.invoke({ job: 'orders', scheduledTime });
    await end();
    await ended(platform, 2);
    expect(platform.started).toEqual([{ job: 'orders', scheduledTime }]);
    expect(platform.ended.at(-1)).toMatchObject({ state: 'succeeded', trigger: 'schedule', scheduledTime });
  });

  it('is cancelled by a start that finds the request, with no slot free', async () => {
    const { platform, end } = await occupied(['orders']);
    const event = api('orders');
    await platform.invoke(event);
    await platform.runs.requestCancel('orders', event.runId, 'Jörg');
    expect(await platform.invoke({ ...event, triggeredBy: 'Jörg' })).toMatchObject({
      state: 'cancelled',
      triggeredBy: 'somebody',
      error: { message: 'The run was cancelled by Jörg.' },
    });
    expect(await queueOf(platform)).toEqual([]);
    await end();
  });

  it('takes a slot that became free while it gave up', async () => {
    const { platform, end } = await occupied(['orders'], false);
    const { documents } = platform;
    const put = documents.put.bind(documents);
    documents.put = async (key, body) => {
      if (key.includes('parked.')) await end();
      await put(key, body);
    };
    expect(await platform.invoke(api('orders'))).toMatchObject({ state: 'succeeded' });
    expect(await queueOf(platform)).toEqual([]);
  });

  it('keeps its place before one that came later and finds the slot free', async () => {
    const { platform, end } = await occupied(['first', 'second'], false);
    const first = api('first');
    await platform.invoke(first);
    await end();
    expect(await platform.invoke(api('second'))).toBeUndefined();
    expect(await platform.startWaiting('erp')).toBe(1);
    await ended(platform, 2);
    expect(platform.started).toEqual([expect.objectContaining({ runId: first.runId })]);
  });
});

describe('whoever starts parked runs', () => {
  /** Runs of `slots` free slots, in order: `parked`, `coming` (started, has not parked again), or kept by a `process`. */
  async function queue(slots: number, kinds: readonly ('parked' | 'coming' | 'process')[]) {
    const jobs = kinds.map((_, index) => `job-${index}`);
    const platform = parkingPlatform({ jobs, slots, work: async () => ({}) });
    platform.onStart = async () => {};
    const now = Date.now();
    const ids: string[] = [];
    for (const [index, kind] of kinds.entries()) {
      const job = `job-${index}`;
      const id = newRunId(new Date(now + index));
      ids.push(id);
      const facts = JSON.stringify({ schemaVersion: 1, job, runId: id, slots });
      await platform.runs.save({ ...runningRecord({ id, job }), state: 'queued' });
      if (kind !== 'process') await platform.documents.put(parkedKey('erp', id, job), facts);
      if (kind !== 'parked') await platform.documents.put(ticketKey('erp', id), facts);
    }
    const startedOf = () =>
      platform.started.map((event) => ids.indexOf('runId' in event ? (event.runId ?? '') : ''));
    return { platform, ids, startedOf };
  }

  it.each([
    { slots: 2, kinds: ['coming', 'parked'], started: [1] },
    { slots: 2, kinds: ['coming', 'parked', 'parked'], started: [1] },
    { slots: 1, kinds: ['coming', 'parked'], started: [] },
    // A process that waits behind a parked run waits for it: nobody would ever have the slot.
    { slots: 1, kinds: ['parked', 'process'], started: [0] },
    { slots: 1, kinds: ['process', 'parked'], started: [] },
    { slots: 3, kinds: ['parked', 'process', 'parked', 'parked'], started: [0, 2] },
  ] as const)('with $slots free slots of $kinds starts $started', async ({ slots, kinds, started }) => {
    const { platform, startedOf } = await queue(slots, kinds);
    expect(await platform.startWaiting('erp')).toBe(started.length);
    expect(startedOf()).toEqual(started);
  });

  it('counts a run that has just taken its slot only once', async () => {
    const { platform, ids, startedOf } = await queue(2, ['process', 'parked']);
    const claim = { key: 'leases/slots/erp/0.json', right: 'a slot', job: 'job-0', runId: ids[0] ?? '' };
    await (await lookAtLease(platform.documents, claim, leaseTimes)).take();
    expect(await platform.startWaiting('erp')).toBe(1);
    expect(startedOf()).toEqual([1]);
  });

  it('keeps the ticket of a run that parks again before its start is confirmed', async () => {
    const { platform, ids } = await queue(1, ['parked']);
    const again = parkedKey('erp', ids[0] ?? '', 'job-0');
    platform.onStart = () => platform.documents.put(again, '{"slots":1}');
    expect(await platform.startWaiting('erp')).toBe(1);
    expect(await queueOf(platform)).toContain(again);
  });
});

describe('the watchdog', () => {
  /** Runs that wait, as functions have left them; `erp` has one slot, which is free. */
  async function waiting(jobs: readonly string[], known: readonly string[] = jobs) {
    const world = watchdogWorld(Object.fromEntries(known.map((job) => [job, unscheduled])));
    const records = [];
    for (const job of jobs) {
      world.wait(1);
      const record = await world.ended({ job, state: 'queued', trigger: 'api', triggeredBy: 'x' });
      const { endedAt: _ended, ...queued } = record;
      await world.runs.save(queued);
      const key = parkedKey('erp', record.id, job);
      await world.documents.put(key, JSON.stringify({ schemaVersion: 1, job, runId: record.id, slots: 1 }));
      records.push(queued);
    }
    return { world, records };
  }

  it('starts those that have their turn and that nobody heard of, and no others', async () => {
    const { world, records } = await waiting(['orders', 'customers']);
    world.wait(10 * MINUTE);
    await world.round();
    expect(world.started).toEqual([expect.objectContaining({ runId: records[0]?.id })]);
    // It is on its way: its place is taken, and expires if it does not come.
    await world.round();
    expect(world.started).toHaveLength(1);
    world.wait(MINUTE);
    await world.round();
    // It did not come: the next one has its turn, and it is started like any run that nobody works on.
    const startedJobs = world.started.map(({ job }) => job);
    expect(startedJobs).toEqual(['orders', 'customers', 'orders']);
  });

  it('renews the places of those that wait for hours, and leaves those of another stack', async () => {
    const { world, records } = await waiting(['theirs', 'orders', 'customers'], ['orders', 'customers']);
    const rounds = async (count: number) => {
      for (let round = 0; round < count; round += 1) {
        world.wait(5 * MINUTE);
        await world.round();
      }
    };
    await rounds(11);
    const keys = await world.documents.listWithAges('leases/queue/', 10);
    const ages = records.map(({ id }) => keys.find(({ key }) => key.includes(`parked.${id}`))?.ageMs);
    expect(ages.map((age = 0) => age < 30 * MINUTE)).toEqual([false, true, true]);
    expect(world.started).toEqual([]);
    // After an hour, nobody waits for the other stack's run.
    await rounds(1);
    expect(world.started).toEqual([expect.objectContaining({ runId: records[1]?.id })]);
    expect(world.started.some((event) => event.job === 'theirs')).toBe(false);
  });

  it('forgets those that have ended', async () => {
    const { world, records } = await waiting(['orders']);
    const [record] = records;
    if (!record) throw new Error('There is no run.');
    await world.runs.save({ ...record, state: 'cancelled', endedAt: new Date().toISOString() });
    await world.round();
    expect(await world.documents.list('leases/queue/', 10)).toEqual([]);
    expect(world.started).toEqual([]);
  });

  it.each(['', 'null', '{"slots":', '{"slots":0}', '{"slots":"two"}'])(
    'starts a run whose ticket is damaged: %s',
    async (text) => {
      const { world, records } = await waiting(['orders']);
      await world.documents.put(parkedKey('erp', records[0]?.id ?? '', 'orders'), text);
      await world.round();
      expect(world.started).toEqual([expect.objectContaining({ runId: records[0]?.id })]);
    },
  );

  it('reports what failed, and starts the runs of other sources, when a slot belongs to a later release', async () => {
    const { world } = await waiting(['orders']);
    const failed = await world.ended({ job: 'orders', state: 'failed', error: { class: 'A', message: 'm' } });
    await world.documents.replace('leases/slots/erp/0.json', '{"schemaVersion":2}', undefined);
    await world.round();
    expect(world.started).toEqual([]);
    expect(world.sent[0]?.alerts).toEqual([expect.objectContaining({ runId: failed.id })]);
  });

  it('keeps the place of a run that cannot be started', async () => {
    const { world, records } = await waiting(['orders']);
    const start = async () => {
      throw new Error('Lambda is away.');
    };
    await world.round({ start });
    expect(await world.documents.list('leases/queue/', 10)).toEqual([
      parkedKey('erp', records[0]?.id ?? '', 'orders'),
    ]);
    await world.round();
    expect(world.started).toHaveLength(1);
  });
});
