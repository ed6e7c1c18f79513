import { goDurationMs } from '../shared/text/go-duration.ts';

const LONGEST_MS = 500 * 3_600_000;

/** What a time limit looks like, for messages. */
export const TIME_FORM = 'a time such as 90s, 30m or 12h, at most 500h';

/**
 * A time limit as it was typed.
 *
 * @returns milliseconds; undefined for a text that is none, and for more than 500 hours
 */
export function timeLimitMs(text: string): number | undefined {
  const ms = goDurationMs(text);
  return ms === undefined || ms > LONGEST_MS ? undefined : ms;
}
