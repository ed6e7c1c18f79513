import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CancelledError, LeaseLostError, QueuedError } from '../../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import { queueForSlot } from '../../../../shared/runs/leases/slots.ts';
import { endOfWait, waitForSlot } from '../../../../shared/runs/leases/wait-for-slot.ts';
import { createVirtualClock } from '../../../support/runs/virtual-clock.ts';

const times = { heartbeatMs: 10_000, expiryMs: 45_000 };

/** What becomes of a run: it works, or it dies or stands still for a while before or after it has a slot. */
type Fate = 'works' | 'dies waiting' | 'dies working' | 'stands still waiting' | 'stands still working';

interface RunPlan {
  fate?: Fate;
  /** When it comes, in ms. */
  at?: number;
  workMs?: number;
  /** How wrong its machine's clock is. */
  clockError?: { aheadMs: number; speed: number };
}

const idOf = (n: number) => String(n).padStart(4, '0');

/** Many processes that want slots of one source, in a time of their own; counts from the outside who works. */
function rehearse(slots: number, plans: readonly RunPlan[]) {
  const clock = createVirtualClock();
  const store = createMemoryDocumentStore(clock.now);
  const requests: Record<string, number> = {};
  const counted = new Proxy(store, {
    get(target, name: keyof typeof store) {
      requests[name] = (requests[name] ?? 0) + 1;
      return target[name];
    },
  });
  const begun: number[] = [];
  const finished: number[] = [];
  let active = 0;
  let mostActive = 0;

  const run = async (plan: RunPlan, n: number) => {
    const { fate = 'works', at = 0, workMs = 30_000, clockError = { aheadMs: 0, speed: 1 } } = plan;
    await clock.sleep(at);
    const now = () => clockError.aheadMs + clock.now() * clockError.speed;
    const waiter = queueForSlot(counted, {
      source: 'erp',
      slots,
      job: `job-${n}`,
      runId: idOf(n),
      times,
      now,
    });
    if (fate === 'dies waiting') return void (await waiter.look());
    if (fate === 'stands still waiting') {
      const seen = await waiter.look();
      if ('slot' in seen) await seen.slot.release();
      await clock.sleep(3 * times.expiryMs);
    }
    const signal = new AbortController().signal;
    const retry = <T>(work: () => Promise<T>) => work();
    const slot = await waitForSlot({
      waiter,
      signal,
      until: undefined,
      onWait() {},
      retry,
      sleep: clock.sleep,
    });
    if (fate === 'dies working') return;
    if (fate === 'stands still working') {
      await clock.sleep(2 * times.expiryMs);
      // It is the heartbeat's first deed after that.
      if (await slot.renew({}).catch((error: unknown) => error instanceof LeaseLostError)) return;
    }
    begun.push(n);
    active += 1;
    mostActive = Math.max(mostActive, active);
    for (let left = workMs; left > 0; left -= times.heartbeatMs) {
      await clock.sleep(Math.min(left, times.heartbeatMs));
      await slot.renew({});
    }
    active -= 1;
    await slot.release();
    finished.push(n);
  };
  return clock.run(Promise.all(plans.map(run))).then(async () => ({
    begun,
    finished,
    mostActive,
    requests,
    tickets: await store.list('leases/queue/erp/', 1_000),
    tookMs: clock.now(),
  }));
}

describe('slots of a source', () => {
  it.each([1, 4, 30])(
    'let 200 runs that are due at once work %i at a time, in their order',
    async (slots) => {
      const plans = Array.from({ length: 200 }, () => ({}));
      const { begun, finished, mostActive, tickets, tookMs } = await rehearse(slots, plans);
      expect(mostActive).toBe(slots);
      expect(finished).toHaveLength(200);
      expect(tickets).toEqual([]);
      // Of slots that are free at once, each may be taken first; nobody is overtaken by more than these.
      for (const [place, n] of begun.entries()) expect(Math.abs(place - n)).toBeLessThan(slots);
      // A slot is empty for no longer than between two looks.
      expect(tookMs).toBeLessThan((200 / slots) * (30_000 + 4_000) + 30_000);
    },
  );

  it('cost as many requests as queueForSlot says', async () => {
    const quarterMs = 900_000;
    const plans = Array.from({ length: 200 }, (_, n) => ({ workMs: n < 4 ? quarterMs : 1 }));
    const { requests } = await rehearse(4, plans);
    // A quarter of what an hour costs, and the minutes in which the queue is worked off.
    expect(requests.put).toBeGreaterThan(11_800);
    expect(requests.put).toBeLessThan(13_600);
    expect(requests.listWithAges).toBeGreaterThan(14_500);
    expect(requests.listWithAges).toBeLessThan(17_000);
    expect(requests.read).toBeLessThan(9_200);
  });

  it('are free again after an expiry when their holders died, and dead runs’ tickets are removed', async () => {
    const plans: RunPlan[] = [
      { fate: 'dies working' },
      { fate: 'dies working' },
      { fate: 'dies waiting', at: 1_000 },
      { at: 1_000 },
      { at: 1_000 },
    ];
    const { finished, tickets, tookMs } = await rehearse(2, plans);
    expect(finished).toEqual([3, 4]);
    expect(tickets).toEqual([]);
    expect(tookMs).toBeLessThan(times.expiryMs + 30_000 + 10_000);
  });

  it('are left to those who came before, as long as there are no more', async () => {
    const store = createMemoryDocumentStore(() => 0);
    const claim = { source: 'erp', slots: 3, times, now: () => 0 };
    const enter = (runId: string) => queueForSlot(store, { ...claim, job: `job-${runId}`, runId });
    const holders = await Promise.all(['1', '2', '3'].map((runId) => enter(runId).look()));
    for (const runId of ['1', '2', '3']) await store.remove(`leases/queue/erp/${runId}.json`);
    const [first, second, third] = [enter('4'), enter('5'), enter('6')];
    for (const [before, waiter] of [first, second, third].entries())
      expect(await waiter.look()).toMatchObject({ before });
    for (const holder of holders.slice(0, 2)) if ('slot' in holder) await holder.slot.release();
    expect(await third.look()).toMatchObject({ before: 2 });
    // Of two that are free, the second one is its own: it need not wait for the first to look.
    expect(await second.look()).toHaveProperty('slot');
    await second.leave();
    expect(await third.look()).toMatchObject({ before: 1 });
    expect(await first.look()).toHaveProperty('slot');
  });

  it('are taken back by the run whose earlier attempt died with one', async () => {
    const clock = createVirtualClock();
    const store = createMemoryDocumentStore(clock.now);
    const waiter = () =>
      queueForSlot(store, { source: 'erp', slots: 1, job: 'a', runId: '1', times, now: clock.now });
    expect(await waiter().look()).toHaveProperty('slot');
    expect(await waiter().look()).toHaveProperty('slot');
    const other = queueForSlot(store, {
      source: 'erp',
      slots: 1,
      job: 'b',
      runId: '0',
      times,
      now: clock.now,
    });
    expect(await other.look()).toEqual({ before: 0, pollMs: 2_000 });
  });

  it('are never more than there are, and all who live get one, whatever the others and the clocks do', async () => {
    const plan = fc.record({
      fate: fc.constantFrom<Fate>(
        'works',
        'works',
        'dies waiting',
        'dies working',
        'stands still waiting',
        'stands still working',
      ),
      at: fc.integer({ min: 0, max: 120_000 }),
      workMs: fc.integer({ min: 1, max: 100_000 }),
      clockError: fc.record({
        aheadMs: fc.integer({ min: -20_000_000, max: 20_000_000 }),
        speed: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
      }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(plan, { minLength: 8, maxLength: 25, size: 'max' }),
        async (slots, plans) => {
          const { finished, mostActive } = await rehearse(slots, plans);
          expect(mostActive).toBeLessThanOrEqual(slots);
          const living = plans.flatMap(({ fate }, n) =>
            fate === 'works' || fate === 'stands still waiting' ? [n] : [],
          );
          expect(finished).toEqual(expect.arrayContaining(living));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the wait for a slot', () => {
  /** A source whose only slot somebody keeps. */
  async function occupied() {
    const clock = createVirtualClock();
    const store = createMemoryDocumentStore(clock.now);
    const claim = { source: 'erp', slots: 1, times, now: clock.now };
    await queueForSlot(store, { ...claim, job: 'a', runId: '1' }).look();
    await store.remove('leases/queue/erp/1.json');
    const waiter = queueForSlot(store, { ...claim, job: 'b', runId: '2' });
    const controller = new AbortController();
    const seen: number[] = [];
    const wait = (until?: Date) =>
      clock.run(
        waitForSlot({
          waiter,
          signal: controller.signal,
          until,
          onWait: (before) => {
            seen.push(before);
            if (seen.length === 3 && until === undefined) controller.abort(new CancelledError('Stop.'));
          },
          retry: (work) => work(),
          sleep: clock.sleep,
          now: clock.now,
        }),
      );
    return { wait, clock, seen, tickets: () => store.list('leases/queue/', 10) };
  }

  it('ends with the signal’s reason, and gives the place up', async () => {
    const { wait, tickets, seen } = await occupied();
    await expect(wait()).rejects.toThrow(CancelledError);
    expect(seen).toEqual([0, 0, 0]);
    expect(await tickets()).toEqual([]);
  });

  it('ends when too little time is left for the work, and gives the place up for as long', async () => {
    const { wait, clock, tickets } = await occupied();
    await expect(wait(new Date(21_000))).rejects.toThrow(QueuedError);
    expect(clock.now()).toBe(20_000);
    expect(await tickets()).toEqual([]);
  });

  it('may take a third of the available time', () => {
    const start = Date.UTC(2026, 0, 1);
    expect(endOfWait(new Date(start + 900_000), start)).toEqual(new Date(start + 300_000));
    expect(endOfWait(new Date(start - 1), start)).toEqual(new Date(start));
    expect(endOfWait(undefined, start)).toBeUndefined();
  });
});

it('a slot that two found free goes to one of them', async () => {
  const store = createMemoryDocumentStore();
  const claim = { source: 'erp', slots: 1, times };
  const first = queueForSlot(store, { ...claim, job: 'first', runId: idOf(1) });
  let taken: Promise<unknown> | undefined;
  // Between what the second has seen and what it does about it, the first comes and takes the slot.
  const late = {
    ...store,
    read: async (key: string) => {
      const seen = await store.read(key);
      taken ??= first.look();
      await taken;
      return seen;
    },
  };
  const second = await queueForSlot(late, { ...claim, job: 'second', runId: idOf(2) }).look();
  expect(await taken).toHaveProperty('slot');
  expect(second).toEqual({ before: 0, pollMs: expect.any(Number) });
});
