import { describe, expect, it } from 'vitest';
import { latestDueTime } from '../../../../shared/config/schedule/due-time.ts';

const since = new Date('2026-01-01T00:00:00Z');
const berlin = (cron: string, rest = {}) => ({
  cron,
  timezone: 'Europe/Berlin',
  windowMs: 0,
  enabled: true,
  ...rest,
});

describe('the latest time that a run is due', () => {
  it.each([
    [
      'a daily time, once the grace has passed',
      '30 4 * * *',
      '2026-11-20T03:45:00Z',
      '2026-11-20T03:30:00.000Z',
    ],
    ['the day before, a moment sooner', '30 4 * * *', '2026-11-20T03:44:59Z', '2026-11-19T03:30:00.000Z'],
    ['each minute', '* * * * *', '2026-11-20T12:15:30Z', '2026-11-20T12:00:00.000Z'],
    ['a monthly time', '0 6 1 * *', '2026-11-20T12:00:00Z', '2026-11-01T05:00:00.000Z'],
    ['a yearly time', '0 6 5 2 *', '2026-11-20T12:00:00Z', '2026-02-05T05:00:00.000Z'],
    // 2026-03-29: 02:00 to 03:00 does not exist in Berlin.
    [
      'a time that spring leaves out: that of the day before',
      '30 2 * * *',
      '2026-03-29T12:00:00Z',
      '2026-03-28T01:30:00.000Z',
    ],
    [
      'the next one after the gap, by summer time',
      '30 2 * * *',
      '2026-03-30T12:00:00Z',
      '2026-03-30T00:30:00.000Z',
    ],
    // 2026-10-25: 02:00 to 03:00 is there twice.
    [
      'of a time that autumn repeats the first',
      '30 2 * * *',
      '2026-10-25T01:40:00Z',
      '2026-10-25T00:30:00.000Z',
    ],
    ['and not the second', '30 2 * * *', '2026-10-25T02:00:00Z', '2026-10-25T00:30:00.000Z'],
    [
      'the zone of the expression itself',
      'CRON_TZ=UTC 30 4 * * *',
      '2026-11-20T12:00:00Z',
      '2026-11-20T04:30:00.000Z',
    ],
  ])('is %s', (_, cron, now, expected) => {
    const due = latestDueTime(berlin(cron), { since, newest: undefined, now: new Date(now) });
    expect(due?.toISOString()).toBe(expected);
  });

  it('waits for the window to end', () => {
    const schedule = berlin('30 4 * * *', { windowMs: 3_600_000 });
    const at = (now: string) => latestDueTime(schedule, { since, newest: undefined, now: new Date(now) });
    expect(at('2026-11-20T04:44:59Z')?.toISOString()).toBe('2026-11-19T03:30:00.000Z');
    expect(at('2026-11-20T04:45:00Z')?.toISOString()).toBe('2026-11-20T03:30:00.000Z');
  });

  it.each([
    ['a schedule that is switched off', berlin('* * * * *', { enabled: false }), '2026-11-20T12:00:00Z'],
    ['times before it was deployed', berlin('30 4 * * *'), '2026-01-01T03:00:00Z'],
    ['a year that is over', berlin('cron(0 4 1 1 ? 2020)'), '2026-11-20T12:00:00Z'],
    ['a rate whose first interval is not over', berlin('@every 6h'), '2026-01-01T06:14:00Z'],
  ])('does not exist for %s', (_, schedule, now) => {
    expect(latestDueTime(schedule, { since, newest: undefined, now: new Date(now) })).toBeUndefined();
  });

  it('of a rate counts from the deployment, and from then on from the newest run', () => {
    const at = (now: string, newest?: string) =>
      latestDueTime(berlin('@every 6h'), {
        since,
        newest: newest ? new Date(newest) : undefined,
        now: new Date(now),
      });
    expect(at('2026-01-01T06:15:00Z')?.toISOString()).toBe('2026-01-01T06:00:00.000Z');
    expect(at('2026-01-02T12:00:00Z', '2026-01-02T06:00:00Z')).toBeUndefined();
    expect(at('2026-01-02T12:15:00Z', '2026-01-02T06:00:00Z')?.toISOString()).toBe(
      '2026-01-02T12:00:00.000Z',
    );
  });
});
