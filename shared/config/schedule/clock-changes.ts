const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A change of a zone's clock: summer time begins or ends, or a country changes its zone. */
export interface ClockChange {
  /** The moment of the change, in milliseconds of Unix time. */
  at: number;
  /** The offset from UTC until then, in milliseconds. */
  before: number;
  /** The offset from then on. */
  after: number;
}

// Creating one takes longer than using it a thousand times.
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

/**
 * The offset of a zone's clock from UTC at a moment, in milliseconds. (Temporal can do this, but in Node 24 it is
 * behind a flag.)
 */
export function offsetAt(zone: string, at: number): number {
  const parts = new Map(
    formatterOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const wall = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return wall - Math.floor(at / 1000) * 1000;
}

/** The changes of a zone's clock between two moments, not including the first. No zone has two within a day. */
export function clockChanges(zone: string, from: number, until: number): ClockChange[] {
  const changes: ClockChange[] = [];
  let start = from;
  let before = offsetAt(zone, start);
  while (start < until) {
    const end = Math.min(start + DAY, until);
    const after = offsetAt(zone, end);
    if (after !== before) {
      let [low, high] = [start, end];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (offsetAt(zone, middle) === before) low = middle;
        else high = middle;
      }
      changes.push({ at: high, before, after });
    }
    start = end;
    before = after;
  }
  return changes;
}

/**
 * The offset of a moment, `+02:00`, where the clock of its zone shows the same time twice: once before it was set back,
 * and once after.
 *
 * @returns undefined for a time that is there once
 */
export function offsetOfTwin(zone: string, at: number): string | undefined {
  const offset = offsetAt(zone, at);
  const around = [offsetAt(zone, at - 3 * HOUR), offsetAt(zone, at + 3 * HOUR)];
  const isTwice = around.some((other) => other !== offset && offsetAt(zone, at + offset - other) === other);
  if (!isTwice) return undefined;
  const minutes = Math.abs(offset) / 60_000;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
