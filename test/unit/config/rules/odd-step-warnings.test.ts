import { expect, it } from 'vitest';
import { warnOfOddSteps } from '../../../../shared/config/rules/odd-step-warnings.ts';
import { parseScheduledSync } from '../../../support/config/parse-scheduled-sync.ts';

const warningsOf = (cron: string, enabled = true) => warnOfOddSteps(parseScheduledSync(cron, enabled));

it.each([
  ['*/90 * * * *', '"*/90" of minutes means minute 0 alone; for every 90 minutes, write "@every 90m"'],
  ['30/90 4 * * *', '"30/90" of minutes means minute 30 alone; for every 90 minutes, write "@every 90m"'],
  [
    'CRON_TZ=Europe/Berlin */45 * * * *',
    '"*/45" of minutes: minute 45 is followed by minute 0, 15 minutes later; for every 45 minutes, write "@every 45m"',
  ],
  [
    'cron(0-59/7 * * * ? *)',
    '"0-59/7" of minutes: minute 56 is followed by minute 0, 4 minutes later; for every 7 minutes, write "@every 7m"',
  ],
  ['0 */36 * * *', '"*/36" of hours means hour 0 alone; for every 36 hours, write "@every 36h"'],
  [
    '0 */23 * * *',
    '"*/23" of hours: hour 23 is followed by hour 0, 1 hour later; for every 23 hours, write "@every 23h"',
  ],
])('the schedule %s is no interval', (cron, expected) => {
  expect(warningsOf(cron)).toEqual([`orders: ${expected}`]);
  expect(warningsOf(cron, false)).toEqual([]);
});

it.each([
  '*/15 * * * *',
  '*/30 */6 * * *',
  '5/20 * * * *',
  '0-30/7 8-18/3 * * *',
  '0,40 * * * *',
  '* * * * *',
  '*/1 */2 * * *',
  '40/30 * * * *',
  '0 0/12 * * ? *',
  '@every 90m',
  'rate(90 minutes)',
  '0 4 */2 * *',
])('the schedule %s means what it says', (cron) => {
  expect(warningsOf(cron)).toEqual([]);
});
