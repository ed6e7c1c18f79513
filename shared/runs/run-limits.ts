import { CancelledError, DeadlineError, FerryError } from '../errors.ts';
import type { RunRecord } from './records/run-record.ts';

// Reserved for interrupting DuckDB, removing the folder and writing the record.
const DEADLINE_MARGIN_MS = 10_000;

/** The deadline of a run that no platform kills, and that ends itself after this time. */
export function deadlineOfOwn(limitMs: number, now: number = Date.now()): Date {
  return new Date(now + limitMs + DEADLINE_MARGIN_MS);
}

/** When the work must have ended, so that the run ends before the platform kills it. */
export function workDeadline(deadline: Date): Date {
  return new Date(deadline.getTime() - DEADLINE_MARGIN_MS);
}

// Waiting ends before the run is aborted; otherwise, something unfinished would be recorded as a failure.
const WAIT_MARGIN_MS = 5_000;

/** When waiting for something outside must have ended. */
export function waitDeadline(deadline: Date): Date {
  return new Date(workDeadline(deadline).getTime() - WAIT_MARGIN_MS);
}

/**
 * How long Ferry waits for the work of a run that was asked to stop. After that, it abandons whatever the work waits
 * for (a source, a disk, a native thread): the time until somebody ends the process is needed for the record.
 */
export const LAST_CALL_MS = 6_000;

// The longest time that a timer accepts; a longer one would end at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const READ_FASTER: Readonly<Record<RunRecord['kind'], string>> = {
  sync: 'Read less (a narrower query), make the query faster, or split the job in two: a Lambda function ends after 15 minutes.',
  extraction:
    'Give the function more time or memory (which also gives it more CPU), or split the databases between two extractions: a Lambda function ends after 15 minutes.',
};

/** What to do about a run that was killed. */
export const killedHint = (kind: RunRecord['kind']) =>
  `Usually memory: give the function, container or machine more of it, or ${kind === 'extraction' ? 'read fewer databases' : 'select fewer columns'}. If that is not it, check for a full disk, the platform’s time limit, or restarts.`;

/** The caller's signal and the deadline, combined. */
export function limitRun({
  kind,
  signal,
  deadline,
  deadlineHint,
}: {
  kind: RunRecord['kind'];
  signal?: AbortSignal | undefined;
  deadline?: Date | undefined;
  /** What to do about it. @default for a function */
  deadlineHint?: string | undefined;
}): {
  signal: AbortSignal;
  stop: (reason: Error) => void;
  clear: () => void;
} {
  const controller = new AbortController();
  const cancel = () => {
    const reason: unknown = signal?.reason;
    controller.abort(reason instanceof FerryError ? reason : new CancelledError('The run was cancelled.'));
  };
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  const timer =
    deadline &&
    setTimeout(
      () =>
        controller.abort(
          new DeadlineError('The run was about to exceed its time limit.', {
            hint: deadlineHint ?? READ_FASTER[kind],
          }),
        ),
      Math.min(LONGEST_TIMER_MS, Math.max(0, workDeadline(deadline).getTime() - Date.now())),
    );
  return {
    signal: controller.signal,
    stop: (reason) => controller.abort(reason),
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    },
  };
}
