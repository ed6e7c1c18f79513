import { expect, it } from 'vitest';
import { warnOfPastSchedules } from '../../../../shared/config/rules/past-schedule-warnings.ts';
import { parseScheduledSync } from '../../../support/config/parse-scheduled-sync.ts';

const NOW = new Date('2027-03-01T12:00:30Z');

const warningsOf = (cron: string, enabled = true) =>
  warnOfPastSchedules(parseScheduledSync(cron, enabled), NOW);

it.each([
  '0 0 1 1 ? 2020',
  'cron(0 0 1 1 ? 2020)',
  '0 12 1 3 ? 2024-2027',
  // Noon in Berlin is an hour before noon in UTC.
  'CRON_TZ=Europe/Berlin 30 12 1 3 ? 2027',
])('the schedule %s never runs again', (cron) => {
  expect(warningsOf(cron)).toEqual([
    'orders: the schedule never runs again, because all its times have passed; write other years, or * for every year',
  ]);
  expect(warningsOf(cron, false)).toEqual([]);
});

it.each(['1 12 1 3 ? 2027', '0 0 29 2 ? 2028', '0 0 1 1 ? *', '0 0 29 2 *', '@every 90s', 'rate(1 hour)'])(
  'the schedule %s does',
  (cron) => {
    expect(warningsOf(cron)).toEqual([]);
  },
);
