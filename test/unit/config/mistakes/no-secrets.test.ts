import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../../shared/config/load-config.ts';

// Whatever is broken, and wherever a password or a key has got: no message holds it, and no suggestion.

const fixture = new URL('../../../fixtures/config/mistakes.yaml', import.meta.url);
const { file } = parse(readFileSync(fixture, 'utf8')) as { file: string };

const CANARY = 'Kanari3nvogel';
/** Lines that hold a secret, as people write and mistype them. */
const LINES = [
  `password: ${CANARY}`,
  `password ${CANARY}`,
  `password:${CANARY}`,
  `password=${CANARY}`,
  `password: "${CANARY}`,
  `password: ${CANARY}: x`,
  `password: *${CANARY}`,
  `password: @${CANARY}`,
  `password: !env ${CANARY}`,
  `password: [${CANARY}, x`,
  `password: { ${CANARY} }`,
  `pwd: '${CANARY}'s'`,
  `passwort: ${CANARY} # alt`,
  `token: pak_${CANARY}`,
  `tokn: pak_${CANARY}`,
  `token pak_${CANARY}`,
  `secret: {{ ${CANARY} }}`,
  `secret: { username: ferry, password: ${CANARY} }`,
  `secret: {username:ferry, password:${CANARY}}`,
  `auth: { type: password, password:${CANARY} }`,
  `auth: { type: password, ${CANARY} }`,
  `auth: { type: ${CANARY} }`,
  `auth: ferry:${CANARY}`,
  `auth: [password, ${CANARY}]`,
  `url: postgres://ferry:${CANARY}@erp.example.org/erp`,
  `host: jdbc:postgresql://ferry:${CANARY}@erp.example.org:5432/erp`,
  `host: postgres://ferry:${CANARY}@erp.example.org: x`,
  `${CANARY}`,
  `ferry ${CANARY}`,
  `- ${CANARY}`,
  `ferry:${CANARY}: x`,
  `pak_${CANARY}:`,
  `"password ${CANARY}": x`,
  `\tpassword: ${CANARY}`,
  `\u00a0\u00a0password: ${CANARY}`,
  `password： ${CANARY}`,
  `query: SELECT 1 AS a -- password=${CANARY}`,
];

/** Where a line may stand, and how deep. */
const rows = file.split('\n');
const places = rows.map((row, index) => ({ index, indent: /^ */.exec(row)?.[0] ?? '' }));

function messageOf(text: string): string {
  try {
    parseConfig(text, 'ferry.yaml');
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const written: string[] = [];
beforeEach(() => {
  for (const method of ['emitWarning'] as const)
    vi.spyOn(process, method).mockImplementation((warning) => void written.push(String(warning)));
  vi.spyOn(console, 'warn').mockImplementation((...all) => void written.push(all.join(' ')));
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(written.splice(0)).toEqual([]);
});

describe('a secret is never repeated', () => {
  it.each(LINES)('as a line anywhere: %j', (line) => {
    // In front of each line, or in place of it and indented further.
    const texts = places.map(({ index, indent }) =>
      index % 2 === 0
        ? [...rows.slice(0, index), indent + line, ...rows.slice(index)].join('\n')
        : [...rows.slice(0, index), `${indent}  ${line}`, ...rows.slice(index + 1)].join('\n'),
    );
    const told = texts.map(messageOf);
    expect(told.filter((message) => message.includes(CANARY))).toEqual([]);
    expect(told.some((message) => message !== '')).toBe(true);
  });

  it.each([
    ['secret: ferry/erp', 'secret: '],
    ['token: ferry/polyteia', 'token: '],
    ['auth: { type: password, secret: ferry/erp }', 'auth: '],
  ])('in place of %j', (from, to) => {
    const forms = [
      CANARY,
      `"${CANARY}`,
      `*${CANARY}`,
      `{{ ${CANARY} }}`,
      `{ ${CANARY}: x }`,
      `[${CANARY}]`,
      `${CANARY}: x`,
    ];
    const others = [
      `$${CANARY}`,
      `%${CANARY}`,
      `!x ${CANARY}`,
      `a, ${CANARY}`,
      `{a:${CANARY}}`,
      `|\n ${CANARY}`,
      `{ secret: ${CANARY}`,
    ];
    const told = [...forms, ...others].map((form) => messageOf(file.replace(from, () => to + form)));
    expect(told.filter((message) => message.includes(CANARY))).toEqual([]);
    expect(told.filter((message) => message !== '').length).toBeGreaterThan(1);
  });
});
