import type { DocumentStore } from '../documents/document-store.ts';
import { type Lease, type LeaseTimes, lookAtLease } from './lease.ts';

/** The name of the phase in which a run waits for a slot of its source. */
export const QUEUED_PHASE = 'queued';

/** Who wants a slot, and how many there are. */
export interface SlotClaim {
  source: string;
  /** The source's `maxConcurrentRuns`. */
  slots: number;
  job: string;
  runId: string;
  times: LeaseTimes;
  /** A clock of this process, in ms, of which only differences count. @default performance.now */
  now?: () => number;
}

/** What a look at the queue found: a slot, or how many runs are before this one and when to look again. */
export type Look = { slot: Lease } | { before: number; pollMs: number };

/** A run that wants a slot of its source. */
export interface Waiter {
  /**
   * Keeps the run's place, looks whether it is its turn, and takes a slot then.
   *
   * @throws StorageUnavailableError
   */
  look(): Promise<Look>;
  /** Gives the place up, or the ticket back once the slot is there. Never throws: a ticket left behind expires. */
  leave(): Promise<void>;
}

// More of them at the front would read each other's slots for nothing: this many take a slot every fifth of a heartbeat.
const MAX_AT_THE_FRONT = 16;
const MAX_TICKETS = 10_000;

/**
 * Queues for one of the slots of a source.
 *
 * A slot is a lease (`leases/slots/{source}/{n}.json`, n from 0), so that there are never more holders than slots: with the same conditional
 * write, the same heartbeat and the same expiry by the store's clock as a job's lease. A run that waits keeps a ticket
 * (`leases/queue/{source}/{runId}.json`), written again three times in an expiry; an older one is a dead run's, and is passed over and removed.
 * Tickets are served in the order of run ids, which begin with the moment that the schedule meant or at which the run was asked for: a run
 * that comes back has its place again. A slot is taken only by a run that has fewer live tickets before it than there are free slots.
 *
 * The first `slots` in the queue (at most 16) look at the slots each fifth of a heartbeat (2 s), those behind them the less often the further
 * they are, down to three times in an expiry (15 s). 196 runs that wait for 4 slots cost per hour: 47,000 tickets written, 59,000 lists, 29,000
 * slots read, and by the heartbeat of their jobs' leases 71,000 writes and as many reads: about 180,000 requests at 0.005 $ and
 * 100,000 at 0.0004 $ per thousand (S3 Standard, us-east-1), 0.93 $.
 */
export function queueForSlot(store: DocumentStore, claim: SlotClaim): Waiter {
  const { source, slots, job, runId, times, now = () => performance.now() } = claim;
  const queue = `leases/queue/${source}/`;
  const ticket = `${queue}${runId}.json`;
  const front = Math.min(slots, MAX_AT_THE_FRONT);
  const touchMs = times.expiryMs / 3;
  let touchedAt = Number.NEGATIVE_INFINITY;

  const leave = () => store.remove(ticket).catch(() => {});
  const lookAtSlots = () =>
    Promise.all(
      Array.from({ length: slots }, (_, n) => {
        const key = `leases/slots/${source}/${n}.json`;
        return lookAtLease(store, { key, right: `a slot of the source ${source}`, job, runId }, times);
      }),
    );
  const takeSlot = async (before: number): Promise<Lease | undefined> => {
    const seen = await lookAtSlots();
    // Left by an earlier attempt of this run, or taken by a write whose answer was lost: nobody else is to count it.
    const own = seen.find((slot) => !slot.free && slot.runId === runId);
    const free = seen.filter((slot) => slot.free);
    if (!own && before >= free.length) return undefined;
    // Each of those at the front begins with another slot, so that they do not all go for the first.
    for (const slot of [...(own ? [own] : []), ...free.slice(before), ...free.slice(0, before)]) {
      const lease = await slot.take();
      if (lease) return lease;
    }
    return undefined;
  };

  return {
    leave,
    async look() {
      const asked = now();
      if (asked - touchedAt >= touchMs) {
        await store.put(ticket, JSON.stringify({ schemaVersion: 1, job, runId }));
        touchedAt = asked;
      }
      const ahead = (await store.listWithAges(queue, MAX_TICKETS)).filter(({ key }) => key < ticket);
      const before = ahead.filter(({ ageMs }) => ageMs < times.expiryMs).length;
      if (before < front) {
        const dead = ahead.filter(({ ageMs }) => ageMs >= times.expiryMs);
        await Promise.all(dead.map(({ key }) => store.remove(key)));
        const slot = await takeSlot(before);
        if (slot) return { slot };
      }
      const pollMs = (times.heartbeatMs / 5) * (1 + Math.floor(before / front));
      return { before, pollMs: Math.min(pollMs, touchMs) };
    },
  };
}
