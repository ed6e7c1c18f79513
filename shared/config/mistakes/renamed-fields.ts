import { nearestName } from '../nearest-name.ts';
import { cronCandidates } from './cron-candidates.ts';
import { configFieldNamesAt } from './field-names.ts';
import { asWritten, inQuotes, isPlain, type Mistake, type Plain } from './mistake.ts';
import { isSecretName, isSecretPath, isShowable, shownName } from './showable.ts';
import { valueCandidates } from './value-candidates.ts';

/** Other names of fields, without `_`, `-` and capitals: from other programs, or a singular for a plural. */
const OTHER_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { source: 'sources', target: 'polyteia', targets: 'polyteia', jobs: 'syncs', catalogs: 'extractions' },
  'sources.*': {
    dbname: 'database',
    db: 'database',
    databasename: 'database',
    hostname: 'host',
    server: 'host',
    address: 'host',
    engine: 'type',
    kind: 'type',
    dbtype: 'type',
    authentication: 'auth',
  },
  'sources.*.tls': { sslrootcert: 'ca', rootcert: 'ca', cafile: 'ca', cacert: 'ca', sslmode: 'mode' },
  'sources.*.auth': { user: 'username' },
  'polyteia.*': {
    apikey: 'token',
    key: 'token',
    pat: 'token',
    accesstoken: 'token',
    personalaccesstoken: 'token',
    personalaccesskey: 'token',
    secret: 'token',
    url: 'baseUrl',
    host: 'baseUrl',
    endpoint: 'baseUrl',
    org: 'organization',
    organisation: 'organization',
    organizationid: 'organization',
  },
  'syncs.*': {
    datasetid: 'dataset',
    target: 'dataset',
    sources: 'source',
    database: 'source',
    destination: 'dataset',
  },
  'extractions.*': { source: 'sources', database: 'databases', filter: 'include', includes: 'include' },
  '*.schedule': {
    expression: 'cron',
    cronexpression: 'cron',
    expr: 'cron',
    at: 'cron',
    time: 'cron',
    when: 'cron',
    tz: 'timezone',
    zone: 'timezone',
  },
};

/** A field under another name. */
export interface Renamed {
  from: readonly string[];
  to: readonly string[];
}

const plainName = (name: string) => name.toLowerCase().replace(/[_-]/g, '');

function otherNamesAt(at: readonly string[]): Readonly<Record<string, string>> {
  const [group = '', , ...rest] = at;
  if (at.at(-1) === 'schedule') return OTHER_NAMES['*.schedule'] ?? {};
  const place = at.length === 0 ? '' : [group, '*', ...rest].join('.');
  return OTHER_NAMES[place === 'defaults.*' ? 'sources.*' : place] ?? {};
}

/** Fields that have a rule of their own, which says more than that their name is wrong. */
const TOLD_ELSEWHERE =
  /^(sql|statement|select|sqlQuery|SQL|table|queryFile|sqlFile|user|username|password|passwd|pwd|ssl|sslmode|sslMode|ssl_mode|encrypt|useSSL|cron|url|uri|dsn|connectionString|connection_string|jdbcUrl|disabled|tz|secret)$/;

/**
 * Fields with a name that another program has, or that is misspelled, where the right one is not there: each is one
 * mistake, not an unknown field and a missing one.
 *
 * @returns the mistakes, and the file as if the names were right
 */
export function findRenamedFields(raw: Plain): { mistakes: Mistake[]; meant: Plain; renamed: Renamed[] } {
  const mistakes: Mistake[] = [];
  const renamed: Renamed[] = [];
  const rename = (value: unknown, at: readonly string[], meantAt: readonly string[]): unknown => {
    if (Array.isArray(value) || !isPlain(value)) return value;
    const names = configFieldNamesAt(meantAt, raw);
    const meant: Plain = {};
    for (const [name, inner] of Object.entries(value)) {
      const right = names.length === 0 || names.includes(name) ? name : nameFor(name, names, value, meantAt);
      if (right !== name) {
        mistakes.push(renamedMistake(name, right, inner, at));
        renamed.push({ from: [...at, name], to: [...meantAt, right] });
      }
      if (name === '__proto__') continue;
      meant[right] = rename(inner, [...at, name], [...meantAt, right]);
    }
    return meant;
  };
  const meant = rename(raw, [], []) as Plain;
  return { mistakes, meant, renamed };
}

function nameFor(name: string, names: readonly string[], siblings: Plain, at: readonly string[]): string {
  const own = ['polyteia'].includes(at[0] ?? '') || at.at(-1) === 'schedule' ? /^cron$/ : TOLD_ELSEWHERE;
  if (own.test(name)) return name;
  // `target: default` is a Polyteia target, `target: ds_…` a dataset.
  if (name === 'target' && at[0] === 'syncs' && !/^ds_/.test(String(siblings.target)))
    return 'polyteia' in siblings ? name : 'polyteia';
  const others = otherNamesAt(at);
  const plain = plainName(name);
  // `constructor` is a property of every object.
  const other = Object.hasOwn(others, plain) ? others[plain] : undefined;
  const same = names.find((one) => plainName(one) === plainName(name));
  const right = other ?? same ?? nearestName(name, names);
  if (right === undefined || right in siblings) return name;
  return right;
}

function renamedMistake(name: string, right: string, value: unknown, at: readonly string[]): Mistake {
  const shown = shownName(name, at);
  const isNear = nearestName(name, [right]) === right;
  const message =
    shown === undefined
      ? `unknown field; did you mean "${right}"?`
      : isNear
        ? `unknown field "${shown}"; did you mean "${right}"?`
        : `the field is called ${right}`;
  return { at: [...at, name], message, write: linesFor(right, value, at), isAlone: isPlain(value) };
}

/** The line under the right name, with the value as it is, or in the form that the field has. */
function linesFor(name: string, value: unknown, at: readonly string[]): string[] {
  const path = [...at, name];
  if (isPlain(value)) return [`${name}:`];
  if (isSecretPath(path)) return isSecretName(value) ? [`${name}: ${value}`] : valueCandidates(path, value);
  if (Array.isArray(value)) return [...valueCandidates(path, value), ...listLine(name, value)];
  if (name === 'cron' && isShowable(value))
    return [String(value), ...cronCandidates(String(value))].map((one) => `cron: ${inQuotes(one)}`);
  if (!isShowable(value)) return typeof value === 'string' && /\n/.test(value) ? [`${name}:`] : [];
  return [`${name}: ${asWritten(value)}`, `${name}: ${inQuotes(value)}`, ...valueCandidates(path, value)];
}

function listLine(name: string, value: readonly unknown[]): string[] {
  if (!value.every(isShowable) || value.length > 8) return [];
  return [
    `${name}: [${value.map((one) => (/^[\w-]+$/.test(String(one)) ? one : inQuotes(one))).join(', ')}]`,
  ];
}
