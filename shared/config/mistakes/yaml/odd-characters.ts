import type { Explanation } from './fault.ts';
import { fieldOf, indentOf, linesOfTexts } from './yaml-lines.ts';

/** What an editor, a chat or git has put into a file, and a person hardly sees. */

/** Spaces that are not the one of the keyboard: no-break, figure, thin, ideographic. */
export const ODD_SPACE = '[\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000]';
const indented = new RegExp(`^([ \\t]*${ODD_SPACE}(?:[ \\t]|${ODD_SPACE})*)(\\S.*)$`, 'u');
const behindColon = new RegExp(
  `^(\\s*(?:- +)?[\\w-]+):(?:\\s|${ODD_SPACE})*${ODD_SPACE}(?:\\s|${ODD_SPACE})*(\\S.*)$`,
  'u',
);
const COLON = /^(\s*(?:- +)?[\w-]+)\s*[：﹕︰꞉∶]\s*(\S.*)?$/u;
const DASH = /^(\s*)[–—−‒‐•]\s*(\S.*)$/u;

/** The first one; undefined for a file without any. */
export function findOddCharacters(lines: readonly string[]): Explanation | undefined {
  return findConflict(lines) ?? findInLines(lines);
}

function findConflict(lines: readonly string[]): Explanation | undefined {
  const first = lines.findIndex((line) => /^<{7}( |$)/.test(line)) + 1;
  const last = lines.findIndex((line, index) => index >= first && /^>{7}( |$)/.test(line)) + 1;
  if (first === 0 || last === 0) return undefined;
  const message =
    "git's marks of a conflict: keep one of the two sides, and remove the lines <<<<<<<, ======= and >>>>>>>";
  return { line: first, lastLine: last, message };
}

function findInLines(lines: readonly string[]): Explanation | undefined {
  const texts = linesOfTexts(lines);
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    if (texts.has(line)) continue;
    const found = findSpace(lines, line, text) ?? findColon(line, text) ?? findDash(lines, line);
    if (found) return found;
  }
  return undefined;
}

function findSpace(lines: readonly string[], line: number, text: string): Explanation | undefined {
  const [, indent, rest] = indented.exec(text) ?? [];
  if (indent !== undefined && rest !== undefined && !rest.startsWith('#')) {
    const right = indent.replaceAll(/[^ ]/gu, ' ') + rest;
    const field = fieldOf([...lines.slice(0, line - 1), right], line);
    const where = field === undefined ? 'the text' : `"${field}"`;
    const message = `a no-break space in front of ${where}: indent with plain spaces, here ${indent.length}`;
    return { line, message, lines: [right] };
  }
  const [, start, value] = behindColon.exec(text) ?? [];
  if (start === undefined || value === undefined) return undefined;
  return {
    line,
    message: 'a no-break space behind the colon: replace it by a plain space',
    lines: [`${start}: ${value}`],
  };
}

function findColon(line: number, text: string): Explanation | undefined {
  const [, start, value = ''] = COLON.exec(text) ?? [];
  if (start === undefined) return undefined;
  const message = 'a typographic colon (not the one of the keyboard) behind the name of the field';
  return { line, message, lines: [`${start}: ${value}`.trimEnd()] };
}

/** Marks of a list, in this line and those below. */
function findDash(lines: readonly string[], line: number): Explanation | undefined {
  if (!DASH.test(lines[line - 1] ?? '')) return undefined;
  let above = line - 2;
  while (lines[above]?.trim() === '') above -= 1;
  if (!/:\s*(#.*)?$/.test(lines[above] ?? '')) return undefined;
  const indent = indentOf(lines[line - 1] ?? '');
  let last = line;
  while (indentOf(lines[last] ?? '') === indent && /^\s*[–—−‒‐•-]/u.test(lines[last] ?? '')) last += 1;
  const right = lines.slice(line - 1, last).map((text) => text.replace(DASH, '$1- $2'));
  const message = 'a typographic dash or bullet: an entry of a list begins with - and a space';
  return { line, ...(last > line ? { lastLine: last } : {}), message, lines: right };
}
