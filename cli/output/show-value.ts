import { escapeCharacter } from '../../shared/text/printable.ts';

const MAX_CHARACTERS = 60;
/** How much of a long value is shown before the first difference. */
const CHARACTERS_BEFORE = 20;

/**
 * A name as it is, or in quotes if it is invisible, would move the terminal's cursor, or looks like a gap between
 * columns.
 */
export function showName(name: string): string {
  return name === escapeUnseen(name) && name.trim() === name && name !== '' && !name.includes('  ')
    ? name
    : quote(name);
}

/** A value as DuckDB's text. Text is quoted, so that blanks at its end are visible. */
export function showValue(value: string | null, type: string): string {
  if (value === null) return 'NULL';
  const short = cut(value, 0);
  return type === 'VARCHAR' ? quote(short) : escapeUnseen(short);
}

/** Two different values, cut so that the difference is visible: long ones start a little before it. */
export function showValues(
  [a, b]: [string | null, string | null],
  [typeA, typeB]: readonly [string, string],
): [string, string] {
  const from = a === null || b === null ? 0 : Math.max(0, findDifference(a, b) - CHARACTERS_BEFORE);
  const shown: [string, string] = [
    showValue(a === null ? null : cut(a, from), typeA),
    showValue(b === null ? null : cut(b, from), typeB),
  ];
  // An ü may be one code point or two.
  return shown[0].normalize() === shown[1].normalize()
    ? [escapeAll(shown[0], /[^\x20-\x7e]/gu), escapeAll(shown[1], /[^\x20-\x7e]/gu)]
    : shown;
}

function findDifference(a: string, b: string): number {
  let index = 0;
  while (index < a.length && a[index] === b[index]) index += 1;
  return index;
}

function cut(text: string, from: number): string {
  if (text.length <= MAX_CHARACTERS) return text;
  const end = from + MAX_CHARACTERS;
  return `${from > 0 ? '…' : ''}${text.slice(from, end)}${end < text.length ? '…' : ''}`;
}

const quote = (text: string) => `"${escapeUnseen(text.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;

/** Text with control characters, invisible ones and all unusual blanks escaped. */
export const escapeUnseen = (text: string) => escapeAll(text, /(?! )[\p{C}\p{Z}]/gu);

const escapeAll = (text: string, characters: RegExp) => text.replace(characters, escapeCharacter);
