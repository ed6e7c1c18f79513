import { ConfigError } from '../../errors.ts';
import { type DayRule, type ParsedSchedule, parseSchedule, weekdayNames } from './parse-schedule.ts';

// The longest that Scheduler's API accepts.
const MAXIMUM_LENGTH = 256;

/** A list of numbers, with a range for three or more consecutive ones; `*` for an unrestricted field. */
function writeNumbers(values: readonly number[] | undefined): string {
  if (values === undefined) return '*';
  const runs: number[][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run && run.at(-1) === value - 1) run.push(value);
    else runs.push([value]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(','))).join(',');
}

/** Day of month and day of week: EventBridge wants `?` in one of the two, and counts days of the week from 1 (Sunday). */
function writeDay(day: DayRule): [dayOfMonth: string, dayOfWeek: string] {
  switch (day.type) {
    case 'every':
      return ['*', '?'];
    case 'days':
      return [writeNumbers(day.days), '?'];
    case 'last-day':
      return ['L', '?'];
    case 'nearest-workday':
      return [`${day.day}W`, '?'];
    case 'weekdays':
      return ['?', weekdayNames(day.weekdays).join(',')];
    case 'last-weekday':
      return ['?', `${day.weekday + 1}L`];
    case 'nth-weekday':
      return ['?', `${day.weekday + 1}#${day.nth}`];
  }
}

function writeRate(minutes: number): string {
  const [count, unit] =
    minutes % 1440 === 0
      ? [minutes / 1440, 'day']
      : minutes % 60 === 0
        ? [minutes / 60, 'hour']
        : [minutes, 'minute'];
  return `rate(${count} ${unit}${count === 1 ? '' : 's'})`;
}

function writeExpression(schedule: ParsedSchedule): string {
  if (schedule.type === 'rate') return writeRate(schedule.minutes);
  const [dayOfMonth, dayOfWeek] = writeDay(schedule.day);
  const { minutes, hours, months, years } = schedule;
  const fields = [writeNumbers(minutes), writeNumbers(hours), dayOfMonth, writeNumbers(months), dayOfWeek];
  return `cron(${fields.join(' ')} ${writeNumbers(years)})`;
}

/**
 * Converts a schedule to EventBridge Scheduler's: `30 4 * * *` to `cron(30 4 * * ? *)`, `@every 1h` to `rate(1 hour)`.
 *
 * Cron and EventBridge count days of the week differently, and allow different steps, days of month and days of week,
 * so values are listed in full. Source: "Schedule types in EventBridge Scheduler".
 *
 * @param schedule.timezone used when the expression itself does not begin with CRON_TZ= or TZ=
 * @throws ConfigError that says what is wrong and what to write instead
 */
export function toEventBridgeSchedule({ cron, timezone }: { cron: string; timezone: string }): {
  expression: string;
  timezone: string;
} {
  const { schedule, timezone: own } = parseSchedule(cron);
  const expression = writeExpression(schedule);
  if (expression.length > MAXIMUM_LENGTH) {
    throw new ConfigError(
      `"${cron}": needs ${expression.length} characters on AWS, which allows ${MAXIMUM_LENGTH}; list fewer single values`,
    );
  }
  return { expression, timezone: own ?? timezone };
}
