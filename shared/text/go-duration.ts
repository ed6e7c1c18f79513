const unitNanoseconds: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  // Both are in use: the micro sign U+00B5 and the Greek letter U+03BC.
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

// Go keeps a duration in 64 bits.
const LONGEST = 2n ** 63n - 1n;

/**
 * Reads a duration as Go's time.ParseDuration does: `1h30m`, `1.5s`, `500ms`, `-2m`, `0`.
 *
 * @returns nanoseconds, or undefined for a text that Go refuses
 */
export function parseGoDuration(text: string): bigint | undefined {
  const [, sign, rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0n;
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let total = 0n;
  for (const [, number = '', unit = ''] of rest.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    const [whole, fraction = ''] = number.split('.');
    const nanoseconds = unitNanoseconds[unit] ?? 0n;
    total += BigInt(whole || 0) * nanoseconds;
    // Anything finer than a nanosecond is cut off.
    total += (BigInt(fraction || 0) * nanoseconds) / 10n ** BigInt(fraction.length);
  }
  // Go's range extends one further down than up.
  if (total > (sign === '-' ? LONGEST + 1n : LONGEST)) return undefined;
  return sign === '-' ? -total : total;
}

/** The duration in milliseconds; undefined for a text that Go refuses. */
export function goDurationMs(text: string): number | undefined {
  const nanoseconds = parseGoDuration(text);
  return nanoseconds === undefined ? undefined : Number(nanoseconds) / 1_000_000;
}
