import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockChanges } from '../../../../shared/config/schedule/clock-changes.ts';
import { parseSchedule } from '../../../../shared/config/schedule/parse-schedule.ts';
import type { CronSchedule } from '../../../../shared/config/schedule/parsed-schedule.ts';
import { nextRuns, runsAfter, skippedRuns } from '../../../../shared/config/schedule/schedule-times.ts';

function parse(cron: string): CronSchedule {
  const { schedule } = parseSchedule(cron);
  if (schedule.type !== 'cron') throw new Error(`${cron} is not a cron schedule`);
  return schedule;
}

const runsOf = (cron: string, zone: string, after: string, count: number) =>
  nextRuns(parse(cron), zone, new Date(after), count).map((run) => run.toISOString().slice(0, 16));

describe('nextRuns', () => {
  it.each([
    // Spring: 2:00 to 3:00 on 2027-03-28. 2:30 does not exist, 3:00 does.
    ['30 2 * * *', 'Europe/Berlin', '2027-03-27T00:00Z', ['2027-03-27T01:30', '2027-03-29T00:30']],
    ['0 2,3 * * *', 'Europe/Berlin', '2027-03-27T12:00Z', ['2027-03-28T01:00', '2027-03-29T00:00']],
    // Autumn: 3:00 to 2:00 on 2027-10-31. 2:30 exists twice and runs once.
    ['30 2 * * *', 'Europe/Berlin', '2027-10-31T00:00Z', ['2027-10-31T00:30', '2027-11-01T01:30']],
    ['30 2 * * *', 'Europe/Berlin', '2027-10-31T01:00Z', ['2027-11-01T01:30', '2027-11-02T01:30']],
    ['30 2 * * *', 'America/New_York', '2027-03-13T12:00Z', ['2027-03-15T06:30', '2027-03-16T06:30']],
    ['30 1 * * *', 'America/New_York', '2027-11-06T12:00Z', ['2027-11-07T05:30', '2027-11-08T06:30']],
    // Lord Howe moves by 30 minutes: 2:00 to 2:30 on 2027-10-03, 2:00 to 1:30 on 2027-04-04.
    ['15 2 * * *', 'Australia/Lord_Howe', '2027-10-01T20:00Z', ['2027-10-03T15:15', '2027-10-04T15:15']],
    ['45 1 * * *', 'Australia/Lord_Howe', '2027-04-03T00:00Z', ['2027-04-03T14:45', '2027-04-04T15:15']],
    ['30 2 * * *', 'Asia/Tokyo', '2027-03-27T00:00Z', ['2027-03-27T17:30', '2027-03-28T17:30']],
    // Samoa left out the whole of 2011-12-30.
    ['0 12 * * *', 'Pacific/Apia', '2011-12-29T00:00Z', ['2011-12-29T22:00', '2011-12-30T22:00']],
    // A run that is due right now is not after now.
    ['0 4 * * *', 'UTC', '2027-01-01T04:00Z', ['2027-01-02T04:00', '2027-01-03T04:00']],
    ['0 0 29 2 *', 'UTC', '2027-01-01T00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['0 0 L * ? *', 'UTC', '2028-02-01T00:00Z', ['2028-02-29T00:00', '2028-03-31T00:00']],
    ['0 0 ? * 6L *', 'UTC', '2027-01-01T00:00Z', ['2027-01-29T00:00', '2027-02-26T00:00']],
    ['0 0 ? * 3#2 *', 'UTC', '2027-01-01T00:00Z', ['2027-01-12T00:00', '2027-02-09T00:00']],
    ['0 0 ? * 3#5 *', 'UTC', '2027-01-01T00:00Z', ['2027-03-30T00:00', '2027-06-29T00:00']],
    // 2027-05-01 is a Saturday, 2027-08-15 and 2027-10-31 are Sundays.
    ['0 0 1W 5 ? *', 'UTC', '2027-01-01T00:00Z', ['2027-05-03T00:00', '2028-05-01T00:00']],
    ['0 0 15W 5,8 ? 2027', 'UTC', '2027-01-01T00:00Z', ['2027-05-14T00:00', '2027-08-16T00:00']],
    ['0 0 31W * ? 2027', 'UTC', '2027-10-01T00:00Z', ['2027-10-29T00:00', '2027-12-31T00:00']],
    ['0 0 31 12 ? 2026-2027', 'UTC', '2026-06-01T00:00Z', ['2026-12-31T00:00', '2027-12-31T00:00']],
    ['0 0 1 1 ? 2020', 'UTC', '2027-01-01T00:00Z', []],
    ['59 23 31 12 ? 2199', 'UTC', '2027-01-01T00:00Z', ['2199-12-31T23:59']],
  ])('%s in %s after %s', (cron, zone, after, expected) => {
    expect(runsOf(cron, zone, after, 2)).toEqual(expected);
  });
});

describe('clockChanges', () => {
  const hours = 3_600_000;
  it.each([
    [
      'Europe/Berlin',
      [
        ['2027-03-28T01:00', 1],
        ['2027-10-31T01:00', -1],
      ],
    ],
    [
      'America/New_York',
      [
        ['2027-03-14T07:00', 1],
        ['2027-11-07T06:00', -1],
      ],
    ],
    [
      'Australia/Lord_Howe',
      [
        ['2027-04-03T15:00', -0.5],
        ['2027-10-02T15:30', 0.5],
      ],
    ],
    ['Asia/Tokyo', []],
  ] as const)('of %s in 2027', (zone, expected) => {
    const found = clockChanges(zone, Date.UTC(2027, 0), Date.UTC(2028, 0));
    expect(
      found.map(({ at, before, after }) => [
        new Date(at).toISOString().slice(0, 16),
        (after - before) / hours,
      ]),
    ).toEqual(expected);
  });
});

// By force: every moment of the year at which the zone's clock shows a time that the schedule names, the first time that it does.
// It asks Intl for the time itself, in another way than the code, and knows nothing of changes of the clock.
const YEAR = { from: Date.UTC(2027, 0), until: Date.UTC(2028, 0) };
const STEP = 15 * 60_000;

function readClock(zone: string): { at: number; wall: string }[] {
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const readings: { at: number; wall: string }[] = [];
  for (let at = YEAR.from; at < YEAR.until; at += STEP) readings.push({ at, wall: clock.format(at) });
  return readings;
}

// Minutes of the quarters only: a reading every 15 minutes sees every change of these zones' clocks.
const listOf = (values: readonly number[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 4 }), { nil: undefined });
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const schedules = fc.record({
  minutes: fc.uniqueArray(fc.constantFrom(0, 15, 30, 45), { minLength: 1 }),
  // Mostly where the clocks change.
  hours: listOf([0, 1, 1, 2, 2, 2, 3, 3, 4, 13, 23]),
  // A month without any of its days is refused: the 1st is always one of them.
  days: listOf([3, 4, 7, 14, 28, 29, 30, 31]).map((days) => days && [...days, 1]),
  months: listOf(numbers(1, 12)),
  weekdays: listOf(numbers(0, 6)),
});

describe.each(['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Tokyo'])(
  'runs in %s',
  (zone) => {
    const clock = readClock(zone);
    // The year's own days by the zone's clock; at both ends of it the readings would be incomplete.
    const inside = (wall: string) => wall >= '2027-01-02' && wall < '2027-12-31';

    it('are those that the clock shows, over a year', () => {
      fc.assert(
        fc.property(schedules, ({ minutes, hours, days, months, weekdays }) => {
          const byWeekday = weekdays !== undefined && days === undefined;
          const write = (values: readonly number[] | undefined) => values?.join(',') ?? '*';
          const cron = [
            minutes,
            hours,
            byWeekday ? undefined : days,
            months,
            byWeekday ? weekdays : undefined,
          ]
            .map(write)
            .join(' ');
          const seen = new Set<string>();
          const expected = clock.filter(({ wall }) => {
            const [, year = '', month, day, hour, minute] =
              /^(\d+)-(\d+)-(\d+) (\d+):(\d+)$/.exec(wall)?.map(Number) ?? [];
            const weekday = new Date(wall.slice(0, 10)).getUTCDay();
            const has = (values: readonly number[] | undefined, value: number | undefined) =>
              values === undefined || values.includes(value ?? -1);
            const matches =
              year === 2027 &&
              has(minutes, minute) &&
              has(hours, hour) &&
              has(months, month) &&
              (byWeekday ? has(weekdays, weekday) : has(days, day));
            if (!matches || !inside(wall) || seen.has(wall)) return false;
            seen.add(wall);
            return true;
          });
          const found: number[] = [];
          for (const run of runsAfter(parse(cron), zone, new Date(YEAR.from - 1))) {
            if (run.getTime() >= YEAR.until) break;
            found.push(run.getTime());
          }
          const walls = new Map(clock.map(({ at, wall }) => [at, wall]));
          expect(found.filter((at) => inside(walls.get(at) ?? ''))).toEqual(expected.map(({ at }) => at));
        }),
        { numRuns: 12 },
      );
    });

    it('are skipped exactly at times that the clock never shows', () => {
      const shown = new Set(clock.map(({ wall }) => wall));
      const skipped = skippedRuns(parse('*/15 * * * *'), zone, new Date(YEAR.from), new Date(YEAR.until))
        .flatMap(({ times }) => times)
        .map((time) => new Date(time).toISOString().slice(0, 16).replace('T', ' '));
      const expected: string[] = [];
      for (let wall = Date.UTC(2027, 0, 2); wall < Date.UTC(2027, 11, 31); wall += STEP) {
        const text = new Date(wall).toISOString().slice(0, 16).replace('T', ' ');
        if (!shown.has(text)) expected.push(text);
      }
      expect(skipped).toEqual(expected);
    });
  },
);
