import type { Sleep } from '../../../shared/sleep.ts';

/** A time that passes only when everybody waits for it. */
export interface VirtualClock {
  /** Milliseconds since it was made. */
  now(): number;
  sleep: Sleep;
  /** Lets time pass until the work is done. Throws what the work throws, and when it waits for nothing. */
  run<T>(work: Promise<T>): Promise<T>;
}

interface Sleeper {
  at: number;
  wake: () => void;
}

/** A clock for many processes that sleep side by side: an hour of theirs passes in a moment, in the same order each time. */
export function createVirtualClock(): VirtualClock {
  let now = 0;
  // The next one last; of those that wake at one time, the one that has slept longest.
  const sleepers: Sleeper[] = [];
  const insert = (sleeper: Sleeper) => {
    const place = sleepers.findLastIndex(({ at }) => at > sleeper.at) + 1;
    sleepers.splice(place, 0, sleeper);
  };
  const wakeNext = () => {
    const first = sleepers.pop();
    if (!first) throw new Error('Nobody sleeps, and the work is not done.');
    now = Math.max(now, first.at);
    first.wake();
  };
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          const place = sleepers.indexOf(sleeper);
          if (place < 0) return;
          sleepers.splice(place, 1);
          reject(signal?.reason);
        };
        const wake = () => {
          // A signal that thousands of sleeps listen to takes its time for the next one.
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const sleeper: Sleeper = { at: now + ms, wake };
        insert(sleeper);
        signal?.addEventListener('abort', onAbort);
      }),
    async run(work) {
      let done = false;
      const settled = work.finally(() => {
        done = true;
      });
      settled.catch(() => {});
      for (;;) {
        // All that follows from the last step but for what sleeps.
        await new Promise((resolve) => setImmediate(resolve));
        if (done) return settled;
        wakeNext();
      }
    },
  };
}
