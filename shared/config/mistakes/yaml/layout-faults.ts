import { configFieldNames } from '../field-names.ts';
import { isSecretPath } from '../showable.ts';
import { type Explain, type Explanation, type Fault, lineAt, spaces } from './fault.ts';
import { fieldOf, findMisplaced, indentOf, isBlank, isField, opensGroup, opensText } from './yaml-lines.ts';

/** Faults in how the lines of a file stand below each other. */

const named = (lines: readonly string[], line: number) => {
  const field = fieldOf(lines, line);
  return field === undefined ? 'the text' : `"${field}"`;
};

export const explainTab: Explain = (fault) => {
  const at = fault.lines.findIndex((line) => /^ *\t\s*\S/.test(line)) + 1;
  if (at === 0 || at > fault.line + 1) return [];
  const above = lineAt(fault, at - 1);
  const indent = indentOf(above) + (opensGroup(above) || opensText(above) ? 2 : 0);
  let last = at;
  // A text of several lines is indented as a whole.
  while (opensText(above) && /^ *\t/.test(lineAt(fault, last + 1))) last += 1;
  const right = fault.lines.slice(at - 1, last).map((line) => ' '.repeat(indent) + line.trim());
  const where = named([...fault.lines.slice(0, at - 1), right[0] ?? ''], at);
  const message = `a tab in front of ${where}: indent with spaces, here ${indent}`;
  return [{ line: at, ...(last > at ? { lastLine: last } : {}), message, lines: right }];
};

/** The text below `|`, or behind it. */
export const explainBlockText: Explain = (fault) => {
  for (let at = fault.line; at >= Math.max(1, fault.line - 2); at -= 1) {
    const text = lineAt(fault, at);
    const [, start, sign, rest] = /^(\s*(?:- +)?[\w-]+:\s+)([|>])[+-]?\d*\s*(.*)$/.exec(text) ?? [];
    if (start === undefined || sign === undefined || rest === undefined) continue;
    const inner = ' '.repeat(indentOf(text) + 2);
    if (rest !== '' && !rest.startsWith('#')) {
      const message = `the text stands behind ${sign}: it begins in the next line, indented`;
      return [{ line: at, message, lines: [`${start}${sign}`, inner + rest] }];
    }
    const field = fieldOf(fault.lines, at) ?? 'the field';
    if (/[|>][+-]?\d/.test(text)) {
      const message = `${sign} with a number says how far the text is indented, and it is not: leave the number out`;
      return [{ line: at, message, lines: [`${start}${sign}`] }];
    }
    let last = at;
    while (last < fault.lines.length && isTextBelow(lineAt(fault, last + 1), indentOf(text))) last += 1;
    if (last === at) continue;
    const below = fault.lines.slice(at, last).map((line) => (line.trim() === '' ? '' : inner + line.trim()));
    const message = `the text below "${field}" is not indented further than "${field}"`;
    return [{ line: at, lastLine: last, message, lines: [`${start}${sign}`, ...below] }];
  }
  return [];
};

/** A line that is no field: text of the field above, or part of it that is not indented enough. */
const isTextBelow = (line: string, indent: number) =>
  line.trim() !== '' && (indentOf(line) > indent ? true : indentOf(line) === indent && !isField(line));

/** A name without its colon, in front of fields that are indented further. */
export const explainNameWithoutColon: Explain = (fault) => {
  for (const at of [fault.line, fault.line - 1, fault.line + 1]) {
    const text = lineAt(fault, at);
    const [, name] = /^\s*([\p{L}\p{N}][\p{L}\p{N}_-]*)\s*$/u.exec(text) ?? [];
    const below = fault.lines.slice(at).find((line) => !isBlank(line)) ?? '';
    if (name === undefined || indentOf(below) <= indentOf(text) || !isField(below)) continue;
    const message = 'a colon is missing at the end of the line, and what is indented below it belongs to it';
    // A word on its own could be a password: only a name that the file has elsewhere too is repeated.
    const isKnown =
      configFieldNames().has(name) ||
      fault.lines.some((line) => new RegExp(`^\\s*sources?:\\s*\\[?.*\\b${name}\\b`, 'u').test(line));
    const right = [`${text.trimEnd()}:`];
    return [{ line: at, message, lines: right, ...(isKnown ? {} : { isTold: true }) }];
  }
  return [];
};

/** A field without its colon: `host erp.example.org`. */
export const explainMissingColon: Explain = (fault) => {
  for (const at of [fault.line, fault.line + 1, fault.line - 1]) {
    const text = lineAt(fault, at);
    const [, indent = '', name, value] = /^(\s*)([A-Za-z]\w+)\s+(\S.*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined || isField(text) || !configFieldNames().has(name)) continue;
    const message = `a colon is missing behind "${name}"`;
    if (isSecretPath([name]))
      return [{ line: at, message: 'a colon is missing behind the name of the field' }];
    return [{ line: at, message, lines: [`${indent}${name}: ${value}`] }];
  }
  return [];
};

/** A query whose text goes on in lines that are not part of it. */
export const explainContinuation: Explain = (fault) => {
  for (let at = fault.line; at >= Math.max(1, fault.line - 3); at -= 1) {
    const text = lineAt(fault, at);
    const [, start, key = '', value] = /^(\s*(?:- +)?([\w-]+):\s+)([^\s|>].*)$/.exec(text) ?? [];
    if (start === undefined || value === undefined) continue;
    const below = lineAt(fault, at + 1);
    const [, known] = /^\s*([\w-]+):(\s|$)/.exec(below) ?? [];
    if (isBlank(below) || (known !== undefined && configFieldNames().has(known))) continue;
    if (!/^(query|duckdbQuery|sql)$/.test(key)) {
      if (isField(below) || indentOf(below) > indentOf(text) || /["'{[]/.test(value[0] ?? '')) continue;
      const message =
        'this line is no field: expected a name, a colon, a space and a value, or further indentation';
      return [{ line: at + 1, message }];
    }
    let last = at;
    while (
      last < fault.lines.length &&
      (isTextBelow(lineAt(fault, last + 1), indentOf(text)) ||
        indentOf(lineAt(fault, last + 1)) < indentOf(text)) &&
      !(isField(lineAt(fault, last + 1)) && indentOf(lineAt(fault, last + 1)) <= indentOf(text)) &&
      lineAt(fault, last + 1).trim() !== ''
    )
      last += 1;
    if (last === at) continue;
    const inner = ' '.repeat(indentOf(text) + 2);
    const rows = [value.replace(/^["']/, ''), ...fault.lines.slice(at, last).map((line) => line.trim())];
    const message = `the text of "${key}" goes on in the next line: write a text of several lines below |, indented`;
    const right = [`${' '.repeat(indentOf(text))}${key}: |`, ...rows.map((row) => inner + row)];
    return [{ line: at, lastLine: last, message, lines: right }];
  }
  return [];
};

export const explainIndent: Explain = (fault) => {
  const found = findMisplaced(fault.lines, Math.max(1, fault.line - 1));
  if (!found || found.line > fault.line + 2) return [];
  const { has, needs } = found;
  const explanations: Explanation[] = [];
  const direction = (from: number, to: number) =>
    to > from ? `${spaces(to - from)} more` : `${spaces(from - to)} fewer`;
  const moved = (line: number, to: number) => ' '.repeat(Math.max(0, to)) + lineAt(fault, line).trimStart();
  // The lines above it, if they stand directly below a field without a value that they belong to.
  let above = found.line - 1;
  while (above > 1 && indentOf(lineAt(fault, above)) === needs && !opensGroup(lineAt(fault, above)))
    above -= 1;
  const isBelowGroup = opensGroup(lineAt(fault, above)) && indentOf(lineAt(fault, above)) === needs;
  if (has > needs && isBelowGroup && above < found.line - 1) {
    const first = above + 1;
    const last = found.line - 1;
    const group = named(fault.lines, above);
    const message = `${named(fault.lines, first)} belongs to ${group} as the line below it does, and is indented by ${spaces(needs)} only: it needs ${direction(needs, has)}`;
    const right = Array.from({ length: last - first + 1 }, (_, index) => moved(first + index, has));
    explanations.push({
      line: first,
      ...(last > first ? { lastLine: last } : {}),
      message,
      lines: right,
      isTold: true,
    });
  }
  const message = `${named(fault.lines, found.line)} is indented by ${spaces(has)}, and the fields that it belongs to by ${needs}: it needs ${direction(has, needs)}`;
  explanations.push({ line: found.line, message, lines: [moved(found.line, needs)], isTold: true });
  return explanations;
};

/** The next line with something in it. */
function lineBelow(lines: readonly string[], line: number): number {
  const index = lines.findIndex((text, at) => at >= line && !isBlank(text));
  return index < 0 ? line : index + 1;
}

/** The name of an entry that stands as deep as its own fields, so that they seem to be those of the entry above. */
export const explainTooDeep: Explain = (fault) => {
  const below = lineBelow(fault.lines, fault.line);
  for (
    let at = fault.line;
    at >= 1 && indentOf(lineAt(fault, at)) >= indentOf(lineAt(fault, below));
    at -= 1
  ) {
    const text = lineAt(fault, at);
    const has = indentOf(text);
    const next = lineBelow(fault.lines, at);
    if (!opensGroup(text) || !isField(text) || next === at || indentOf(lineAt(fault, next)) !== has) continue;
    const needs = fault.lines
      .slice(0, at - 1)
      .map((line) => (isBlank(line) ? has : indentOf(line)))
      .findLast((indent) => indent < has);
    if (needs === undefined) continue;
    const message = `${named(fault.lines, at)} is indented by ${spaces(has)}, as the fields below it are: it needs ${spaces(has - needs)} fewer`;
    return [{ line: at, message, lines: [' '.repeat(needs) + text.trimStart()], isTold: true }];
  }
  return [];
};

const DASHED = /^(\s*)- +(?=[^\s-])(.*)$/;
const dashed = (name: string, other: string) => ({
  message: `"- " stands in front of ${name}, and not in front of ${other}: write both without it`,
  isTold: true,
});

/**
 * A line that matches none above it, because an earlier one is wrong: the name of an entry that is not indented far
 * enough, or that has a `- ` in front of it.
 */
export const explainOtherEntry: Explain = (fault) => {
  const here = lineAt(fault, fault.line);
  if (!isField(here)) return [];
  const has = indentOf(here);
  const explanations = explainOwnDash(fault, has);
  for (let at = fault.line - 1; at >= 1; at -= 1) {
    const text = lineAt(fault, at);
    if (isBlank(text) || indentOf(text) > has) continue;
    if (indentOf(text) === has) explanations.push(...explainDashAbove(fault, at));
    else return [...explanations, ...explainOuter(fault, at, has)];
  }
  return explanations;
};

function explainOwnDash(fault: Fault, has: number): Explanation[] {
  const [, indent = '', rest] = DASHED.exec(lineAt(fault, fault.line)) ?? [];
  if (rest === undefined) return [];
  const beside = fault.lines.findLastIndex(
    (line, at) => at < fault.line - 1 && indentOf(line) === has && isField(line) && !DASHED.test(line),
  );
  if (beside < 0) return [];
  const name = named([...fault.lines.slice(0, fault.line - 1), indent + rest], fault.line);
  return [{ ...dashed(name, named(fault.lines, beside + 1)), line: fault.line, lines: [indent + rest] }];
}

function explainDashAbove(fault: Fault, at: number): Explanation[] {
  const [, indent = '', rest] = DASHED.exec(lineAt(fault, at)) ?? [];
  if (rest === undefined) return [];
  const other = named(fault.lines, fault.line);
  const name = named([...fault.lines.slice(0, at - 1), indent + rest], at);
  const plain = { ...dashed(name, other), line: at, lines: [indent + rest] };
  const [, listed] = /^name:\s+["']?([A-Za-z0-9][\w-]*)["']?\s*$/.exec(rest) ?? [];
  if (listed === undefined) return [plain];
  const message = `"- name: ${listed}" makes a list, and ${other} is none of its items: write "${listed}:"`;
  return [{ line: at, message, lines: [`${indent}${listed}:`], isTold: true }, plain];
}

/** A name further left, whose fields are further right. */
function explainOuter(fault: Fault, at: number, has: number): Explanation[] {
  const text = lineAt(fault, at);
  if (!opensGroup(text) || !isField(text)) return [];
  if (indentOf(lineAt(fault, lineBelow(fault.lines, at))) <= has) return [];
  const own = indentOf(text) === 0 ? 'begins its line' : `is indented by ${spaces(indentOf(text))}`;
  const message = `${named(fault.lines, at)} ${own}, and ${named(fault.lines, fault.line)}, which stands beside it, is indented by ${spaces(has)}: it needs ${spaces(has - indentOf(text))} more`;
  return [{ line: at, message, lines: [' '.repeat(has) + text.trimStart()], isTold: true }];
}

/** `syncs:` and its like with spaces in front. */
export const explainSection: Explain = (fault) =>
  [fault.line, fault.line - 1, fault.line + 1].flatMap((at) => {
    const text = lineAt(fault, at);
    const [, name] =
      /^\s+(sources|polyteia|syncs|extractions|defaults|alerts|atlan):\s*(?:#.*)?$/.exec(text) ?? [];
    if (name === undefined) return [];
    const message = `"${name}" is indented by ${spaces(indentOf(text))}: it must begin its line`;
    return [{ line: at, message, lines: [text.trimStart()], isTold: true }];
  });
