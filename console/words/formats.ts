import { offsetOf } from '../logic/clock.ts';

/** Numbers, sizes and moments as people of a language write them. */
export interface Formats {
  count(value: number): string;
  bytes(value: number): string;
  /** 1234 → "1.2 s". */
  duration(ms: number): string;
  /**
   * A moment in a zone: "22/11/2026, 04:30", with the offset where the clock is set back and shows it twice. @default
   * the browser's zone
   */
  moment(iso: string, zone?: string): string;
  /** The same with the weekday. */
  planned(iso: string, zone: string): string;
  /** "in 3 hours", "2 days ago". */
  relative(iso: string, now: number): string;
  /** Its day only: "22 Nov". */
  day(iso: string): string;
  /** A local time without a zone, `2027-03-28T02:30`. */
  local(text: string): string;
  /** The same without its day. */
  clock(text: string): string;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];
const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** By how much a zone sets its clock back, in ms: half an hour on Lord Howe Island, two hours at Troll, elsewhere an hour. */
const SET_BACK_BY = [1_800_000, 3_600_000, 7_200_000];

/** @param language a tag of BCP 47: `de`, `en-GB` */
export function createFormats(language: string): Formats {
  const counts = new Intl.NumberFormat(language);
  const short = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
  const days = new Intl.DateTimeFormat(language, { day: '2-digit', month: '2-digit' });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  // Creating one takes longer than using it a hundred times.
  const zones = new Map<string, Intl.DateTimeFormat>();
  const inZone = (zone: string | undefined, weekday: boolean) => {
    const key = `${zone} ${weekday}`;
    const known =
      zones.get(key) ??
      new Intl.DateTimeFormat(language, {
        ...(zone === undefined ? {} : { timeZone: zone }),
        ...(weekday ? { weekday: 'short' } : {}),
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      });
    zones.set(key, known);
    return known;
  };
  return {
    count: (value) => counts.format(value),
    bytes(value) {
      let rest = value;
      let unit = 0;
      while (rest >= 999.5 && unit < UNITS.length - 1) {
        rest /= 1000;
        unit += 1;
      }
      return `${short.format(rest)} ${UNITS[unit]}`;
    },
    duration(ms) {
      if (ms < 1_000) return `${Math.round(ms)} ms`;
      if (ms < 59_500) return `${short.format(ms / 1_000)} s`;
      // Rounded once, or 59.6 s would be 0 min 59 s.
      const seconds = Math.round(ms / 1_000);
      if (seconds < 3_600)
        return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
      const minutes = Math.round(ms / 60_000);
      return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
    },
    moment(iso, zone) {
      const format = inZone(zone, false);
      const text = format.format(new Date(iso));
      const isTwin = SET_BACK_BY.some((ms) =>
        [-ms, ms].some((away) => format.format(Date.parse(iso) + away) === text),
      );
      return isTwin ? `${text} (${offsetOf(format.resolvedOptions().timeZone, iso)})` : text;
    },
    planned: (iso, zone) => inZone(zone, true).format(new Date(iso)),
    relative(iso, now) {
      const ms = Date.parse(iso) - now;
      const [unit, length] = STEPS.find(([, step]) => Math.abs(ms) >= step) ?? (['second', 1_000] as const);
      return relative.format(Math.round(ms / length), unit);
    },
    day: (iso) => days.format(new Date(iso)),
    clock: (text) => text.slice(11),
    local: (text) => inZone('UTC', false).format(new Date(`${text}:00Z`)),
  };
}
