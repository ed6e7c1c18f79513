const LONGEST_MS = 3_600_000;

/**
 * Milliseconds to wait according to a Retry-After header: seconds or an HTTP date. More than an hour counts as an hour.
 *
 * @returns undefined when it is absent or cannot be understood
 */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  // Some servers count fractions. Anything else without a name of a month would be a year to Date.parse.
  const isNumber = /^\d+(\.\d*)?$/.test(text);
  const ms = isNumber ? Math.ceil(Number(text) * 1_000) : Date.parse(/[a-z]/i.test(text) ? text : '') - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_MS);
}
