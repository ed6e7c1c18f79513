import { SourceUnavailableError } from '../../errors.ts';
import { sleep } from '../../sleep.ts';
import { type Login, placeOf } from '../credentials/credentials.ts';

// Questions while a session is opened take no time, so a source that is silent for longer hangs. PgBouncer lets a
// client wait two minutes for a connection (query_wait_timeout).
const OPENING_ANSWER_MS = 150_000;
const INTERRUPT_INTERVAL_MS = 100;
const CANCEL_GRACE_MS = 4_000;

/** Each further try would leave one more thread that waits forever, of which there are few. */
class SilentSourceError extends SourceUnavailableError {
  override readonly retryable = false;
}

// How long a source may take to end a transaction that failed, also in a run that was asked to stop.
const ROLL_BACK_MS = 30_000;
const ABORTED_ROLL_BACK_MS = 1_500;

/** Whether a rollback has ended in time, successfully or not. Never rejects. */
export async function hasRolledBack(
  running: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const limitMs = signal?.aborted ? ABORTED_ROLL_BACK_MS : ROLL_BACK_MS;
  const ended = new AbortController();
  const limit = sleep(limitMs, ended.signal).then(
    () => false,
    () => true,
  );
  const end = running.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([end, limit]);
  } finally {
    ended.abort();
  }
}

/**
 * Rejects when the source accepts a session and then says nothing while it is opened. Never resolves.
 *
 * @param ended aborted when the answer has come
 * @param options.giveUp called before it rejects, while the statement is still running
 */
export function rejectWhenSilent(
  login: Login,
  ended: AbortSignal,
  { answerMs = OPENING_ANSWER_MS, giveUp }: { answerMs: number | undefined; giveUp: () => void },
): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(() => {
      giveUp();
      reject(
        new SilentSourceError(
          `The source at ${placeOf(login)} accepts the connection and then does not answer.`,
          {
            hint: 'Check the database itself: it hangs, or a pooler in front of it has no free connection.',
          },
        ),
      );
    }, answerMs);
    ended.addEventListener('abort', () => clearTimeout(timer));
  });
}

/**
 * Has a statement cancelled once `signal` is aborted, and rejects with its reason when the statement has not ended
 * within the grace period. Never resolves.
 *
 * @param ended aborted when the statement has ended
 * @param stop.interrupt is called repeatedly, because DuckDB forgets one that comes before the statement has begun
 */
export function rejectWhenAborted(
  signal: AbortSignal | undefined,
  ended: AbortSignal,
  stop: { interrupt: () => void; cancel: () => Promise<void>; giveUp: () => void },
): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (!signal) return;
    const onAbort = () => {
      const interrupting = setInterval(stop.interrupt, INTERRUPT_INTERVAL_MS);
      const timer = setTimeout(() => {
        stop.giveUp();
        reject(signal.reason);
      }, CANCEL_GRACE_MS);
      ended.addEventListener('abort', () => {
        clearInterval(interrupting);
        clearTimeout(timer);
      });
      stop.cancel().catch(() => {
        // If the source cannot be reached to cancel, there is no point in waiting: the grace period ends the statement.
      });
    };
    signal.addEventListener('abort', onAbort, { once: true, signal: ended });
  });
}
