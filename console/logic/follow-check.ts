import type { JobCheck } from '../calls/types.ts';

/** A check that this page has asked for. */
export interface AskedCheck {
  id: string;
  /** When, by this browser's clock: that of the server may be another. In ms since 1970. */
  at: number;
}

// A check takes three minutes at most (shared/runs/records/job-check.ts), and may have to wait for its turn.
const SILENT_MS = 240_000;

/**
 * What became of a check. There is one place for the newest check of a job, so another one may be there instead: one of
 * a later id (UUIDv7, in the order of time) has ended the one that was asked for.
 *
 * @param known the newest check; undefined: none is known
 * @param now in ms since 1970
 * @returns `silent`: nothing has come for so long that nothing will
 */
export function followCheck(
  known: Pick<JobCheck, 'id' | 'endedAt'> | undefined,
  asked: AskedCheck,
  now: number,
): 'waiting' | 'under-way' | 'ended' | 'silent' {
  const isAnswer = known !== undefined && known.id >= asked.id;
  if (isAnswer && known.endedAt !== undefined) return 'ended';
  if (now - asked.at > SILENT_MS) return 'silent';
  return isAnswer ? 'under-way' : 'waiting';
}
