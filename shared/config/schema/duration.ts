import * as z from 'zod';
import { goDurationMs } from '../../text/go-duration.ts';

/**
 * Schema of a duration between two limits, in Go's notation. It stays text, so that a parsed configuration can be
 * parsed again.
 */
export function durationBetween(least: string, most: string) {
  const [min = 0, max = Number.POSITIVE_INFINITY] = [goDurationMs(least), goDurationMs(most)];
  return z.string().refine((text) => {
    const ms = goDurationMs(text);
    return ms !== undefined && ms >= min && ms <= max;
  }, `a duration such as 5s, 30m or 1h30m, from ${least} to ${most}`);
}
