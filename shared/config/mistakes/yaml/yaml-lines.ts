import { shorten } from '../../../text/shorten.ts';
import { isSecretPath, shownName } from '../showable.ts';

/** What can be seen in the lines of a YAML file that cannot be parsed. Lines count from 1, as for people. */

export const indentOf = (line: string) => /^ */.exec(line)?.[0].length ?? 0;
export const isBlank = (line: string) => /^\s*(#.*)?$/.test(line);
const KEY = /^\s*(?:- +)?["']?([\p{L}\p{N}_. -]{1,60}?)["']?\s*:(?=\s|$)/u;
/** A line that begins with the name of a field. */
export const isField = (line: string) => KEY.test(line);
/** A line that ends with a field that has its value below it. */
export const opensGroup = (line: string) => /(:|^\s*-)\s*([&!]\S+\s*)?(#.*)?$/.test(line);
/** A line that begins a text of several lines. */
export const opensText = (line: string) => /[:-]\s+[|>][+-]?\d?\s*(#.*)?$/.test(line);

/** The fields that a line is in, from the top, by indentation. */
export function parentsOf(lines: readonly string[], line: number): string[] {
  const parents: string[] = [];
  let indent = indentOf(lines[line - 1] ?? '');
  for (let at = line - 1; at > 0 && indent > 0; at -= 1) {
    const text = lines[at - 1] ?? '';
    if (isBlank(text) || indentOf(text) >= indent) continue;
    indent = indentOf(text);
    parents.unshift(KEY.exec(text)?.[1] ?? '');
  }
  return parents;
}

/** The name of the field that a line begins with, for messages; undefined for what may be a secret. */
export function fieldOf(lines: readonly string[], line: number): string | undefined {
  const [, name] = KEY.exec(lines[line - 1] ?? '') ?? [];
  if (name === undefined || /\s/.test(name.trim())) return undefined;
  const shown = shownName(name, parentsOf(lines, line));
  return shown === undefined ? undefined : shorten(shown);
}

/** Whether a line is in a field that may hold a secret, or is one. */
export function isSecretLine(lines: readonly string[], line: number): boolean {
  const text = lines[line - 1] ?? '';
  if (/\b(secret|\w*token|pass\w*|pwd)["']?\s*:/i.test(text)) return true;
  const [, own = ''] = KEY.exec(text) ?? [];
  return isSecretPath([...parentsOf(lines, line), own].filter((name) => name !== 'auth'));
}

/** The lines that are text below `|` or `>`, by number. */
export function linesOfTexts(lines: readonly string[]): Set<number> {
  const found = new Set<number>();
  let blockOf: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    if (blockOf !== undefined && indentOf(line) > blockOf) {
      found.add(index + 1);
      continue;
    }
    blockOf = opensText(line) ? indentOf(line) : undefined;
  }
  return found;
}

/** A quote or bracket that is opened and never closed. */
export interface Opened {
  character: string;
  line: number;
}

/** The first one, leaving out comments, and quotes within a text that does not begin with one. */
export function findUnclosed(lines: readonly string[]): Opened | undefined {
  const brackets: Opened[] = [];
  let quote: Opened | undefined;
  for (const [index, line] of lines.entries()) {
    for (let at = 0; at < line.length; at += 1) {
      const character = line[at] ?? '';
      const opened = { character, line: index + 1 };
      if (quote) {
        if (character === '\\' && quote.character === '"') at += 1;
        else if (character === quote.character) quote = undefined;
      } else if (beginsComment(line, at)) break;
      else if (/["']/.test(character) && beginsValue(line, at)) quote = opened;
      else countBracket(brackets, opened, beginsValue(line, at));
    }
  }
  return quote ?? brackets[0];
}

const beginsComment = (line: string, at: number) => line[at] === '#' && /(^|\s)$/.test(line.slice(0, at));

const beginsValue = (line: string, at: number) => /^$|(?:[[{,:]|^\s*-)$/.test(line.slice(0, at).trimEnd());

function countBracket(brackets: Opened[], opened: Opened, isStart: boolean): void {
  if (/[[{]/.test(opened.character) && (isStart || brackets.length > 0)) brackets.push(opened);
  else if (/[\]}]/.test(opened.character)) brackets.pop();
}

/** A line whose indentation matches no line above it. */
export interface Misplaced {
  line: number;
  /** How many spaces it has, and how many it should have. */
  has: number;
  needs: number;
}

/** The first one at or after a line. */
export function findMisplaced(lines: readonly string[], from: number): Misplaced | undefined {
  // The indentations that are open, and whether the last line opens another one.
  let levels: number[] = [];
  let opens = true;
  let blockOf: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (isBlank(line)) continue;
    const indent = indentOf(line);
    if (blockOf !== undefined && indent > blockOf) continue;
    blockOf = undefined;
    const top = levels.at(-1) ?? -1;
    if (indent > top && !opens && index + 1 >= from && isField(line))
      return { line: index + 1, has: indent, needs: top };
    const outer = levels.filter((level) => level <= indent);
    if (indent < top && outer.at(-1) !== indent && index + 1 >= from) {
      const needs = levels.reduce((a, b) => (Math.abs(b - indent) <= Math.abs(a - indent) ? b : a));
      return { line: index + 1, has: indent, needs };
    }
    levels = outer.at(-1) === indent ? outer : [...outer, indent];
    opens = opensGroup(line);
    if (opensText(line)) blockOf = indent;
  }
  return undefined;
}

/** A value as YAML reads it back whatever is in it. */
export function quoted(value: string): string {
  return /["\\]/.test(value) ? `'${value.replaceAll("'", "''")}'` : `"${value}"`;
}
