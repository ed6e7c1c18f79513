import { CancelledError, LeaseLostError } from '../../errors.ts';
import type { Lease, LeaseTimes, Progress } from './lease.ts';

export interface HeartbeatOptions {
  lease: Lease;
  times: LeaseTimes;
  /** How far the run has come. */
  progress: () => Progress;
  /** Who asked the run to stop. */
  findCancelRequest: () => Promise<string | undefined>;
  /** Called once, with the reason, when the run must stop. */
  onStop: (reason: LeaseLostError | CancelledError) => void;
}

/** Renews a lease in time, until it is disposed of. */
export interface Heartbeat extends AsyncDisposable {
  /**
   * Renews now.
   *
   * @throws LeaseLostError when the run no longer holds the lease
   */
  beat(): Promise<void>;
  /**
   * Renews now, for a run in the middle of something: a store that is unreachable for a moment does not end the run.
   *
   * @throws LeaseLostError when the run no longer holds the lease; StorageUnavailableError when others may believe that
   *   it is dead
   */
  confirm(): Promise<void>;
  /** Looks now whether somebody asked the run to stop. */
  look(): void;
  /** Renews another lease together with the first, and releases it when disposed of. Losing it ends the run as well. */
  hold(lease: Lease): AsyncDisposable;
}

/** Starts to renew a lease. The holder is asked to stop when it has lost the lease, or when a person asked for that. */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { lease, times, progress, findCancelRequest, onStop } = options;
  let renewedAt = performance.now();
  let stopped = false;
  const held = new Set([lease]);
  // One at a time: each renewal names the version that the previous one wrote.
  let last: Promise<void> = Promise.resolve();

  const renew = (): Promise<void> => {
    const next = last
      .catch(() => {})
      .then(async () => {
        const asked = performance.now();
        const renewals = await Promise.allSettled([...held].map((one) => one.renew(progress())));
        const failed = renewals.find(({ status }) => status === 'rejected');
        if (failed?.status === 'rejected') throw failed.reason;
        renewedAt = asked;
      });
    last = next;
    return next;
  };

  /** Whether others may believe that the holder is dead, because it could not renew for so long. */
  const isSilent = () => performance.now() - renewedAt > times.expiryMs - times.heartbeatMs;

  const obeyRequest = async () => {
    const requestedBy = await findCancelRequest();
    if (requestedBy !== undefined) onStop(new CancelledError(`The run was cancelled by ${requestedBy}.`));
  };

  const tick = async () => {
    try {
      await renew();
      await obeyRequest();
    } catch (error) {
      // An unreachable store does not matter until others may believe that the holder is dead.
      if (error instanceof LeaseLostError) onStop(error);
      else if (isSilent()) {
        onStop(
          new LeaseLostError('The lease could not be renewed in time, so another run may have it.', {
            cause: error,
            hint: 'Find out why the store could not be written to.',
          }),
        );
      }
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const schedule = () => {
    timer = setTimeout(async () => {
      await tick();
      if (!stopped) schedule();
    }, times.heartbeatMs);
    timer.unref();
  };
  schedule();

  return {
    beat: renew,
    async confirm() {
      try {
        await renew();
      } catch (error) {
        if (error instanceof LeaseLostError || isSilent()) throw error;
      }
    },
    look() {
      // The next tick looks again.
      if (!stopped) obeyRequest().catch(() => {});
    },
    hold(other) {
      held.add(other);
      return {
        async [Symbol.asyncDispose]() {
          if (!held.delete(other)) return;
          // A renewal in progress names the version that the release would name.
          await last.catch(() => {});
          await other.release().catch(() => {
            // It expires on its own.
          });
        },
      };
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearTimeout(timer);
      await last.catch(() => {});
    },
  };
}
