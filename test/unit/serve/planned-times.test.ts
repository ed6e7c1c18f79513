import { describe, expect, it } from 'vitest';
import type { ScheduleConfig } from '../../../shared/config/schema/ferry-config.ts';
import { passedTimes, plannedTimes } from '../../../shared/serve/starts/planned-times.ts';

const schedule = (cron: string, timezone = 'UTC'): ScheduleConfig => ({ cron, timezone, enabled: true });

function first(count: number, cron: string, after: string, timezone?: string): string[] {
  const times: string[] = [];
  for (const time of plannedTimes(schedule(cron, timezone), new Date(after))) {
    if (times.length === count) break;
    times.push(time.toISOString().replace(':00.000Z', 'Z'));
  }
  return times;
}

describe('the planned times of a schedule', () => {
  it.each([
    // 1 March 2027 is a Monday.
    [
      '0 4 1 * 1',
      '2027-02-26T00:00Z',
      ['2027-03-01T04:00Z', '2027-03-08T04:00Z', '2027-03-15T04:00Z', '2027-03-22T04:00Z'],
    ],
    ['0 0 13 * 5', '2027-08-01T00:00Z', ['2027-08-06T00:00Z', '2027-08-13T00:00Z', '2027-08-20T00:00Z']],
    ['0 0 1-31 * MON', '2027-03-01T12:00Z', ['2027-03-02T00:00Z', '2027-03-03T00:00Z']],
    ['0 0 */10 * MON', '2027-03-01T12:00Z', ['2027-03-08T00:00Z', '2027-03-11T00:00Z', '2027-03-15T00:00Z']],
    ['@every 90s', '2027-03-01T12:00:10Z', ['2027-03-01T12:01:30.000Z', '2027-03-01T12:03Z']],
    ['@every 1h30m', '2027-03-01T12:00:10Z', ['2027-03-01T13:30Z', '2027-03-01T15:00Z']],
    ['@every 1.9s', '2027-03-01T12:00:10.5Z', ['2027-03-01T12:00:11.000Z', '2027-03-01T12:00:12.000Z']],
    ['0 0 * * *', '2027-03-01T12:00Z', ['2027-03-02T00:00Z', '2027-03-03T00:00Z']],
    ['CRON_TZ=Asia/Tokyo 30 4 * * *', '2027-03-01T00:00Z', ['2027-03-01T19:30Z', '2027-03-02T19:30Z']],
    ['TZ=America/New_York 0 12 ? * ?', '2027-03-13T00:00Z', ['2027-03-13T17:00Z', '2027-03-14T16:00Z']],
    // Compared with robfig/cron v3.0.1, which takes ? and * in lists and steps, and a plus.
    ['0 0 ?/10 * MON', '2027-03-01T12:00Z', ['2027-03-08T00:00Z', '2027-03-11T00:00Z', '2027-03-15T00:00Z']],
    ['0 0 *,13 * 5', '2027-08-01T00:00Z', ['2027-08-06T00:00Z', '2027-08-13T00:00Z', '2027-08-20T00:00Z']],
    ['0 0 2,?/1 * 5', '2027-08-01T00:00Z', ['2027-08-06T00:00Z', '2027-08-13T00:00Z']],
    ['0 +3,4 * * ?', '2027-08-01T00:00Z', ['2027-08-01T03:00Z', '2027-08-01T04:00Z', '2027-08-02T03:00Z']],
    ['CRON_TZ=CET 0 4 * * *', '2027-07-01T00:00Z', ['2027-07-01T02:00Z']],
    ['CRON_TZ=Etc/GMT+5 0 4 * * *', '2027-07-01T00:00Z', ['2027-07-01T09:00Z']],
    ['@hourly', '2027-03-01T12:00Z', ['2027-03-01T13:00Z', '2027-03-01T14:00Z']],
  ])('%s after %s', (cron, after, expected) => {
    expect(first(expected.length, cron, after)).toEqual(expected);
  });

  it.each(['@every -5m', '@every 0s', '@every 100ms'])('%s has none, and not one each second', (cron) => {
    expect(() => first(1, cron, '2027-03-01T12:00Z')).toThrow(/expected at least a second/);
  });

  it.each(['0 0 *,32 * *', '0 0 ?? * *', '0 0 3? * *', '0 0 1,,2 * *', '0 0 */? * *'])(
    '%s has none',
    (cron) => {
      expect(() => first(1, cron, '2027-03-01T12:00Z')).toThrow(/expected a /);
    },
  );

  it('leave out what the clock skips, and run once what it repeats, if a schedule names its hours', () => {
    const zone = 'Europe/Berlin';
    expect(first(2, '30 2 * * *', '2027-03-27T12:00Z', zone)).toEqual([
      '2027-03-29T00:30Z',
      '2027-03-30T00:30Z',
    ]);
    expect(first(2, '30 2 * * *', '2027-10-30T12:00Z', zone)).toEqual([
      '2027-10-31T00:30Z',
      '2027-11-01T01:30Z',
    ]);
    expect(first(2, '0 0 * * *', '2027-10-30T12:00Z', zone)).toEqual([
      '2027-10-30T22:00Z',
      '2027-10-31T23:00Z',
    ]);
  });

  it('leave out no hour if a schedule runs in all of them', () => {
    const zone = 'Europe/Berlin';
    const hours = first(6, '0 * * * *', '2027-10-30T22:30Z', zone);
    expect(first(6, '0 0-23 * * *', '2027-10-30T22:30Z', zone)).toEqual(hours);
    expect(hours).toEqual(
      [0, 1, 2, 3, 4, 5].map(
        (hour) => `2027-10-3${hour === 0 ? 0 : 1}T${hour === 0 ? '23' : `0${hour - 1}`}:00Z`,
      ),
    );
    // Lord Howe goes back by half an hour: 1:30 to 2:00 twice.
    expect(first(6, '*/15 * * * *', '2027-04-03T14:20Z', 'Australia/Lord_Howe')).toEqual([
      '2027-04-03T14:30Z',
      '2027-04-03T14:45Z',
      '2027-04-03T15:00Z',
      '2027-04-03T15:15Z',
      '2027-04-03T15:30Z',
      '2027-04-03T15:45Z',
    ]);
    expect(first(3, '30 * * * *', '2027-03-28T00:00Z', zone)).toEqual([
      '2027-03-28T00:30Z',
      '2027-03-28T01:30Z',
      '2027-03-28T02:30Z',
    ]);
  });
});

describe('the times that have passed', () => {
  const passed = (cron: string, after: string, until: string) =>
    passedTimes(schedule(cron), new Date(after), new Date(until));

  it('are counted, and the latest of them is known', () => {
    expect(passed('30 4 * * *', '2027-03-01T04:30Z', '2027-03-01T05:00Z')).toBeUndefined();
    expect(passed('30 4 * * *', '2027-03-01T04:29Z', '2027-03-01T05:00Z')).toEqual({
      latest: new Date('2027-03-01T04:30Z'),
      count: 1,
      more: false,
    });
    expect(passed('30 4 * * *', '2027-03-01T00:00Z', '2027-03-03T04:30Z')).toMatchObject({
      latest: new Date('2027-03-03T04:30Z'),
      count: 3,
      more: false,
    });
    expect(passed('0 0 29 2 *', '2027-03-01T00:00Z', '2028-03-01T00:00Z')).toMatchObject({ count: 1 });
    expect(passed('0 0 29 2 *', '2024-03-01T00:00Z', '2027-03-01T00:00Z')).toBeUndefined();
    expect(passed('@every 90s', '2027-03-01T00:00Z', '2027-03-01T00:10Z')).toMatchObject({ count: 6 });
  });
});
