import type { Sleep } from '../../shared/sleep.ts';

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
  const sleepers = new Set<Sleeper>();
  const wakeNext = () => {
    const [first] = [...sleepers].sort((a, b) => a.at - b.at);
    if (!first) throw new Error('Nobody sleeps, and the work is not done.');
    sleepers.delete(first);
    now = Math.max(now, first.at);
    first.wake();
  };
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const sleeper: Sleeper = { at: now + ms, wake: () => resolve() };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          if (sleepers.delete(sleeper)) reject(signal.reason);
        });
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
