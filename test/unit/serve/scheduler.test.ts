import { describe, expect, it } from 'vitest';
import { Scheduler } from '../../../shared/serve/starts/scheduler.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

/** A clock that jumps to the end of each sleep, and by `jumps` in between; it stops the scheduler at its end. */
function runOn(
  schedules: Record<string, string>,
  {
    from,
    until,
    catchUpMs = 3_600_000,
    jumps = {},
  }: { from: string; until: string; catchUpMs?: number; jumps?: Record<string, string> },
) {
  let now = Date.parse(from);
  const end = new AbortController();
  const started: string[] = [];
  const logged: string[] = [];
  const scheduler = new Scheduler({
    schedules: new Map(
      Object.entries(schedules).map(([job, cron]) => [job, { cron, timezone: 'UTC', enabled: true }]),
    ),
    start: (job, plannedFor) =>
      started.push(`${job} ${plannedFor.toISOString()} at ${new Date(now).toISOString()}`),
    catchUpMs,
    logger: createLogger({ level: 'info', destination: { write: (line) => logged.push(line) } }),
    clock: {
      now: () => now,
      async sleep(ms) {
        now += ms;
        for (const [at, to] of Object.entries(jumps)) {
          if (now < Date.parse(at)) continue;
          now = Date.parse(to);
          delete jumps[at];
        }
        if (now > Date.parse(until)) end.abort();
      },
    },
  });
  return { scheduler, started, logged, done: scheduler.run(end.signal) };
}

describe('the scheduler', () => {
  it('starts each job at its planned times, to the millisecond', async () => {
    const { started, done } = runOn(
      { a: '@every 90s', b: '*/2 * * * *' },
      { from: '2027-03-01T12:00:10.250Z', until: '2027-03-01T12:04:10Z' },
    );
    await done;
    expect(started).toEqual([
      'a 2027-03-01T12:01:30.000Z at 2027-03-01T12:01:30.000Z',
      'b 2027-03-01T12:02:00.000Z at 2027-03-01T12:02:00.000Z',
      'a 2027-03-01T12:03:00.000Z at 2027-03-01T12:03:00.000Z',
      'b 2027-03-01T12:04:00.000Z at 2027-03-01T12:04:00.000Z',
    ]);
  });

  it('starts a job once for all times that passed while the process was suspended, and says so', async () => {
    const { started, logged, done } = runOn(
      { a: '*/10 * * * *' },
      {
        from: '2027-03-01T12:01:00Z',
        until: '2027-03-01T13:10:30Z',
        jumps: { '2027-03-01T12:05:00Z': '2027-03-01T13:02:00Z' },
      },
    );
    await done;
    expect(started.map((start) => start.slice(0, 26))).toEqual([
      'a 2027-03-01T13:00:00.000Z',
      'a 2027-03-01T13:10:00.000Z',
    ]);
    expect(logged.join('')).toContain('5 planned starts passed while this process was suspended');
  });

  it('does not start what was planned longer ago than --catch-up allows', async () => {
    const { started, logged, done } = runOn(
      { a: '0 0 * * *' },
      {
        from: '2027-03-01T23:00:00Z',
        until: '2027-03-03T00:00:30Z',
        jumps: { '2027-03-01T23:30:00Z': '2027-03-02T08:00:00Z' },
      },
    );
    await done;
    expect(started).toEqual(['a 2027-03-03T00:00:00.000Z at 2027-03-03T00:00:00.000Z']);
    expect(logged.join('')).toContain('not started: it was planned 8 h');
  });

  it('plans again when the clock was set back, and starts the same times with the same names', async () => {
    const { started, logged, done } = runOn(
      { a: '0 * * * *' },
      {
        from: '2027-03-01T12:30:00Z',
        until: '2027-03-01T13:30:00Z',
        jumps: { '2027-03-01T13:10:00Z': '2027-03-01T12:50:00Z' },
      },
    );
    await done;
    expect(started.map((start) => start.slice(0, 26))).toEqual([
      'a 2027-03-01T13:00:00.000Z',
      'a 2027-03-01T13:00:00.000Z',
    ]);
    expect(logged.join('')).toContain('clock of this machine was set back');
  });

  it('shows that it is working, even when nothing is due for months', async () => {
    const { scheduler, done } = runOn(
      { a: '0 0 1 1 *' },
      { from: '2027-03-01T12:00:00Z', until: '2027-03-01T13:00:00Z' },
    );
    expect(scheduler.lastRoundAgeMs()).toBeLessThan(60_000);
    await done;
    expect(
      runOn({}, { from: '2027-03-01T12:00:00Z', until: '2027-03-01T12:00:01Z' }).scheduler.lastRoundAgeMs(),
    ).toBeLessThan(60_000);
  });
});
