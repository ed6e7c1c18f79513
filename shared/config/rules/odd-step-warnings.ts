import { CRON_FIELDS, expandCronField } from '../schedule/cron-field.ts';
import { splitZonePrefix } from '../schedule/parse-schedule.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';

/** The two fields whose steps people take for intervals. */
const FIELDS = [
  { field: CRON_FIELDS.minute, whole: 60, one: 'minute', letter: 'm' },
  { field: CRON_FIELDS.hour, whole: 24, one: 'hour', letter: 'h' },
] as const;

/**
 * One sentence for each step of a schedule that does not repeat evenly, because cron starts over every hour and every
 * day: `*\/90` in the minutes means minute 0 only, and the runs of `*\/45` are 45 and 15 minutes apart.
 */
export function warnOfOddSteps({ syncs, extractions }: Pick<FerryConfig, 'syncs' | 'extractions'>): string[] {
  return Object.entries({ ...syncs, ...extractions }).flatMap(([job, { schedule }]) => {
    if (!schedule?.enabled) return [];
    const { expression } = splitZonePrefix(schedule.cron);
    if (/^(@|rate\b)/.test(expression)) return [];
    const fields = expression
      .replace(/^cron\(|\)$/g, '')
      .trim()
      .split(/\s+/);
    return FIELDS.flatMap((about, index) => {
      const said = describe(fields[index] ?? '', about);
      return said === undefined ? [] : [`${job}: ${said}`];
    });
  });
}

function describe(text: string, { field, whole, one, letter }: (typeof FIELDS)[number]): string | undefined {
  // The end of a range is somebody's wish.
  const [, from = '', stepText] = /^(\*|\d+)(?:-\d+)?\/0*(\d+)$/.exec(text) ?? [];
  if (stepText === undefined || (text.includes('-') && !text.startsWith(`0-${field.maximum}/`)))
    return undefined;
  const step = Number(stepText);
  const [first = 0, ...others] = expandCronField(text, field) ?? [];
  const last = others.at(-1) ?? first;
  const gap = first + whole - last;
  if (step === 1 || gap === step || (from !== '*' && step < whole && others.length === 0)) return undefined;
  const write = `for every ${step} ${one}s, write "@every ${step}${letter}"`;
  if (others.length === 0) return `"${text}" of ${one}s means ${one} ${first} alone; ${write}`;
  const later = `${gap} ${one}${gap === 1 ? '' : 's'} later`;
  return `"${text}" of ${one}s: ${one} ${last} is followed by ${one} ${first}, ${later}; ${write}`;
}
