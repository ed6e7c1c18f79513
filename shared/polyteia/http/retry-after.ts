const LONGEST_MS = 3_600_000;

/**
 * Milliseconds to wait according to a Retry-After header: seconds or an HTTP date. More than an hour counts as an hour.
 *
 * @returns undefined when it is absent or cannot be understood
 */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_MS);
}
