import { ConfigError } from '../../errors.ts';
import { parseGoDuration } from '../../text/go-duration.ts';
import { nearestName } from '../nearest-name.ts';
import { CRON_FIELDS, expandCronField, parseCronNumber, WEEKDAYS } from './cron-field.ts';
import type { CronSchedule, DayRule, ParsedSchedule, RateSchedule } from './parsed-schedule.ts';
import { hasTimes } from './schedule-times.ts';
import { isTimeZone } from './time-zone.ts';

// The names that robfig/cron has, which the Go connector uses.
const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const SECOND = 1_000_000_000n;
const MINUTE_MS = 60_000;
/** A little less than the longest `@every`. Times beyond the year 275760 are no dates. */
const LONGEST_RATE_DAYS = 100_000;

/** As robfig/cron counts: in whole seconds. It takes less than one for one, which would be a run each second. */
function parseEvery(text: string): RateSchedule {
  const duration = text.slice('@every'.length).trim();
  const nanoseconds = parseGoDuration(duration);
  if (nanoseconds === undefined)
    throw new ConfigError(`"${text}": expected a duration such as @every 90m or @every 1h30m`);
  if (nanoseconds < SECOND)
    throw new ConfigError(
      `"${text}": expected at least a second (on AWS a minute), such as @every 90m or @every 1h30m`,
    );
  return { type: 'rate', everyMs: Number(nanoseconds / SECOND) * 1_000 };
}

function parseRate(text: string, inner: string): RateSchedule {
  const [, count, unit = ''] = /^(\d+)\s+(minute|hour|day)s?$/.exec(inner) ?? [];
  if (!count || Number(count) === 0)
    throw new ConfigError(`"${text}": expected a rate such as rate(5 minutes), rate(1 hour) or rate(2 days)`);
  const minutes = Number(count) * ({ minute: 1, hour: 60, day: 1440 }[unit] ?? 1);
  if (minutes > LONGEST_RATE_DAYS * 1440)
    throw new ConfigError(`"${text}": expected a rate of at most ${LONGEST_RATE_DAYS} days`);
  return { type: 'rate', everyMs: minutes * MINUTE_MS };
}

function parseDescriptor(text: string): ParsedSchedule {
  if (/^@every(\s|$)/.test(text)) return parseEvery(text);
  const cron = descriptors[text];
  if (cron) return parseFive(cron);
  const nearest = nearestName(text, [...Object.keys(descriptors), '@every 1h']);
  const valid = `${Object.keys(descriptors).join(', ')}, @every 1h`;
  throw new ConfigError(
    `unknown schedule "${text}"${nearest ? `; did you mean "${nearest}"?` : ` (valid: ${valid})`}`,
  );
}

const isEventBridgeDay = (text: string) => /^(L|\w+[LW]|\w+#\d+)$/i.test(text);

/** A day of the week in EventBridge's numbers, from cron's number or name: 5L becomes 6L, TUE#2 becomes 3#2. */
const toEventBridgeDay = (text: string) =>
  text.replace(/^(\d|[A-Z]{3})(?=[L#])/i, (day) => {
    const number = /\d/.test(day) ? Number(day) % 7 : WEEKDAYS.indexOf(day.toUpperCase());
    return number < 0 ? day : String(number + 1);
  });

/** Minute, hour, day of month, month, day of week, as cron and robfig/cron read them. */
function parseFive(cron: string): CronSchedule {
  // In five fields, `?` means the same as `*`.
  const [minutes = '', hours = '', days = '', monthsText = '', weekdaysText = ''] = cron
    .split(/\s+/)
    .map((field) => field.replace(/(^|,)\?(?=$|[,/])/g, '$1*'));
  if (isEventBridgeDay(days) || isEventBridgeDay(weekdaysText)) {
    const six = isEventBridgeDay(days)
      ? [days, monthsText, '?']
      : ['?', monthsText, toEventBridgeDay(weekdaysText)];
    throw new ConfigError(
      `"${cron}": L, W and # only work in EventBridge's six fields (the last is the year, and days of the week count from 1, Sunday); write "${[minutes, hours, ...six, '*'].join(' ')}"`,
    );
  }
  const dayValues = expandCronField(days, CRON_FIELDS.dayOfMonth);
  const weekdayNumbers = expandCronField(weekdaysText, CRON_FIELDS.weekday)?.map((day) => day % 7);
  const weekdayValues = weekdayNumbers && [...new Set(weekdayNumbers)].sort((a, b) => a - b);
  const schedule = {
    type: 'cron' as const,
    minutes: expandCronField(minutes, CRON_FIELDS.minute),
    hours: expandCronField(hours, CRON_FIELDS.hour),
    months: expandCronField(monthsText, CRON_FIELDS.month),
    years: undefined,
  };
  if (dayValues && weekdayValues) {
    // One of the two matches any day, so both together do.
    if (dayValues.length === 31 || weekdayValues.length === 7) return { ...schedule, day: { type: 'every' } };
    return { ...schedule, day: { type: 'either', days: dayValues, weekdays: weekdayValues } };
  }
  if (weekdayValues) return { ...schedule, day: { type: 'weekdays', weekdays: weekdayValues } };
  return { ...schedule, day: dayValues ? { type: 'days', days: dayValues } : { type: 'every' } };
}

function parseDayOfMonth(text: string): DayRule {
  if (/^L$/i.test(text)) return { type: 'last-day' };
  const [, workday] = /^(\d+)W$/i.exec(text) ?? [];
  if (workday !== undefined)
    return { type: 'nearest-workday', day: parseCronNumber(workday, CRON_FIELDS.dayOfMonth) };
  if (/[LW]/i.test(text)) {
    throw new ConfigError(
      `"${text}": expected L (the last day of the month), 15W (the workday nearest to the 15th), or days such as 1,15; do not combine them`,
    );
  }
  const days = expandCronField(text, CRON_FIELDS.dayOfMonth);
  return days ? { type: 'days', days } : { type: 'every' };
}

function parseDayOfWeek(text: string): DayRule {
  const number = (day: string) => parseCronNumber(day, CRON_FIELDS.eventBridgeWeekday) - 1;
  if (/^L$/i.test(text)) return { type: 'weekdays', weekdays: [6] };
  const [, last] = /^(\d+|[A-Z]{3})L$/i.exec(text) ?? [];
  if (last !== undefined) return { type: 'last-weekday', weekday: number(last) };
  const [, weekday, nth] = /^(\w+)#(\w+)$/.exec(text) ?? [];
  if (weekday !== undefined && /^[1-5]$/.test(nth ?? ''))
    return { type: 'nth-weekday', weekday: number(weekday), nth: Number(nth) };
  if (/[L#]/i.test(text)) {
    throw new ConfigError(
      `"${text}": expected 6L (the last Friday of the month), 3#2 (the second Tuesday), or days such as MON-FRI; do not combine them`,
    );
  }
  if (/\b0\b/.test(text.replaceAll(/\/\d+/g, '')))
    throw new ConfigError(`"${text}": of six fields, days of the week count from 1; write SUN instead of 0`);
  const weekdays = expandCronField(text, CRON_FIELDS.eventBridgeWeekday)?.map((day) => day - 1);
  return weekdays ? { type: 'weekdays', weekdays } : { type: 'every' };
}

/** Minute, hour, day of month, month, day of week, year, as EventBridge reads them. */
function parseSix(cron: string): CronSchedule {
  const [minutes = '', hours = '', days = '', monthsText = '', weekdaysText = '', years = ''] =
    cron.split(/\s+/);
  const open = [days, weekdaysText].filter((field) => field === '?').length;
  const fields = 'minute hour day-of-month month day-of-week year';
  if (open !== 1 || years === '?') {
    const five = cron.split(/\s+/).slice(1).join(' ');
    throw new ConfigError(
      `"${cron}": of six fields (${fields}), exactly one of day-of-month and day-of-week must be ?` +
        `; if the first field is seconds, leave it out: "${five}"`,
    );
  }
  return {
    type: 'cron',
    minutes: expandCronField(minutes, CRON_FIELDS.minute),
    hours: expandCronField(hours, CRON_FIELDS.hour),
    day: weekdaysText === '?' ? parseDayOfMonth(days) : parseDayOfWeek(weekdaysText),
    months: expandCronField(monthsText, CRON_FIELDS.month),
    years: expandCronField(years, CRON_FIELDS.year),
  };
}

const longestMonth = (month: number) => (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31);

/** Every cron accepts 30 February, a day that never comes, and 29 February of 2027. */
function assertOccurs(text: string, schedule: CronSchedule): void {
  const { day, months, years } = schedule;
  const first = day.type === 'days' ? Math.min(...day.days) : day.type === 'nearest-workday' ? day.day : 1;
  if (months?.every((month) => longestMonth(month) < first))
    throw new ConfigError(`"${text}": never occurs, because no month that it names has a day ${first}`);
  if (years !== undefined && !hasTimes(schedule, years))
    throw new ConfigError(`"${text}": never occurs, because no year that it names has such a day`);
}

/**
 * Splits off the zone: `CRON_TZ=Europe/Berlin 30 4 * * *`, as in robfig/cron.
 *
 * @throws ConfigError for a zone that does not exist
 */
export function splitZonePrefix(text: string): { expression: string; timezone: string | undefined } {
  const [, zone, expression = ''] = /^\s*(?:CRON_TZ|TZ)=(\S*)(.*)$/s.exec(text) ?? [];
  if (zone === undefined) return { expression: text.trim(), timezone: undefined };
  if (!isTimeZone(zone)) throw new ConfigError(`"${zone}": expected an IANA time zone such as Europe/Berlin`);
  return { expression: expression.trim(), timezone: zone };
}

/**
 * Reads a schedule: five fields of cron, six of EventBridge (also as `cron(…)`), `@daily` and similar, `@every 1h`,
 * `rate(…)`; with or without a zone in front.
 *
 * @throws ConfigError that says what is wrong and what to write instead
 */
export function parseSchedule(text: string): { schedule: ParsedSchedule; timezone: string | undefined } {
  const { expression, timezone } = splitZonePrefix(text);
  const [, kind, inner = ''] = /^(cron|rate)\((.*)\)$/s.exec(expression) ?? [];
  if (kind === 'rate') return { schedule: parseRate(expression, inner.trim()), timezone };
  if (expression.startsWith('@')) return { schedule: parseDescriptor(expression), timezone };
  const cron = kind === 'cron' ? inner.trim() : expression;
  const count = cron.split(/\s+/).filter(Boolean).length;
  if (kind === 'cron' && count === 5)
    throw new ConfigError(
      `"${expression}": cron(…) takes the six fields of EventBridge; write these five without it`,
    );
  if (/,\s/.test(cron) && count > 5)
    throw new ConfigError(`"${expression}": a space behind a comma begins another field; leave it out`);
  if (count !== 6 && count !== 5) {
    const expected =
      'expected five fields (minute hour day-of-month month day-of-week) or the six of EventBridge';
    throw new ConfigError(`"${expression}": ${expected}, found ${count}`);
  }
  const schedule = count === 5 ? parseFive(cron) : parseSix(cron);
  assertOccurs(cron, schedule);
  return { schedule, timezone };
}

/** Names of days of the week, from their numbers. */
export const weekdayNames = (weekdays: readonly number[]): string[] =>
  weekdays.map((day) => WEEKDAYS[day] ?? '');
