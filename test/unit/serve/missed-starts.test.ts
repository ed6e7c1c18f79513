import { expect, it } from 'vitest';
import type { JobState } from '../../../shared/runs/records/job-states.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { findMissedStarts } from '../../../shared/serve/starts/missed-starts.ts';

const nightly = { cron: '30 4 * * *', timezone: 'Europe/Berlin', enabled: true };
const lastRun = (at: string): JobState => ({
  last: {
    job: 'orders',
    runId: newRunId(new Date(at)),
    state: 'succeeded',
    startedAt: new Date(at).toISOString(),
  },
  unfinished: [],
});
const find = (
  now: string,
  {
    since = '2027-03-01T00:00Z',
    state,
    catchUpMs = 3_600_000,
  }: { since?: string; state?: JobState; catchUpMs?: number } = {},
) =>
  findMissedStarts({
    schedules: new Map([['orders', nightly]]),
    since: new Map([['orders', new Date(since)]]),
    states: new Map(state ? [['orders', state]] : []),
    now: new Date(now),
    catchUpMs,
  });

it('a start that was missed is made up for within the allowed time', () => {
  const state = lastRun('2027-03-09T03:30Z');
  expect(find('2027-03-10T03:29Z', { state })).toEqual([]);
  expect(find('2027-03-10T04:00Z', { state })).toEqual([
    { job: 'orders', plannedFor: new Date('2027-03-10T03:30Z'), count: 1, more: false, makeUp: true },
  ]);
  expect(find('2027-03-10T09:00Z', { state })).toMatchObject([{ makeUp: false }]);
  expect(find('2027-03-10T09:00Z', { state, catchUpMs: 12 * 3_600_000 })).toMatchObject([{ makeUp: true }]);
});

it('of several, one is made up for, and all are named', () => {
  expect(find('2027-03-13T04:00Z', { state: lastRun('2027-03-11T12:00Z') })).toMatchObject([
    { plannedFor: new Date('2027-03-13T03:30Z'), count: 2, makeUp: true },
  ]);
});

it('a later run makes up for it, no matter who started it', () => {
  expect(find('2027-03-10T04:00Z', { state: lastRun('2027-03-10T03:45Z') })).toEqual([]);
  expect(find('2027-03-10T04:00Z', { state: lastRun('2027-03-10T03:30Z') })).toEqual([]);
});

it('nothing was missed before the schedule had its present form', () => {
  expect(find('2027-03-10T04:00Z', { since: '2027-03-10T03:50Z' })).toEqual([]);
  const unknown = findMissedStarts({
    schedules: new Map([['orders', nightly]]),
    since: new Map(),
    states: new Map(),
    now: new Date('2027-03-10T04:00Z'),
    catchUpMs: 3_600_000,
  });
  expect(unknown).toEqual([]);
});
