import { QueuedError } from '../../errors.ts';
import { type Sleep, sleep as sleepByClock } from '../../sleep.ts';
import type { Lease } from './lease.ts';
import type { Waiter } from './slots.ts';

export interface SlotWaitOptions {
  waiter: Waiter;
  /** Ends the wait, with its reason. */
  signal: AbortSignal;
  /** Until when it makes sense to wait here; undefined: no limit. */
  until: Date | undefined;
  /** Leaves a ticket that outlasts this process, instead of waiting in it. */
  parks?: boolean;
  /** Called after each look without success, with the number of runs before this one. */
  onWait: (before: number) => Promise<void> | void;
  /** Retries failures that may pass on their own. */
  retry: <T>(work: () => Promise<T>) => Promise<T>;
  sleep?: Sleep;
  /** @default Date.now */
  now?: () => number;
}

// The share of the run's time that remains when its wait ends at the latest: enough for nearly any run that fits into
// the whole.
const SHARE_TO_WAIT = 1 / 3;

/**
 * Until when a run that must end at `deadline` may wait for a slot: the first third of its time, so that two thirds are
 * left for the work.
 */
export function endOfWait(deadline: Date | undefined, now: number = Date.now()): Date | undefined {
  return deadline && new Date(now + Math.max(0, deadline.getTime() - now) * SHARE_TO_WAIT);
}

/**
 * Waits for a slot. The place in the queue is given up however the wait ends, unless the run is parked; the same run id
 * gets the same place again.
 *
 * @throws QueuedError when it took too long for this process; the signal's reason; StorageUnavailableError
 */
export async function waitForSlot(options: SlotWaitOptions): Promise<Lease> {
  const { waiter, signal, until, onWait, retry, sleep = sleepByClock, now = Date.now } = options;
  let isParked = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const seen = await retry(() => waiter.look());
      if ('slot' in seen) return seen.slot;
      await onWait(seen.before);
      if (options.parks) {
        const slot = await retry(() => waiter.park());
        if (slot) return slot;
        isParked = true;
        throw new QueuedError('The run waits for a slot of its source, and is started when it has its turn.');
      }
      if (until !== undefined && now() + seen.pollMs > until.getTime()) {
        throw new QueuedError(
          'The run is still waiting for a slot of its source, and this invocation has too little time left.',
          {
            hint: 'It is started again with the same id and keeps its place in the queue. If this happens often, raise maxConcurrentRuns of the source or spread the schedules.',
          },
        );
      }
      await sleep(seen.pollMs, signal);
    }
  } finally {
    if (!isParked) await waiter.leave();
  }
}
