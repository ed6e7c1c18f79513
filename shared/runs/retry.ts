import { FerryError, LockedCatalogError } from '../errors.ts';
import { type Sleep, sleep as sleepByClock } from '../sleep.ts';

/** What a caller is given before a wait. */
export interface Retry {
  /** Why the try failed. */
  error: FerryError;
  /** Number of the try that failed, from 1. */
  attempt: number;
  waitMs: number;
}

export interface RetryOptions {
  /** Moment that no wait may pass; undefined: only `maxTries` ends it. */
  budget: Date | undefined;
  signal?: AbortSignal | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
  /** @default 8, which is about a minute of waiting on average, and two at most */
  maxTries?: number;
  /** A number from 0 up to 1. */
  random?: () => number;
  sleep?: Sleep;
  /** @default Date.now */
  now?: () => number;
}

const BASE_MS = 1_000;
const CAP_MS = 60_000;
const MAX_TRIES = 8;

/**
 * Retries failures that may pass on their own (`retryable`), and no others. The waits grow exponentially and are drawn
 * from the whole range below (full jitter), so that jobs that failed together do not come back together. If a server
 * says how long to wait, it is not asked earlier.
 *
 * @param work is called with the number of the try, from 1
 * @throws the last try's error; the signal's reason when it is aborted
 */
export async function retryWithin<T>(
  options: RetryOptions,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  const { budget, signal, maxTries = MAX_TRIES, random = Math.random, now = Date.now } = options;
  const sleep = options.sleep ?? sleepByClock;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof FerryError) || !error.retryable) throw error;
      const most = error instanceof LockedCatalogError ? Math.max(maxTries, MAX_TRIES) : maxTries;
      if (attempt >= most) throw error;
      const jittered = random() * Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1));
      const waitMs = Math.round(Math.max(jittered, error.retryAfterMs ?? 0));
      // A try that could only begin after the deadline would be killed in the middle.
      if (budget !== undefined && now() + waitMs >= budget.getTime()) throw error;
      options.onRetry?.({ error, attempt, waitMs });
      await sleep(waitMs, signal);
    }
  }
}
