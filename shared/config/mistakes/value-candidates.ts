import { nearestName } from '../nearest-name.ts';
import { cronCandidates } from './cron-candidates.ts';
import { asWritten, inQuotes, isPlain } from './mistake.ts';
import { isSecretArn, isSecretName, isSecretPath, isShowable } from './showable.ts';

const YES_NO: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  true: true,
  ja: true,
  '1': true,
  no: false,
  off: false,
  false: false,
  nein: false,
  '0': false,
};

const EMAILS = /^[\w.+-]+@[\w.-]+(\s*[,;]\s*[\w.+-]+@[\w.-]+)*$/;

/** Fields that are a list of names. */
const LISTS = /^(sources|databases|columns|email|subnetIds|securityGroupIds)$/;
const DURATIONS = /^(timeout|window|pollInterval)$/;
/** Fields whose value is one of a few words. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  mode: ['verify-full', 'verify-ca', 'require', 'disable'],
  onSchemaChange: ['fail', 'warn', 'ignore'],
  databases: ['all'],
};
const OTHER_WORDS: Readonly<Record<string, string>> = {
  error: 'fail',
  abort: 'fail',
  stop: 'fail',
  none: 'disable',
  off: 'disable',
  disabled: 'disable',
  false: 'disable',
  '*': 'all',
};

/**
 * Lines that may be meant, by the name of a field and its value: likeliest first, and each has to be checked.
 *
 * @param options.names what the value may be, as far as that is known
 */
export function valueCandidates(
  at: readonly PropertyKey[],
  value: unknown,
  { names = [] }: { names?: readonly string[] } = {},
): string[] {
  const field = String(at.at(-1));
  const values = [...new Set(valuesOf(field, at, value, names))];
  return values.map((one) => `${field}: ${one}`);
}

function valuesOf(
  field: string,
  at: readonly PropertyKey[],
  value: unknown,
  names: readonly string[],
): string[] {
  if (isSecretPath(at)) return secretValues(field, value, names);
  if (Array.isArray(value)) return listValues(field, value);
  if (typeof value === 'string' && field === 'email' && EMAILS.test(value))
    return [`[${value.split(/\s*[,;]\s*/).join(', ')}]`];
  if (typeof value === 'string' && field === 'baseUrl') return urlValues(value);
  if (typeof value === 'string' && field === 'alerts' && EMAILS.test(value))
    return [`{ email: [${value.split(/\s*[,;]\s*/).join(', ')}] }`];
  if (!isShowable(value)) return [];
  const text = String(value).trim();
  return [
    ...wordValues(field, text, names),
    ...(names.length === 1 ? names : []),
    ...(/^[\w.-]+#/.test(text) ? [text.split('#')[0] ?? ''] : []),
    ...(LISTS.test(field)
      ? [
          `[${text
            .split(/\s*[,;]\s*/)
            .filter(Boolean)
            .map(listItem)
            .join(', ')}]`,
        ]
      : []),
    ...(field === 'cron' ? cronCandidates(text).map(inQuotes) : []),
    ...(field === 'timezone' ? zoneValues(text) : []),
    ...(field === 'dataset'
      ? [text, text.toLowerCase(), `ds_${text}`].filter((one) => /^ds_[a-z]/.test(one))
      : []),
    ...(field === 'archive' ? numbersOf(text).map((number) => `{ keep: ${number} }`) : []),
    ...(field === 'maxRowChange' ? percentValues(text) : []),
    ...(DURATIONS.test(field) ? durationValues(field, text) : []),
    ...(typeof value === 'string' ? numbersOf(text) : []),
    ...(YES_NO[text.toLowerCase()] === undefined ? [] : [String(YES_NO[text.toLowerCase()])]),
    ...(typeof value === 'string' && text !== value ? [asWritten(text)] : []),
    ...(typeof value === 'string' ? [] : [inQuotes(value)]),
  ];
}

/** Below a field that may hold a secret: nothing is repeated but what can only be the name of one. */
function secretValues(field: string, value: unknown, names: readonly string[]): string[] {
  if (names.length > 0 && typeof value === 'string') {
    const meant = nearestName(value, names);
    return meant === undefined ? [] : [meant];
  }
  if (field !== 'secret' && field !== 'token') return [];
  if (isSecretArn(value)) return [`{ arn: ${inQuotes(value)} }`];
  const named = isPlain(value) ? (value.name ?? value.secret ?? value.secretName) : undefined;
  if (isSecretName(named)) return [named];
  return isSecretArn(named) ? [`{ arn: ${inQuotes(named)} }`] : [];
}

function listValues(field: string, value: readonly unknown[]): string[] {
  const [only] = value;
  if (value.length !== 1 || !isShowable(only)) return [];
  return LISTS.test(field) ? [] : [asWritten(only)];
}

function urlValues(value: string): string[] {
  const [, host] = /^(?:https?:\/\/)?([\w.-]+(?::\d+)?\/?)$/.exec(value) ?? [];
  return host === undefined ? [] : [`https://${host}`];
}

function wordValues(field: string, text: string, names: readonly string[]): string[] {
  const words = names.length > 0 ? names : (WORDS[field] ?? []);
  const other = OTHER_WORDS[text.toLowerCase()];
  const number = Number(text);
  const greater = words.filter((word) => /^\d+$/.test(word) && Number(word) >= number).slice(0, 1);
  const nearest = /^\d+$/.test(text) ? undefined : nearestName(text, words);
  return [
    ...words.filter((word) => word.toLowerCase() === text.toLowerCase() && word !== text),
    ...(other !== undefined && words.includes(other) ? [other] : []),
    ...(nearest === undefined ? [] : [nearest]),
    ...greater,
    ...(field === 'mode' ? ['verify-full'] : []),
  ];
}

const listItem = (value: string) =>
  /^[\w-]+$/.test(value) && !/^\d+$/.test(value) ? value : inQuotes(value);

/** Numbers with a unit, or with marks between thousands. */
function numbersOf(text: string): string[] {
  if (/^-?\d+$/.test(text)) return [text];
  const [, thousands] = /^(\d{1,3}(?:[.,_ '’]\d{3})+)$/.exec(text) ?? [];
  if (thousands !== undefined) return [thousands.replace(/\D/g, '')];
  const [, size, unit] = /^(\d+)\s*(GB?|GiB|MB?|MiB)$/i.exec(text) ?? [];
  if (size !== undefined && unit !== undefined) return [String(Number(size) * (/^g/i.test(unit) ? 1024 : 1))];
  const [, days] = /^(\d+)\s*(?:d|days?|tage?)$/i.exec(text) ?? [];
  if (days !== undefined) return [days];
  const [, twice, same] = /^(\d+):(\d+)$/.exec(text) ?? [];
  return twice !== undefined && twice === same ? [twice] : [];
}

function percentValues(text: string): string[] {
  const [, number] = /^[±+-]?\s*%?\s*(\d+(?:[.,]\d+)?)\s*%?\s*(?:percent|prozent)?$/i.exec(text) ?? [];
  if (number === undefined) return [];
  const value = Number(number.replace(',', '.'));
  return [`${value > 0 && value < 1 ? Math.round(value * 10_000) / 100 : value}%`];
}

/** A number without its unit: a function's time limit is in seconds on AWS, a window in minutes. */
function durationValues(field: string, text: string): string[] {
  const [, count, unit = ''] = /^(\d+)\s*(s|m|h|d)?\w*$/i.exec(text) ?? [];
  if (count === undefined) return [];
  const number = Number(count);
  if (unit !== '') return [`${number}${unit.toLowerCase()}`];
  if (field === 'window') return [`${number}m`];
  if (field === 'timeout' && number >= 60 && number % 60 === 0) return [`${number / 60}m`];
  return [`${number}s`, `${number}m`];
}

/** The names that Central Europe's zone has in everyday life. */
const CENTRAL_EUROPE =
  /^(me[sz]z?|ces?t|germany|deutschland|german(y)? time|w\. europe standard time|(europe\/)?(berlin|munich|münchen|muenchen|hamburg|frankfurt|köln|koeln|cologne|stuttgart|leipzig|dresden|bonn|hannover|bremen|nuremberg|nürnberg))$/i;

function zoneValues(text: string): string[] {
  if (CENTRAL_EUROPE.test(text)) return ['Europe/Berlin'];
  const [, sign, hours] = /^(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?00)?$/i.exec(text) ?? [];
  // POSIX signs are the other way round.
  if (sign !== undefined) return [`Etc/GMT${sign === '+' ? '-' : '+'}${Number(hours)}`];
  const zones = Intl.supportedValuesOf('timeZone');
  const plain = text
    .replace(/\s*\/\s*/, '/')
    .toLowerCase()
    .replaceAll(' ', '_');
  const same = zones.find((zone) => zone.toLowerCase() === plain || zone.toLowerCase().endsWith(`/${plain}`));
  if (same !== undefined) return [same];
  // A slip of the keyboard, not another city.
  const [region, city = ''] = plain.split('/');
  const near = nearestName(
    city,
    zones
      .filter((zone) => zone.toLowerCase().startsWith(`${region}/`))
      .map((zone) => zone.split('/').at(-1) ?? ''),
  );
  const found = zones.find(
    (zone) => near !== undefined && zone.toLowerCase() === `${region}/${near.toLowerCase()}`,
  );
  return found !== undefined &&
    found.length - plain.length < 2 &&
    found.split('/')[1]?.[0]?.toLowerCase() === city[0]
    ? [found]
    : [];
}
