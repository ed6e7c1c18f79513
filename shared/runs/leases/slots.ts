import type { DocumentStore } from '../documents/document-store.ts';
import { type Lease, type LeaseTimes, type LeaseView, lookAtLease } from './lease.ts';
import { announceFreeSlot, isInQueue, listTickets, parkedKey, ticketKey } from './tickets.ts';

/** The name of the phase in which a run waits for a slot of its source. */
export const QUEUED_PHASE = 'queued';

/** Who wants a slot, and how many slots there are. */
export interface SlotClaim {
  source: string;
  /** The source's `maxConcurrentRuns`. */
  slots: number;
  job: string;
  runId: string;
  times: LeaseTimes;
  /** A clock of this process, in ms; only differences matter. @default performance.now */
  now?: () => number;
}

/** The result of a look at the queue: a slot, or the number of runs before this one and when to look again. */
export type Look = { slot: Lease } | { before: number; pollMs: number };

/** A run that wants a slot of its source. */
export interface Waiter {
  /**
   * Keeps the run's place, checks whether it is its turn, and then takes a slot.
   *
   * @throws StorageUnavailableError
   */
  look(): Promise<Look>;
  /**
   * Keeps the run's place although no process waits for it any longer: whoever sees that a slot is free starts the run
   * again. Nobody may have announced a slot that became free meanwhile, so it looks once more.
   *
   * @returns a slot, if there is one: the run is not parked then
   * @throws StorageUnavailableError
   */
  park(): Promise<Lease | undefined>;
  /**
   * Gives the place up, or removes the ticket once the run has a slot. Never throws: a ticket that stays behind
   * expires.
   */
  leave(): Promise<void>;
}

/**
 * All slots of a source, as the run that claims one of them sees them.
 *
 * @throws StorageUnavailableError
 */
export const lookAtSlots = (
  store: DocumentStore,
  { source, slots, job, runId, times }: SlotClaim,
): Promise<LeaseView[]> =>
  Promise.all(
    Array.from({ length: slots }, (_, n) => {
      const key = `leases/slots/${source}/${n}.json`;
      return lookAtLease(store, { key, right: `a slot of the source ${source}`, job, runId }, times);
    }),
  );

// With more runs at the front, they would read each other's slots for nothing. This many can take a slot every fifth of
// a heartbeat.
const MAX_AT_THE_FRONT = 16;

/**
 * Queues for one of the slots of a source.
 *
 * A slot is a lease (`leases/slots/{source}/{n}.json`, n from 0), so there are never more holders than slots: it has
 * the same conditional write, heartbeat and expiry by the store's clock as a job's lease. A waiting run has a ticket
 * (`leases/queue/{source}/{runId}.json`) that it writes again three times in an expiry; an older one belongs to a dead
 * run, and is ignored and removed. The ticket of a parked run, which waits outside of any process, lasts longer.
 * Tickets are served in the order of run ids, which begin with the scheduled time or the time of the request, so a run
 * that comes back has its place again. A run takes a slot only if there are fewer live tickets before it than free
 * slots.
 *
 * The first `slots` runs in the queue (at most 16) look at the slots every fifth of a heartbeat (2 s). Those behind
 * them look less often the further back they are, down to three times in an expiry (15 s). 196 runs that wait for 4
 * slots cost per hour: 47,000 tickets written, 59,000 lists, 29,000 slots read, and for the heartbeat of their jobs'
 * leases 71,000 writes and as many reads: about 180,000 requests at 0.005 $ and 100,000 at 0.0004 $ per thousand (S3
 * Standard, us-east-1), 0.93 $.
 */
export function queueForSlot(store: DocumentStore, claim: SlotClaim): Waiter {
  const { source, slots, job, runId, times, now = () => performance.now() } = claim;
  const ticket = ticketKey(source, runId);
  const parked = parkedKey(source, runId, job);
  let hasParked = false;
  const front = Math.min(slots, MAX_AT_THE_FRONT);
  const touchMs = times.expiryMs / 3;
  let touchedAt = Number.NEGATIVE_INFINITY;

  const leave = async () => {
    const keys = hasParked ? [ticket, parked] : [ticket];
    await Promise.all(keys.map((key) => store.remove(key).catch(() => {})));
  };
  const takeSlot = async (before: number): Promise<Lease | undefined> => {
    const seen = await lookAtSlots(store, claim);
    // An earlier attempt of this run left it, or a write took it whose answer was lost: nobody else may count it.
    const own = seen.find((slot) => !slot.free && slot.runId === runId);
    const free = seen.filter((slot) => slot.free);
    if (!own && before >= free.length) return undefined;
    // Each run at the front begins with a different slot, so that they do not all try the first.
    for (const slot of [...(own ? [own] : []), ...free.slice(before), ...free.slice(0, before)]) {
      const lease = await slot.take();
      if (lease) return lease;
    }
    return undefined;
  };

  const look = async (): Promise<Look> => {
    const asked = now();
    if (asked - touchedAt >= touchMs) {
      await store.put(ticket, JSON.stringify({ schemaVersion: 1, job, runId }));
      touchedAt = asked;
    }
    const tickets = await listTickets(store, source);
    hasParked ||= tickets.some(({ key }) => key === parked);
    const ahead = tickets.filter((other) => other.runId < runId);
    const before = ahead.filter((other) => isInQueue(other, times.expiryMs)).length;
    if (before < front) {
      const dead = ahead.filter((other) => !isInQueue(other, times.expiryMs));
      await Promise.all(dead.map(({ key }) => store.remove(key)));
      const slot = await takeSlot(before);
      if (slot) return { slot };
    }
    const pollMs = (times.heartbeatMs / 5) * (1 + Math.floor(before / front));
    return { before, pollMs: Math.min(pollMs, touchMs) };
  };

  return {
    leave,
    look,
    async park() {
      hasParked = true;
      await store.put(parked, JSON.stringify({ schemaVersion: 1, job, runId, slots }));
      const seen = await look();
      if ('slot' in seen) return seen.slot;
      await store.remove(ticket);
      // Those before this one may have missed it, too.
      if ((await lookAtSlots(store, claim)).some(({ free }) => free)) await announceFreeSlot(store, source);
      return undefined;
    },
  };
}
