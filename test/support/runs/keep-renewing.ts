import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Renews leases or slots as a heartbeat does, until this is disposed of: one renewal after another, because each names the version that the
 * one before it wrote.
 */
export interface Renewing extends AsyncDisposable {
  /** @throws the error of a lease that was lost */
  end(): Promise<void>;
}

export function keepRenewing(
  held: readonly { renew(progress: object): Promise<unknown> }[],
  everyMs: number,
): Renewing {
  const pause = new AbortController();
  const renewing = (async () => {
    while (!pause.signal.aborted) {
      await Promise.all(held.map((lease) => lease.renew({})));
      await sleep(everyMs, undefined, pause).catch(() => {});
    }
  })();
  // Told where it ends.
  renewing.catch(() => {});
  const end = () => {
    pause.abort();
    return renewing;
  };
  return { end, [Symbol.asyncDispose]: () => end().catch(() => {}) };
}
