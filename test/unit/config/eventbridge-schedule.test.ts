import { describe, expect, it } from 'vitest';
import { toEventBridgeCron } from '../../../shared/config/eventbridge-schedule.ts';

describe('toEventBridgeCron', () => {
  // Expectations from EventBridge Scheduler's documentation: days of the week by name, `?` in exactly one day field.
  it.each([
    ['30 4 * * *', 'cron(30 4 * * ? *)'],
    ['* * * * *', 'cron(* * * * ? *)'],
    ['*/15 8-10 * * *', 'cron(0,15,30,45 8,9,10 * * ? *)'],
    ['0 0 1 * *', 'cron(0 0 1 * ? *)'],
    ['0 0 1,15 */3 *', 'cron(0 0 1,15 1,4,7,10 ? *)'],
    ['0 6 * * 1-5', 'cron(0 6 ? * MON,TUE,WED,THU,FRI *)'],
    ['0 6 * * 0', 'cron(0 6 ? * SUN *)'],
    ['0 6 * * 7', 'cron(0 6 ? * SUN *)'],
    ['0 6 * * 5-7', 'cron(0 6 ? * SUN,FRI,SAT *)'],
    ['0 6 * jan mon,wed', 'cron(0 6 ? 1 MON,WED *)'],
    ['0 6 * * */2', 'cron(0 6 ? * SUN,TUE,THU,SAT *)'],
    ['5/20 0 * * *', 'cron(5,25,45 0 * * ? *)'],
    ['  0   4 * *  * ', 'cron(0 4 * * ? *)'],
  ])('%s becomes %s', (cron, expected) => {
    expect(toEventBridgeCron(cron)).toBe(expected);
  });

  it.each([
    ['0 4 * *', /five fields .* found 4/],
    ['60 4 * * *', /"60": expected a minute of 0–59/],
    ['0 24 * * *', /hour of 0–23/],
    ['0 4 0 * *', /day of month of 1–31/],
    ['0 4 * 13 *', /month of 1–12 or JAN–DEC/],
    ['0 4 * * 8', /day of week of 0–7 or SUN–SAT/],
    ['0 4 * * mo', /day of week/],
    ['5-1 4 * * *', /end is not before its start/],
    ['*/0 4 * * *', /step of the form/],
    ['0 4 1 * 1', /either of the two/],
    ['@every 1h', /five fields/],
  ])('%s is refused', (cron, message) => {
    expect(() => toEventBridgeCron(cron)).toThrow(message);
  });
});
