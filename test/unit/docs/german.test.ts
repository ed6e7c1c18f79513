import { globSync, readFileSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (page: string) => readFileSync(`${root}${page}`, 'utf8');
const pairs = [
  { german: 'README.de.md', english: 'README.md' },
  ...globSync('docs/de/*.md', { cwd: root }).map((german) => ({
    german,
    english: german.replace('/de/', '/'),
  })),
];

const blocksOf = (text: string) => [...text.matchAll(/^```.*?^```/gms)].map(([block]) => block);
const proseOf = (text: string) => text.replaceAll(/^```.*?^```/gms, '').replaceAll(/<!--.*?-->/gs, '');
const codeIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
const headings = (text: string) => [...proseOf(text).matchAll(/^(#+) /gm)].map(([, level]) => level);
/** Each row of a table as the code in each of its cells. */
const tables = (text: string) =>
  proseOf(text)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => codeIn(cell)));
/** The pages that a page leads to, whatever their language, and the places in them that are not its own. */
const targets = (page: string) =>
  [...proseOf(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !target.startsWith('#'))
    .map((target) => (/^https?:/.test(target) ? target : normalize(`${dirname(page)}/${target}`)))
    .map((target) => target.replace('docs/de/', 'docs/').replace('README.de.md', 'README.md'))
    .map((target) =>
      target.replace(/(?<=(serve|moving-in|troubleshooting|alerts|configuration|console)\.md)#.*/, ''),
    );

describe.each(pairs)('$german', ({ german, english }) => {
  const [own, other] = [read(german), read(english)];

  it('has the headings of the English page', () => {
    expect(headings(own)).toEqual(headings(other));
  });

  it('has its commands, to the letter', () => {
    expect(blocksOf(own)).toEqual(blocksOf(other));
  });

  it('has its tables, with the same names in each row', () => {
    expect(tables(own)).toEqual(tables(other));
  });

  it('leads to the same pages, except to itself in the other language', () => {
    const elsewhere = (page: string) =>
      [...new Set(targets(page))].filter((target) => target !== english).sort();
    expect(elsewhere(german)).toEqual(elsewhere(english));
  });

  it('names the same things in its text', () => {
    const names = (text: string) => [...new Set(codeIn(proseOf(text)))].sort();
    expect(names(own)).toEqual(names(other));
  });
});

it('says where the other language is, both ways', () => {
  for (const { german, english } of pairs) {
    expect([german, /\*In English: \[/.test(read(german))]).toEqual([german, true]);
    expect([
      english,
      /\*(Auf Deutsch|Deutsch): \[|\*Deutsch|\(de\/|\(README\.de\.md/.test(read(english)),
    ]).toEqual([english, true]);
  }
});
