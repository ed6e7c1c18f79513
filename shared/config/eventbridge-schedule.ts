import { ConfigError } from '../errors.ts';

interface Field {
  name: string;
  minimum: number;
  maximum: number;
  names: readonly string[];
  /** Number of the first of `names`. */
  firstName: number;
}

const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const minute: Field = { name: 'minute', minimum: 0, maximum: 59, names: [], firstName: 0 };
const hour: Field = { name: 'hour', minimum: 0, maximum: 23, names: [], firstName: 0 };
const dayOfMonth: Field = { name: 'day of month', minimum: 1, maximum: 31, names: [], firstName: 1 };
const month: Field = { name: 'month', minimum: 1, maximum: 12, names: months, firstName: 1 };
const dayOfWeek: Field = { name: 'day of week', minimum: 0, maximum: 7, names: weekdays, firstName: 0 };

function parseNumber(text: string, field: Field): number {
  const named = field.names.indexOf(text.toUpperCase());
  const value = named >= 0 ? named + field.firstName : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= field.minimum && value <= field.maximum)) {
    const names = field.names.length > 0 ? ` or ${field.names[0]}–${field.names.at(-1)}` : '';
    throw new ConfigError(`"${text}": expected a ${field.name} of ${field.minimum}–${field.maximum}${names}`);
  }
  return value;
}

/** Every value that one field of a five-field cron stands for; undefined for an unrestricted one (`*`). */
function expandField(text: string, field: Field): number[] | undefined {
  if (text === '*' || text === '?') return undefined;
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step, ...more] = part.split('/');
    if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) {
      throw new ConfigError(`"${part}": expected a step of the form */15 or 1-30/5`);
    }
    const [from = '', to, ...rest] = range.split('-');
    if (rest.length > 0) throw new ConfigError(`"${part}": expected a range of the form 1-5`);
    const whole = range === '*';
    const first = whole ? field.minimum : parseNumber(from, field);
    // As in robfig/cron: a step without a range runs on to the end of the field.
    const end = field === dayOfWeek ? 6 : field.maximum;
    const last = whole ? end : to !== undefined ? parseNumber(to, field) : step !== undefined ? end : first;
    if (last < first) throw new ConfigError(`"${part}": expected a range whose end is not before its start`);
    for (let value = first; value <= last; value += Number(step ?? 1))
      values.add(field === dayOfWeek ? value % 7 : value);
  }
  return [...values].sort((a, b) => a - b);
}

/**
 * Converts a five-field cron expression to EventBridge Scheduler's six fields, `cron(30 4 * * ? *)`.
 *
 * The two differ: EventBridge counts days of the week from 1 (Sunday), wants `?` in one of the two day fields, and has no `*` with
 * a step in them; so values are written out. Where both day fields are restricted, cron means "either", which one EventBridge
 * expression cannot say. Source: "Schedule types in EventBridge Scheduler", cron-based schedules.
 *
 * @throws ConfigError that says what is expected instead
 */
export function toEventBridgeCron(cron: string): string {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) {
    throw new ConfigError(
      `"${cron}": expected five fields (minute hour day-of-month month day-of-week), found ${fields.length}`,
    );
  }
  const [minutes = '', hours = '', days = '', monthsText = '', weekdaysText = ''] = fields;
  const dayValues = expandField(days, dayOfMonth);
  const weekdayValues = expandField(weekdaysText, dayOfWeek);
  if (dayValues && weekdayValues) {
    throw new ConfigError(
      `"${cron}": a day of month and a day of week together mean "either of the two", which AWS cannot schedule; write two jobs`,
    );
  }
  const write = (values: number[] | undefined) => (values === undefined ? '*' : values.join(','));
  const parts = [
    write(expandField(minutes, minute)),
    write(expandField(hours, hour)),
    weekdayValues ? '?' : write(dayValues),
    write(expandField(monthsText, month)),
    weekdayValues ? weekdayValues.map((day) => weekdays[day]).join(',') : '?',
    '*',
  ];
  return `cron(${parts.join(' ')})`;
}
