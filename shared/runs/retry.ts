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
  /** Moment that no wait may pass; undefined: only `maxTries` or `patienceMs` ends it. */
  budget: Date | undefined;
  signal?: AbortSignal | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
  /** Ends it whatever was waited. @default no such limit: `patienceMs` ends it */
  maxTries?: number;
  /** How long to wait in all, in ms; without effect where `maxTries` is given. @default {@link PATIENCE_MS} */
  patienceMs?: number | undefined;
  /** The same wait after each try, in ms, instead of growing ones. */
  pauseMs?: number | undefined;
  /** What several calls have in common that wait for the same thing. */
  outage?: Outage | undefined;
  /** The first try, when it was made elsewhere: the wait goes on from there, and at least one more try follows. */
  before?: FailedTry | undefined;
  /** A number from 0 up to 1. */
  random?: () => number;
  sleep?: Sleep | undefined;
  /** @default Date.now */
  now?: () => number;
}

/**
 * An outage, shared by the calls of a run: once one of them has waited in vain, the next ones do not wait as long again
 * for each database of a source that is gone. It is over when any of them succeeds.
 */
export interface Outage {
  outlasted: boolean;
}

/** A try that failed, and when. */
export interface FailedTry {
  error: FerryError;
  at: number;
}

const BASE_MS = 1_000;
const CAP_MS = 60_000;
// Of what no length of waiting is known to help: one or two minutes.
const SHORT_TRIES = 8;

/**
 * How long a failure may last that no person waits for: a database that restarts, fails over or is maintained is away
 * for minutes. The Go connector waited two.
 */
export const PATIENCE_MS = 10 * 60_000;

/**
 * Retries failures that may pass on their own (`retryable`), and no others. The waits grow exponentially up to a minute,
 * and are drawn from the upper half of each range, so that jobs that failed together do not come back together, and that
 * all of them outlast the same outage. If a server says how long to wait, it is not asked earlier.
 *
 * @param work is called with the number of the try, from 1
 * @throws the last try's error; the signal's reason when it is aborted
 */
export async function retryWithin<T>(
  options: RetryOptions,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  const { budget, signal, outage, before, now = Date.now } = options;
  const sleep = options.sleep ?? sleepByClock;
  let waitedMs = 0;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    const earlier = attempt === 1 ? before : undefined;
    const tried = earlier ?? (await tryOnce(() => work(attempt), signal));
    if ('result' in tried) {
      if (outage) outage.outlasted = false;
      return tried.result;
    }
    const { error } = tried;
    if (isEnough(error, attempt, waitedMs, options)) {
      if (outage) outage.outlasted = true;
      throw error;
    }
    const goneMs = earlier ? Math.max(0, now() - earlier.at) : 0;
    const waitMs = Math.max(0, pauseAfter(error, attempt, options) - goneMs);
    // A try that could only begin after the deadline would be killed in the middle.
    if (budget !== undefined && now() + waitMs >= budget.getTime()) throw error;
    // Of one that was made long ago, somebody else has told.
    if (waitMs > 0 || !earlier) options.onRetry?.({ error, attempt, waitMs });
    await sleep(waitMs, signal);
    waitedMs += goneMs + waitMs;
  }
}

/** @throws what another try cannot help; the signal's reason when it is aborted */
async function tryOnce<T>(
  work: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<{ result: T } | { error: FerryError }> {
  try {
    return { result: await work() };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof FerryError) || !error.retryable) throw error;
    return { error };
  }
}

function isEnough(
  error: FerryError,
  attempt: number,
  waitedMs: number,
  { maxTries, patienceMs = PATIENCE_MS, outage }: RetryOptions,
): boolean {
  // The object is then left out, and the rest of the catalog is read.
  if (error instanceof LockedCatalogError) return attempt >= Math.max(maxTries ?? 0, SHORT_TRIES);
  if (maxTries !== undefined) return attempt >= maxTries;
  return waitedMs >= patienceMs || (outage?.outlasted === true && attempt >= SHORT_TRIES);
}

function pauseAfter(
  error: FerryError,
  attempt: number,
  { pauseMs, random = Math.random }: RetryOptions,
): number {
  const ownMs =
    pauseMs !== undefined && !(error instanceof LockedCatalogError)
      ? pauseMs
      : ((1 + random()) / 2) * Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1));
  return Math.round(Math.max(ownMs, error.retryAfterMs ?? 0));
}

/**
 * Retries a lock of the source's catalog only, as a run does; anything else is final. For commands that a person waits
 * for.
 */
export function retryLockedCatalog<T>(
  options: Pick<RetryOptions, 'signal' | 'onRetry' | 'sleep'>,
  work: () => Promise<T>,
): Promise<T> {
  return retryWithin({ ...options, budget: undefined, maxTries: 1 }, work);
}
