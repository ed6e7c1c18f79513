import { DeadlineError, PolyteiaRejectedError, PolyteiaUnavailableError } from '../../errors.ts';
import { type Sleep, sleep as sleepByClock } from '../../sleep.ts';
import type { Ingest, IngestStatus, IngestWait } from '../polyteia-client.ts';
import { formatHint, type UploadFormat } from '../upload-format.ts';

export interface IngestPolling {
  pollIntervalMs: number;
  timeoutMs: number;
  /** What was uploaded. */
  format: UploadFormat;
  sleep?: Sleep | undefined;
  /** @default Date.now */
  now?: (() => number) | undefined;
}

/**
 * Asks about an ingest, at once and then at intervals, until it has ended. Failures that may pass on their own do not
 * stop the waiting.
 *
 * @throws PolyteiaRejectedError when Polyteia could not read the file, or asking is pointless; DeadlineError after the
 *   time-out
 */
export async function waitForIngest(
  getStatus: () => Promise<IngestStatus>,
  ingest: Ingest,
  wait: IngestWait,
  polling: IngestPolling,
): Promise<'completed' | 'unfinished'> {
  const { pollIntervalMs, timeoutMs, format, sleep = sleepByClock, now = Date.now } = polling;
  const { since = new Date(now()), until, signal } = wait;
  const timeout = since.getTime() + timeoutMs;
  const end = Math.min(timeout, until?.getTime() ?? timeout);
  for (;;) {
    let pause = pollIntervalMs;
    let trouble: PolyteiaUnavailableError | undefined;
    try {
      const status = await getStatus();
      if (status.state === 'completed') return 'completed';
      if (status.state === 'failed') throw failed(ingest, status.reason, format);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof PolyteiaUnavailableError)) throw error;
      trouble = error;
      pause = Math.max(pause, error.retryAfterMs ?? 0);
    }
    const left = end - now();
    if (left <= 0) {
      if (end < timeout) return 'unfinished';
      throw overdue(ingest, timeoutMs, trouble);
    }
    // The last question comes at the very end.
    await sleep(Math.min(pause, left), signal);
  }
}

function failed(
  { id, dataset }: Ingest,
  reason: string | undefined,
  format: UploadFormat,
): PolyteiaRejectedError {
  const about = reason === undefined ? '' : ` (${reason})`;
  return new PolyteiaRejectedError(
    `Polyteia accepted the file for dataset ${dataset} but could not read it${about}: ingest ${id} failed.`,
    {
      hint: `Polyteia's own words may quote the data and are not repeated; Polyteia's support can find them by the ingest's id. ${formatHint('session', format)}`,
    },
  );
}

function overdue(
  { id, dataset }: Ingest,
  timeoutMs: number,
  trouble: PolyteiaUnavailableError | undefined,
): DeadlineError {
  const minutes = Math.round(timeoutMs / 6_000) / 10;
  const last = trouble ? ` The last status request failed: ${trouble.message}` : '';
  return new DeadlineError(
    `Polyteia accepted the file for dataset ${dataset} but has not read it after ${minutes} min: ingest ${id}.${last}`,
    {
      ...(trouble ? { cause: trouble } : {}),
      hint: 'Look at the dataset in Polyteia: it may still be replaced. If reading takes that long, raise polyteia.<target>.ingest.timeout.',
    },
  );
}
