import { ConfigError } from '../../errors.ts';
import { parseSchedule, splitZonePrefix, weekdayNames } from './parse-schedule.ts';
import type { DayRule, ParsedSchedule } from './parsed-schedule.ts';

/**
 * Who keeps the schedules: EventBridge Scheduler, or Ferry's own process (`ferry serve`), which takes all that cron
 * does. `undecided` where the same file may go to either.
 */
export type Scheduler = 'eventbridge' | 'process' | 'undecided';

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

/**
 * Day of month and day of week: EventBridge wants `?` in one of the two, and counts days of the week from 1 (Sunday).
 */
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
    case 'either':
      throw new Error('EventBridge has no schedule for either of two days.');
    case 'last-weekday':
      return ['?', `${day.weekday + 1}L`];
    case 'nth-weekday':
      return ['?', `${day.weekday + 1}#${day.nth}`];
  }
}

const MINUTE_MS = 60_000;

/** @throws ConfigError for a rate that is no whole number of minutes */
function writeRate(text: string, everyMs: number): string {
  if (everyMs < MINUTE_MS)
    throw new ConfigError(`"${text}": AWS schedules at most once a minute; write @every 1m`);
  const below = Math.floor(everyMs / MINUTE_MS);
  if (everyMs % MINUTE_MS !== 0)
    throw new ConfigError(
      `"${text}": AWS counts in whole minutes; write @every ${below}m or @every ${below + 1}m`,
    );
  const [count, unit] =
    below % 1440 === 0 ? [below / 1440, 'day'] : below % 60 === 0 ? [below / 60, 'hour'] : [below, 'minute'];
  return `rate(${count} ${unit}${count === 1 ? '' : 's'})`;
}

/** Cron takes a day of month or a day of week where both are given; EventBridge takes one of the two only. */
function refuseEither(cron: string): never {
  const [minutes, hours, days, months, weekdays] = cron.split(/\s+/);
  throw new ConfigError(
    `"${cron}": a day of month and a day of week together mean "either of the two", which AWS cannot schedule; ` +
      `write two syncs, with "${[minutes, hours, days, months, '*'].join(' ')}" and "${[minutes, hours, '*', months, weekdays].join(' ')}"`,
  );
}

function writeExpression(text: string, schedule: ParsedSchedule): string {
  if (schedule.type === 'rate') return writeRate(text, schedule.everyMs);
  if (schedule.day.type === 'either') refuseEither(text);
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
  const expression = writeExpression(splitZonePrefix(cron).expression, schedule);
  if (expression.length > MAXIMUM_LENGTH) {
    throw new ConfigError(
      `"${cron}": needs ${expression.length} characters on AWS, which allows ${MAXIMUM_LENGTH}; list fewer single values`,
    );
  }
  return { expression, timezone: own ?? timezone };
}

/** The time zone of a schedule: the one in front of its expression, else its own. */
export function zoneOf({ cron, timezone }: { cron: string; timezone: string }): string {
  return splitZonePrefix(cron).timezone ?? timezone;
}

/** As EventBridge writes it; as it was written, where EventBridge has no such schedule (`ferry serve`). */
export function writtenSchedule(schedule: { cron: string; timezone: string }): {
  expression: string;
  timezone: string;
} {
  try {
    return toEventBridgeSchedule(schedule);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { expression: splitZonePrefix(schedule.cron).expression, timezone: zoneOf(schedule) };
  }
}
