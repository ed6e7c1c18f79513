import { NAME_FORM } from '../job-name.ts';
import { asWritten, groupsIn, isPlain, type Mistake, type Plain } from './mistake.ts';
import { isSecretName, isShowable, shownName } from './showable.ts';

/** The groups whose entries have names, and what shows that something is an entry of it. */
const GROUPS: Readonly<Record<string, { entry: string; example: string; fields: readonly string[] }>> = {
  sources: { entry: 'source', example: 'erp', fields: ['type', 'host', 'database', 'auth'] },
  syncs: { entry: 'sync', example: 'open-orders', fields: ['source', 'query', 'duckdbQuery', 'dataset'] },
  extractions: { entry: 'extraction', example: 'nightly-catalogs', fields: ['sources', 'output', 'include'] },
  polyteia: { entry: 'target', example: 'default', fields: ['token', 'organization', 'baseUrl'] },
};

/** Fields of a sync or of a source that are groups themselves, so that they look like one when they are not indented. */
const INNER =
  /^(schedule|guards|auth|tls|columns|archive|function|dedicated|network|output|include|exclude)$/;

/** What is wrong with how the file is laid out: what is below what, names, and what is left empty. */
export function findLayoutMistakes(raw: Plain): Mistake[] {
  const mistakes = Object.entries(GROUPS).flatMap(([group, about]) => {
    const value = raw[group];
    if (value === undefined) return [];
    if (Array.isArray(value)) return [listMistake(group, about, value)];
    if (value === null) return [emptyMistake(group, about, raw)];
    if (!isPlain(value)) return [];
    const flat = flatMistakes(group, about, value);
    return [
      ...flat,
      ...nameMistakes(group, value),
      ...entryMistakes(group, about, value),
      ...(flat.length > 0 ? [] : innerMistakes(group, about, value)),
    ];
  });
  return [
    ...nestedGroups(raw),
    ...mistakes,
    ...versionMistakes(raw),
    ...commentMistakes(raw),
    ...defaultsMistakes(raw),
  ];
}

/** `syncs:` below `polyteia:`, because of spaces in front of it: all that follows seems to be entries of the other group. */
function nestedGroups(raw: Plain): Mistake[] {
  return Object.keys(GROUPS).flatMap((group) => {
    const value = raw[group];
    if (!isPlain(value)) return [];
    const names = Object.keys(value);
    return names.flatMap((name, index): Mistake[] => {
      const own = value[name];
      const about = GROUPS[name];
      if (about === undefined || name === group || raw[name] !== undefined) return [];
      // An entry may be called so: then it has the fields of one.
      const entries =
        own === null ? names.slice(index + 1).map((one) => value[one]) : Object.values(own ?? {});
      if (!entries.some((entry) => isPlain(entry) && about.fields.some((field) => field in entry))) return [];
      const what =
        own === null
          ? `begin the line with "${name}:", without spaces in front of it`
          : `move it, and all that is below it, to the left, until "${name}:" begins its line`;
      return [
        {
          at: [group, name],
          message: `${name} does not belong to ${group}: ${what}`,
          claims: [[name], ...(own === null ? [[group]] : [])],
        },
      ];
    });
  });
}

/** A group of fields of an entry that is not indented far enough, and so seems to be an entry. */
function innerMistakes(group: string, { entry, fields }: Group, value: Plain): Mistake[] {
  const names = Object.keys(value);
  return names.flatMap((name, index) => {
    const own = value[name];
    const owner = names[index - 1];
    if (!INNER.test(name) || owner === undefined) return [];
    if (isPlain(own) && fields.some((field) => field !== 'type' && field in own)) return [];
    const message = `is a field of a ${entry}: indent it, and what is below it, by two more spaces, so that it belongs to "${owner}"`;
    return [{ at: [group, name], message }];
  });
}

function defaultsMistakes({ defaults }: Plain): Mistake[] {
  if (!isPlain(defaults) || defaults.timezone === undefined) return [];
  const { timezone } = defaults;
  const write = isShowable(timezone) ? { write: `schedule: { timezone: ${timezone} }` } : {};
  return [{ at: ['defaults', 'timezone'], message: 'the time zone belongs to schedule', ...write }];
}

function versionMistakes(raw: Plain): Mistake[] {
  const { version } = raw;
  if (version === 1) return [];
  if (version === undefined)
    return [{ at: ['version'], message: 'missing: the version of this file format', write: 'version: 1' }];
  return /^["']?1(\.0)?["']?$/.test(String(version))
    ? [{ at: ['version'], message: `${JSON.stringify(version)}: expected the number 1`, write: 'version: 1' }]
    : [];
}

function commentMistakes(raw: Plain): Mistake[] {
  const name = Object.keys(raw).find((one) => one.startsWith('//') || one.startsWith('/*'));
  if (name === undefined) return [];
  const claims = Object.keys(GROUPS).map((group) => [group]);
  return [{ at: [name], message: 'a comment begins with #', claims }];
}

type Group = (typeof GROUPS)[string];

function listMistake(group: string, { example, fields }: Group, list: readonly unknown[]): Mistake {
  const [first] = list;
  const isNamed = isPlain(first) && typeof first.name === 'string' && NAME_FORM.test(first.name);
  const told = isNamed
    ? `write "${first.name}:" instead of "- name: ${first.name}", and so on`
    : `such as "${example}:" and below it "${fields[0]}: …"`;
  return { at: [group], message: `is a list: expected a name for each, with its fields below it: ${told}` };
}

/** The lines for the first target. */
const FIRST_TARGET = 'polyteia:\n  default: { token: ferry/polyteia }';

/** Where syncs upload to is missing altogether. */
export const missingTarget = (message: string): Mistake => ({
  at: ['polyteia'],
  message,
  write: FIRST_TARGET,
});

/** Nothing is below the group: what belongs there may be in the wrong column. */
function emptyMistake(group: string, { entry, fields }: Group, raw: Plain): Mistake {
  const stray = groupsIn(raw).find(
    ([name, value]) =>
      !(name in GROUPS) &&
      (fields.filter((field) => field in value).length > 1 ||
        groupsIn(value).some(([, inner]) => fields.filter((field) => field in inner).length > 1)),
  );
  const hasSyncs = isPlain(raw.syncs) && Object.keys(raw.syncs).length > 0;
  if (stray === undefined) {
    if (group === 'polyteia' && hasSyncs)
      return missingTarget('nothing is below it, and the syncs need a target: where to upload to');
    return { at: [group], message: `is empty: remove the line, or add a ${entry}` };
  }
  const [name, value] = stray;
  const isEntry = fields.some((field) => field in value);
  return {
    at: [name],
    message: isEntry
      ? `is a ${entry}, and must be below ${group}: indent it and its fields by two more spaces`
      : `is no field of ferry.yaml, and what is below it belongs to ${group}: remove the line "${name}:"`,
    claims: [[group], [name]],
  };
}

/** Fields of an entry directly below the group. */
function flatMistakes(group: string, { entry, fields }: Group, value: Plain): Mistake[] {
  const stray = fields.filter((field) => field in value && !isPlain(value[field]));
  const [first] = stray;
  if (first === undefined || (group === 'polyteia' ? false : stray.length < 2)) return [];
  const empty = Object.entries(value).find(([, own]) => own === null)?.[0];
  const claims = Object.entries(value)
    .filter(([name, own]) => !isPlain(own) || own === null || INNER.test(name))
    .map(([name]) => [group, name]);
  const message =
    empty === undefined
      ? `a field of a ${entry}, directly below ${group}: each ${entry} has a name, and its fields below that`
      : `belongs to ${empty}: indent it, and the fields after it, by two more spaces`;
  const write = group === 'polyteia' && empty === undefined ? targetOf(value) : undefined;
  return [{ at: [group, first], message, claims, ...(write === undefined ? {} : { write }) }];
}

/** The only target, under the name that syncs look for. */
function targetOf(fields: Plain): string | undefined {
  const shown = Object.entries(fields).map(([name, value]) => {
    const isTold = name === 'token' ? isSecretName(value) : isShowable(value);
    return isTold ? `${name}: ${asWritten(value as string)}` : undefined;
  });
  return shown.includes(undefined) ? undefined : `polyteia:\n  default: { ${shown.join(', ')} }`;
}

function entryMistakes(group: string, { entry, fields }: Group, value: Plain): Mistake[] {
  if (fields.some((field) => field in value)) return [];
  return Object.entries(value)
    .filter(([, own]) => own === null)
    .map(([name]) => ({
      at: [group, name],
      message: `is a ${entry} without fields: add them below it, indented, or remove the line`,
    }));
}

const UMLAUTS: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  Ä: 'Ae',
  Ö: 'Oe',
  Ü: 'Ue',
  ß: 'ss',
};

/** A name of the form that names have, from one that a person has chosen. */
function nameFrom(text: string): string {
  const plain = text.replace(/[äöüÄÖÜß]/g, (letter) => UMLAUTS[letter] ?? '').normalize('NFD');
  return plain
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, 63);
}

function nameMistakes(group: string, value: Plain): Mistake[] {
  return Object.keys(value)
    .filter((name) => !NAME_FORM.test(name) && name !== '__proto__')
    .map((name) => {
      const meant = nameFrom(name);
      const message =
        'expected a name of letters, digits, - and _ (at most 63, starting with a letter or digit)';
      return {
        at: [group, name],
        message,
        ...(NAME_FORM.test(meant) && shownName(name, [group]) !== undefined ? { write: `${meant}:` } : {}),
      };
    });
}
