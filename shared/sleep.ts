import { setTimeout as wait } from 'node:timers/promises';

/** Waits for a time. Ends at once when the signal is aborted, with the signal's own reason. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** How a run waits between tries and between questions. */
export interface Clock {
  sleep: Sleep;
  now: () => number;
}

/** {@link Sleep} with the real clock. */
export const sleep: Sleep = async (ms, signal) => {
  try {
    await wait(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    // Node throws its own AbortError; callers need the reason.
    signal?.throwIfAborted();
    throw error;
  }
};

/** The real clock. */
export const realClock: Clock = { sleep, now: () => Date.now() };
