import { expect, it } from 'vitest';
import { MINUTE, nightly, unscheduled, type WatchdogWorld, watchdogWorld } from '../../support/watchdog.ts';

/** A round of another stack's watchdog on the same bucket, which knows none of the jobs and has people of its own. */
async function otherRound(one: WatchdogWorld): Promise<void> {
  const where = { stack: 'other', jobs: { parcels: nightly }, logsUrl: () => undefined };
  await one.round({ scope: 'Other', where });
}

it('lets each of two stacks know since when it has had its own schedules', async () => {
  const one = watchdogWorld({ orders: nightly }, '2026-11-19T12:00:00.000Z');
  for (const time of ['2026-11-19T12:00:00.000Z', '2026-11-19T12:05:00.000Z', '2026-11-20T03:46:00.000Z']) {
    one.at(time);
    await one.round();
    await otherRound(one);
  }
  expect(one.subjects()).toEqual([
    'orders did not run when planned [Ferry, ferry-prod]',
    'parcels did not run when planned [Ferry, other]',
  ]);
});

it('lets each of two stacks report its own jobs once, and once that they work again', async () => {
  const one = watchdogWorld({ orders: unscheduled });
  const error = { class: 'AuthError', message: 'The source refused the login.' };
  for (const end of [{ state: 'failed' as const, error }, { state: 'failed' as const, error }, {}]) {
    await one.ended(end);
    await one.round();
    one.wait(5 * MINUTE);
    await otherRound(one);
  }
  expect(one.subjects()).toEqual([
    'orders failed: AuthError [Ferry, ferry-prod]',
    'orders works again [Ferry, ferry-prod]',
  ]);
});

it('leaves a killed run to the watchdog of its own stack, which starts it again', async () => {
  const one = watchdogWorld({ orders: nightly });
  const { id } = await one.running({ scheduledTime: '2026-11-20T12:00:00.000Z', trigger: 'schedule' });
  one.wait(11 * MINUTE);
  await otherRound(one);
  await one.round();
  expect(one.started).toEqual([{ job: 'orders', scheduledTime: '2026-11-20T12:00:00.000Z' }]);
  expect((await one.runs.get(id))?.state).toBe('running');
});
