import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import { startHeartbeat } from '../../../../shared/runs/leases/heartbeat.ts';
import { acquireLease } from '../../../../shared/runs/leases/lease.ts';
import {
  type ContenderPlan,
  contend,
  findBrokenPromises,
  type LeaseEvent,
  type Mishap,
  withMishaps,
} from '../../../support/runs/lease-contender.ts';
import { arbitraryPlans, roundsOf } from '../../../support/runs/lease-plans.ts';

// The clock is vitest's, so that hours pass in a moment.

const times = { heartbeatMs: 10_000, expiryMs: 45_000 };
const job = 'orders';
// To look for a smaller example takes longer than a test may, and none would be named.
const endOnFailure = true;
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.ceil(ms)));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets time pass until the work is done. */
async function settle<T>(work: Promise<T>): Promise<T> {
  let done = false;
  const end = () => {
    done = true;
  };
  work.then(end, end);
  for (const end = performance.now() + 500 * times.expiryMs; !done && performance.now() < end; )
    await vi.advanceTimersByTimeAsync(times.heartbeatMs);
  if (!done) throw new Error('It has not ended after hours.');
  return work;
}

/** Calls take a while, so that those of several contenders overlap. */
function slowStore(latencyMs: number) {
  let offset = 0;
  const store = createMemoryDocumentStore(() => performance.now() + offset);
  const slowly = async <T>(work: () => Promise<T>) => {
    await sleep(latencyMs / 2);
    const result = await work();
    await sleep(latencyMs / 2);
    return result;
  };
  return {
    store: {
      ...store,
      read: (key: string) => slowly(() => store.read(key)),
      replace: (...args: Parameters<typeof store.replace>) => slowly(() => store.replace(...args)),
    },
    jump: (hours: number) => {
      offset += hours * 3_600_000;
    },
  };
}

describe('a lease with many contenders', () => {
  const play = async (plans: ContenderPlan[], latencyMs: number) => {
    const { store, jump } = slowStore(latencyMs);
    const events: LeaseEvent[] = [];
    let moment = 0;
    const now = () => {
      moment += 1;
      return moment;
    };
    const tell = (event: LeaseEvent) => events.push(event);
    await Promise.all(plans.map((plan) => contend({ store, job, times, plan, now, tell, jump })));
    // Whatever they died of: who comes now gets it.
    const last = await acquireLease(store, { job, runId: 'last', times, sleep });
    return { events, last };
  };

  it('never has two uploads of one term, and terms only rise', async () => {
    let uploads = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryPlans(6, 4), fc.integer({ min: 2, max: 3_000 }), async (plans, latencyMs) => {
        const { events, last } = await settle(play(plans, latencyMs));
        expect(findBrokenPromises(events)).toEqual([]);
        expect(last.outcome).toBe('acquired');
        uploads += events.filter(({ what }) => what === 'confirmed').length;
      }),
      { numRuns: roundsOf(60), endOnFailure },
    );
    expect(uploads).toBeGreaterThan(60);
  }, 600_000);
});

describe('a live holder', () => {
  const arbitraryMishaps = fc
    // After one that went wrong some go well: everything else is a store which is away.
    .array(fc.constantFrom<Mishap>('lost', 'misheard', 'refused', 'unreachable', 'none'), { maxLength: 12 })
    .map((mishaps) => mishaps.flatMap((mishap): Mishap[] => [mishap, 'none', 'none', 'none']).concat('none'));

  it('keeps its lease, whatever becomes of the answers to its heartbeats', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryMishaps, fc.integer({ min: 2, max: 2_000 }), async (mishaps, latencyMs) => {
        const { store } = slowStore(latencyMs);
        const unlucky = withMishaps(store, ['none', 'none', ...mishaps]);
        const acquisition = await settle(acquireLease(unlucky, { job, runId: 'holder', times, sleep }));
        if (acquisition.outcome !== 'acquired') throw new Error('nobody else had it');
        const onStop = vi.fn();
        const heartbeat = startHeartbeat({
          lease: acquisition.lease,
          times,
          progress: () => ({}),
          findCancelRequest: async () => undefined,
          onStop,
        });
        const others = await settle(
          Promise.all(
            [0, 1, 2, 3, 4, 5].map(async (n) => {
              await sleep(n * 20_000);
              return acquireLease(store, { job, runId: `other-${n % 2}`, times, sleep });
            }),
          ),
        );
        await settle(Promise.resolve(heartbeat[Symbol.asyncDispose]()));
        expect(others).toEqual(others.map(() => ({ outcome: 'busy', runId: 'holder' })));
        expect(onStop).not.toHaveBeenCalled();
      }),
      { numRuns: roundsOf(60), endOnFailure },
    );
  }, 600_000);
});
