import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../shared/errors.ts';
import { EVERYTHING, entriesOf, mapFilters } from '../../../../shared/source/catalog/filters.ts';
import {
  assertPatterns,
  matchWhole,
  quoteText,
  relationInScope,
  schemasInScope,
} from '../../../../shared/source/postgres/catalog/scope/postgres-filters.ts';
import { fillIn } from '../../../../shared/text/fill-in.ts';

describe('matchWhole', () => {
  it.each([
    ['public', String.raw`\A(?:public)\Z`],
    ['^public$', String.raw`\A(?:^public$)\Z`],
    ['a|b', String.raw`\A(?:a|b)\Z`],
    ['(?i)a|b', String.raw`(?i)\A(?:a|b)\Z`],
    ['***:a', String.raw`\A(?:a)\Z`],
    ['***:(?i)a', String.raw`(?i)\A(?:a)\Z`],
    ['***=a.b|c', String.raw`\Aa\.b\|c\Z`],
    ['***=***:a', String.raw`\A\*\*\*:a\Z`],
    ['(?x)a # b', String.raw`(?x)\A(?:a # b${'\n'})\Z`],
    ['(?xt)a # b', String.raw`(?xt)\A(?:a # b)\Z`],
    // No options: a group, and lookahead.
    ['(?:a)b', String.raw`\A(?:(?:a)b)\Z`],
    ['(?!a)b', String.raw`\A(?:(?!a)b)\Z`],
    ['a\nb', `\\A(?:a\nb)\\Z`],
    ['*', ''],
  ])('%j', (pattern, expected) => {
    expect(matchWhole(pattern)).toBe(expected);
  });
});

describe('quoteText', () => {
  it.each([
    ['', "E''"],
    ["o'brien", "E'o''brien'"],
    ['a\\b', String.raw`E'a\\b'`],
    ["\\'", String.raw`E'\\'''`],
    [':word $1 % 📦', "E':word $1 % 📦'"],
  ])('%j', (text, expected) => {
    expect(quoteText(text)).toBe(expected);
  });

  it('refuses a NUL, which would end the statement', () => {
    expect(() => quoteText('a\0b')).toThrow(ConfigError);
  });
});

describe('entriesOf', () => {
  it.each([
    [{}, []],
    [{ erp: '*' as const }, [{ database: 'erp', schemas: [] }]],
    [{ erp: [] }, [{ database: 'erp', schemas: [] }]],
    [{ erp: ['a', '*'] }, [{ database: 'erp', schemas: [] }]],
    [
      { erp: ['a'], hr: ['b', 'c'] },
      [
        { database: 'erp', schemas: ['a'] },
        { database: 'hr', schemas: ['b', 'c'] },
      ],
    ],
  ])('%j', (filter, expected) => {
    expect(entriesOf(filter)).toEqual(expected);
  });
});

describe('without filters', () => {
  it('nothing is asked, and nothing but the system is left out', async () => {
    await assertPatterns(() => Promise.reject(new Error('asked')), EVERYTHING);
    await assertPatterns(() => Promise.reject(new Error('asked')), {
      ...EVERYTHING,
      include: { '*': ['*'] },
    });
    expect(relationInScope(EVERYTHING, 'c.relname')).toBe('true');
    expect(schemasInScope(EVERYTHING).match(/\b(AND|OR|NOT)\b/g)).toEqual(['AND']);
  });
});

describe('fillIn', () => {
  it('does not search what it has inserted', () => {
    expect(fillIn('__A__, __B_C__, __A__, __D__', { A: '__B_C__', B_C: '$& $1' })).toBe(
      '__B_C__, $& $1, __B_C__, __D__',
    );
  });
});

it('patterns that become the same in the letters of a database hold together', () => {
  const adapt = (text: string) => text.normalize();
  const [one, other] = ['Gr\u00f6\u00dfe', 'Gro\u0308\u00dfe'];
  const exclude = { [one]: ['geheim'], [other]: ['tmp'], a: '*', b: [] } as const;
  expect(mapFilters({ include: {}, exclude, tempTableRegex: '' }, adapt).exclude).toEqual({
    [one]: ['geheim', 'tmp'],
    a: '*',
    b: '*',
  });
  const all = { [one]: ['geheim'], [other]: [] };
  expect(mapFilters({ include: all, exclude: {}, tempTableRegex: '' }, adapt).include).toEqual({
    [one]: '*',
  });
});
