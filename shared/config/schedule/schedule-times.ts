import { clockChanges, offsetAt } from './clock-changes.ts';
import type { CronSchedule, DayRule } from './parsed-schedule.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
// EventBridge's years end here.
const LAST_DAY = Date.UTC(2199, 11, 31);

// A local time is stored as the milliseconds that it would be in UTC: one number, sortable, with the calendar of Date.

const allMinutes = Array.from({ length: 60 }, (_, minute) => minute);
const allHours = allMinutes.slice(0, 24);

/** The days of a month that a rule matches. */
function daysOf(rule: DayRule, year: number, month: number): number[] {
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const weekdayOf = (day: number) => new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  const all = Array.from({ length }, (_, index) => index + 1);
  switch (rule.type) {
    case 'every':
      return all;
    case 'days':
      return all.filter((day) => rule.days.includes(day));
    case 'last-day':
      return [length];
    case 'nearest-workday': {
      const { day } = rule;
      if (day > length) return [];
      // It stays in its month: for the 1st, a Saturday, it is Monday the 3rd.
      if (weekdayOf(day) === 6) return [day === 1 ? 3 : day - 1];
      if (weekdayOf(day) === 0) return [day === length ? day - 2 : day + 1];
      return [day];
    }
    case 'weekdays':
      return all.filter((day) => rule.weekdays.includes(weekdayOf(day)));
    case 'either':
      return all.filter((day) => rule.days.includes(day) || rule.weekdays.includes(weekdayOf(day)));
    case 'last-weekday':
      return all.filter((day) => weekdayOf(day) === rule.weekday).slice(-1);
    case 'nth-weekday':
      return all.filter((day) => weekdayOf(day) === rule.weekday).slice(rule.nth - 1, rule.nth);
  }
}

/** Every local time of a schedule, starting with the day of `from`. */
function* wallTimes(schedule: CronSchedule, from: number): Generator<number> {
  const first = Math.floor(from / DAY) * DAY;
  const start = new Date(first);
  for (let index = start.getUTCMonth(); ; index += 1) {
    const year = start.getUTCFullYear() + Math.floor(index / 12);
    const month = (index % 12) + 1;
    if (Date.UTC(year, month - 1) > LAST_DAY) return;
    if (schedule.years && year > (schedule.years.at(-1) ?? 0)) return;
    if (schedule.years?.includes(year) === false || schedule.months?.includes(month) === false) continue;
    for (const day of daysOf(schedule.day, year, month)) {
      const midnight = Date.UTC(year, month - 1, day);
      if (midnight < first) continue;
      for (const hour of schedule.hours ?? allHours) {
        for (const minute of schedule.minutes ?? allMinutes) yield midnight + (hour * 60 + minute) * MINUTE;
      }
    }
  }
}

/** Whether a schedule has any time in the years that it names. */
export function hasTimes(schedule: CronSchedule, years: readonly number[]): boolean {
  return wallTimes(schedule, Date.UTC(years[0] ?? 0)).next().done !== true;
}

/**
 * The moments at which a zone's clock shows a time, in order: two where it is set back, none where it leaves the time
 * out.
 */
function momentsOf(wall: number, zone: string): number[] {
  // Far enough to either side to be on it, whichever zone it is; no clock changes twice in between.
  const offsets = new Set([offsetAt(zone, wall - DAY), offsetAt(zone, wall + DAY)]);
  const moments = [...offsets].map((offset) => wall - offset).sort((a, b) => a - b);
  return moments.filter((moment) => moment + offsetAt(zone, moment) === wall);
}

/**
 * The runs of a schedule after a moment, in order, by the rules of EventBridge Scheduler: a time that a clock change
 * skips is skipped, one that it repeats runs once. AWS does not document which of the two; this takes the first.
 */
export function* runsAfter(schedule: CronSchedule, zone: string, after: Date): Generator<Date> {
  for (const wall of wallTimes(schedule, after.getTime() - DAY)) {
    const [moment] = momentsOf(wall, zone);
    if (moment !== undefined && moment > after.getTime()) yield new Date(moment);
  }
}

/**
 * As {@link runsAfter}, but a schedule of every hour also runs in the hour that the clock repeats: no hour passes
 * without it. One that names its hours runs once, as on AWS.
 *
 * @example `0 * * * *` in Europe/Berlin runs 25 times on 2027-10-31, `30 2 * * *` once
 */
export function* runsThroughRepeatedHours(
  schedule: CronSchedule,
  zone: string,
  after: Date,
): Generator<Date> {
  if (schedule.hours !== undefined && schedule.hours.length < allHours.length) {
    yield* runsAfter(schedule, zone, after);
    return;
  }
  let day = Number.NaN;
  let moments: number[] = [];
  // The second pass through an hour comes after all of its first: a day is put in order as a whole.
  const inOrder = () => moments.filter((moment) => moment > after.getTime()).sort((a, b) => a - b);
  for (const wall of wallTimes(schedule, after.getTime() - DAY)) {
    const wallDay = Math.floor(wall / DAY);
    if (wallDay !== day) {
      for (const moment of inOrder()) yield new Date(moment);
      moments = [];
      day = wallDay;
    }
    moments.push(...momentsOf(wall, zone));
  }
  for (const moment of inOrder()) yield new Date(moment);
}

/** The first `count` runs of a schedule after a moment. */
export function nextRuns(schedule: CronSchedule, zone: string, after: Date, count: number): Date[] {
  const runs: Date[] = [];
  for (const run of runsAfter(schedule, zone, after)) {
    if (runs.length === count) break;
    runs.push(run);
  }
  return runs;
}

/** Runs that a clock change skips. Times are local, as the milliseconds that they would be in UTC. */
export interface SkippedRuns {
  /** The clock's time right before and right after the change. */
  from: number;
  to: number;
  times: number[];
}

/** The runs of a schedule that a clock change skips, between two moments. */
export function skippedRuns(schedule: CronSchedule, zone: string, from: Date, until: Date): SkippedRuns[] {
  return clockChanges(zone, from.getTime(), until.getTime())
    .filter(({ before, after }) => after > before)
    .map(({ at, before, after }) => {
      const gap = { from: at + before, to: at + after };
      const times: number[] = [];
      for (const wall of wallTimes(schedule, gap.from)) {
        if (wall >= gap.to) break;
        if (wall >= gap.from) times.push(wall);
      }
      return { ...gap, times };
    })
    .filter(({ times }) => times.length > 0);
}
