import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chooseLanguage, formatTag, languages } from '../../../console/words/choose-language.ts';
import { createFormats } from '../../../console/words/formats.ts';

/** All texts of a language by their path; functions with the texts that they are given. */
function textsOf(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function')
    return [
      [path, value('1', 1, '3')],
      [`${path} of many`, value('2', 2, '3')],
    ];
  return Object.entries(value as object).flatMap(([key, one]) => textsOf(one, `${path}.${key}`));
}

describe('the languages of the console', () => {
  it('say the same things, none of them empty', () => {
    const [english, german] = [textsOf(languages.en), textsOf(languages.de)];
    expect(german.map(([path]) => path)).toEqual(english.map(([path]) => path));
    expect([...english, ...german].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('are translated: only names are the same in both', () => {
    const english = new Map(textsOf(languages.en));
    const same = textsOf(languages.de).filter(([path, text]) => english.get(path) === text);
    const names = /^(Jobs?|Token|Sync|Manifest|in \d)$/;
    expect(same.filter(([, text]) => !names.test(text))).toEqual([]);
  });

  it('explain every class of error that a run can end with', () => {
    const page = readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `(\w+Error)` \| /gm)].map(([, name]) => name);
    expect(documented.length).toBeGreaterThan(10);
    const notOfRuns = ['QueuedError', 'BusyError', 'StackUnavailableError', 'NotificationError'];
    for (const { errors } of Object.values(languages))
      expect(
        documented.filter((name = '') => !notOfRuns.includes(name) && !Object.hasOwn(errors, name)),
      ).toEqual([]);
  });

  it.each([
    [['de-AT', 'en'], 'de', 'de-AT'],
    [['fr', 'DE'], 'de', 'DE'],
    [['fr'], 'en', 'en-GB'],
    [[], 'en', 'en-GB'],
    [['en-US', 'de'], 'en', 'en-US'],
  ] as const)('%j is answered in %s', (wanted, language, tag) => {
    expect([chooseLanguage(wanted), formatTag(chooseLanguage(wanted), wanted)]).toEqual([language, tag]);
  });
});

describe('numbers and moments', () => {
  const german = createFormats('de-DE');
  const english = createFormats('en-GB');

  it('are written as in the language', () => {
    expect([german.count(1_234_567), english.count(1_234_567)]).toEqual(['1.234.567', '1,234,567']);
    expect([german.bytes(1_234_567), english.bytes(999)]).toEqual(['1,23 MB', '999 B']);
    const moment = '2026-11-22T03:30:00.000Z';
    expect([german.moment(moment, 'Europe/Berlin'), german.planned(moment, 'Europe/Berlin')]).toEqual([
      '22.11.2026, 04:30',
      'So., 22.11.2026, 04:30',
    ]);
    expect([
      english.relative(moment, Date.parse(moment) + 7_200_000),
      german.relative(moment, Date.parse(moment) - 60_000),
    ]).toEqual(['2 hours ago', 'in 1 Minute']);
    expect([german.local('2027-03-28T02:30'), german.clock('2027-03-28T02:30')]).toEqual([
      '28.03.2027, 02:30',
      '02:30',
    ]);
  });

  it('tell two moments apart that the clock shows as one', () => {
    const at = (hour: string) => german.moment(`2026-10-25T${hour}:30:00.000Z`, 'Europe/Berlin');
    expect(['23', '00', '01', '02'].map(at)).toEqual([
      '26.10.2026, 00:30',
      '25.10.2026, 02:30 (+02:00)',
      '25.10.2026, 02:30 (+01:00)',
      '25.10.2026, 03:30',
    ]);
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_234, '1.23 s'],
    [59_400, '59.4 s'],
    [59_600, '1 min 00 s'],
    [59_999, '1 min 00 s'],
    [61_000, '1 min 01 s'],
    [3_600_000, '1 h 00 min'],
    [7_320_000, '2 h 02 min'],
  ])('%d ms are %s', (ms, text) => {
    expect(english.duration(ms)).toBe(text);
  });
});
