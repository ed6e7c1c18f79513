import { ConfigError } from '../../errors.ts';

/** One field of a cron expression: the numbers and names that it allows. */
export interface CronField {
  name: string;
  minimum: number;
  /** The greatest number allowed. */
  maximum: number;
  /** Where `*` and a step without an end stop, if not at `maximum`. */
  end?: number;
  names: readonly string[];
  /** Number of the first of `names`. */
  firstName: number;
}

/** Days of the week as both kinds of cron spell them, from Sunday. */
export const WEEKDAYS: readonly string[] = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

const numbers = (name: string, minimum: number, maximum: number): CronField => ({
  name,
  minimum,
  maximum,
  names: [],
  firstName: 0,
});

/**
 * The fields by name. The two kinds of cron count days of the week differently: cron from 0 with 7 for Sunday too,
 * EventBridge from 1.
 */
export const CRON_FIELDS = {
  minute: numbers('minute', 0, 59),
  hour: numbers('hour', 0, 23),
  dayOfMonth: numbers('day of month', 1, 31),
  month: { ...numbers('month', 1, 12), names: months, firstName: 1 },
  weekday: { ...numbers('day of week', 0, 7), end: 6, names: WEEKDAYS },
  eventBridgeWeekday: { ...numbers('day of week', 1, 7), names: WEEKDAYS, firstName: 1 },
  year: numbers('year', 1970, 2199),
} as const satisfies Record<string, CronField>;

/**
 * The number that one number or name of a field stands for.
 *
 * @throws ConfigError that says what is expected
 */
export function parseCronNumber(text: string, field: CronField): number {
  const named = field.names.indexOf(text.toUpperCase());
  const value = named >= 0 ? named + field.firstName : /^\+?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= field.minimum && value <= field.maximum)) {
    const names = field.names.length > 0 ? ` or ${field.names[0]}–${field.names.at(-1)}` : '';
    throw new ConfigError(
      `"${text}": expected ${field.name === 'hour' ? 'an' : 'a'} ${field.name} of ${field.minimum}–${field.maximum}${names}`,
    );
  }
  return value;
}

function expandPart(part: string, field: CronField): number[] {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0 || (step !== undefined && !/^0*[1-9]\d*$/.test(step)))
    throw new ConfigError(`"${part}": expected a step of the form */15 or 1-30/5`);
  const [from = '', to, ...rest] = range.split('-');
  if (rest.length > 0) throw new ConfigError(`"${part}": expected a range of the form 1-5`);
  const end = field.end ?? field.maximum;
  const whole = range === '*';
  const first = whole ? field.minimum : parseCronNumber(from, field);
  // As in robfig/cron: a step without a range runs on to the end of the field.
  const last = whole ? end : to !== undefined ? parseCronNumber(to, field) : step === undefined ? first : end;
  if (last < first) {
    // Over midnight, or over the end of the week: the meaning is clear, but neither kind of cron accepts it.
    const show = (value: number) => field.names[value - field.firstName] ?? String(value);
    const fixed = step === undefined ? `; write ${from}-${show(end)},${show(field.minimum)}-${to}` : '';
    throw new ConfigError(`"${part}": expected a range whose end is not before its start${fixed}`);
  }
  const values: number[] = [];
  for (let value = first; value <= last; value += Number(step ?? 1)) values.push(value);
  return values;
}

/**
 * Every value of a field, in order; undefined for an unrestricted one: `*`, also as one part of a list, as in
 * robfig/cron.
 *
 * @throws ConfigError that says what is expected
 */
export function expandCronField(text: string, field: CronField): number[] | undefined {
  const parts = text.split(',');
  const values = new Set(parts.flatMap((part) => expandPart(part, field)));
  if (parts.some((part) => /^\*(\/0*1)?$/.test(part))) return undefined;
  return [...values].sort((a, b) => a - b);
}
