/** What may be meant by a cron expression that is none: from names and forms of other programs and languages. */

/** Days and months in English and German, as they are spelled out or cut. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(sonntags?|sundays?|so|sun?)$/i, 'SUN'],
  [/^(montags?|mondays?|mo|mon)$/i, 'MON'],
  [/^(dienstags?|tuesdays?|di|die|tues?|tu)$/i, 'TUE'],
  [/^(mittwochs?|wednesdays?|mi|mit|weds?|we)$/i, 'WED'],
  [/^(donnerstags?|thursdays?|do|don|thur?s?|th)$/i, 'THU'],
  [/^(freitags?|fridays?|fr|fre|fri)$/i, 'FRI'],
  [/^(samstags?|sonnabends?|saturdays?|sa|sam|sat)$/i, 'SAT'],
];
const MONTHS: readonly (readonly [RegExp, string])[] = [
  [/^(januar|january|jän)$/i, 'JAN'],
  [/^(februar|february)$/i, 'FEB'],
  [/^(märz|mär|mrz|march|maerz)$/i, 'MAR'],
  [/^april$/i, 'APR'],
  [/^(mai)$/i, 'MAY'],
  [/^(juni|june)$/i, 'JUN'],
  [/^(juli|july)$/i, 'JUL'],
  [/^august$/i, 'AUG'],
  [/^(sept|september)$/i, 'SEP'],
  [/^(okt|oktober|october)$/i, 'OCT'],
  [/^november$/i, 'NOV'],
  [/^(dez|dezember|december)$/i, 'DEC'],
];
const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@nightly': '@daily',
  '@everyday': '@daily',
  '@täglich': '@daily',
  '@yearly': '@yearly',
  '@minutely': '@every 1m',
};

const renamed = (field: string, names: readonly (readonly [RegExp, string])[]) =>
  field.replace(/[\p{L}]+/gu, (word) => names.find(([form]) => form.test(word))?.[1] ?? word);

/** Expressions that may be meant, likeliest first; each has to be checked. */
export function cronCandidates(text: string): string[] {
  const plain = text
    .replace(/[“”„‟«»‘’]/g, '')
    .replace(/^["']|["']$/g, '')
    .trim();
  const found: string[] = [];
  const [, hour, minute] =
    /^(?:(?:every day|daily|täglich|jeden tag)?\s*(?:at|um)?\s*)(\d{1,2})[:.](\d{2})(?:[:.]00)?\s*(?:h|uhr)?$/i.exec(
      plain,
    ) ?? [];
  if (hour !== undefined && minute !== undefined) found.push(`${Number(minute)} ${Number(hour)} * * *`);
  const [, inner] = /^cron\((.*)\)$/i.exec(plain) ?? [];
  if (inner !== undefined) found.push(inner.trim());
  const [, days] = /^@every\s+(\d+)\s*d(?:ays?)?$/i.exec(plain) ?? [];
  if (days !== undefined) found.push(`@every ${Number(days) * 24}h`);
  const [, count, unit] =
    /^(?:rate\(|@?every\s+)(\d+)\s*(s|sec|seconds?|m|min|minutes?|h|hours?)\)?$/i.exec(plain) ?? [];
  if (count !== undefined && unit !== undefined)
    found.push(/^s/i.test(unit) ? '@every 1m' : `@every ${count}${unit[0]?.toLowerCase()}`);
  const descriptor = DESCRIPTORS[plain.toLowerCase()];
  if (descriptor !== undefined) found.push(descriptor);
  found.push(...fieldCandidates(plain.replace(/\s*,\s*/g, ',')));
  return [...new Set(found)].filter((one) => one !== text);
}

function fieldCandidates(text: string): string[] {
  const fields = text.split(/\s+/);
  const five = (all: readonly string[]) => {
    const [minute = '', hour = '', day = '', month = '', weekday = ''] = all;
    return [
      minute.replace(/^H$/, '0'),
      hour.replace(/^24$/, '0').replace(/^H$/, '0'),
      day,
      renamed(month, MONTHS),
      renamed(weekday, NAMES),
    ].join(' ');
  };
  if (fields.length === 5) return [text, five(fields), backwards(five(fields))];
  if (fields.length === 6 || fields.length === 7) {
    const seconds = fields.slice(1, 6);
    // The first field is seconds where the second cannot be an hour; else it could be a year that is too much.
    const isSeconds = /^0+$/.test(fields[0] ?? '') && (fields.length === 7 || Number(fields[1]) > 23);
    const year = fields[6] ?? '*';
    return [text, ...(isSeconds ? [/^[*?]$/.test(year) ? five(seconds) : six(five(seconds), year)] : [])];
  }
  return [text];
}

/** As EventBridge takes a year: one of the two days is open. Where both are given, no writing of it means the same. */
function six(text: string, year: string): string {
  const [minute, hour, day = '', month, weekday = ''] = text.split(' ');
  const [first, second] = weekday === '*' ? [day, '?'] : [day === '*' ? '?' : day, weekday];
  return [minute, hour, first, month, second, year].join(' ');
}

/** Ranges over midnight, or over the end of the week, as two. */
function backwards(text: string): string {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = text.split(' ');
  const hours = hour.replace(/^(\d+)-(\d+)$/, (range, from: string, to: string) =>
    Number(from) > Number(to)
      ? `${from === '23' ? '23' : `${from}-23`},${to === '0' ? '0' : `0-${to}`}`
      : range,
  );
  const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
  const week = weekday.toUpperCase().replace(/^([A-Z]{3})-([A-Z]{3})$/, (range, from: string, to: string) => {
    const [first, last] = [days.indexOf(from), days.indexOf(to)];
    if (first < 0 || last < 0 || first <= last) return range;
    return [...days.slice(first), ...days.slice(0, last + 1)].join(',');
  });
  return [
    minute,
    hours,
    day,
    month,
    week === weekday.toUpperCase() && week !== weekday ? weekday : week,
  ].join(' ');
}
