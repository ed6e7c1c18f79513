import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { ConfigError } from '../errors.ts';
import type { Explanation } from './mistakes/yaml/fault.ts';
import { findOddCharacters } from './mistakes/yaml/odd-characters.ts';
import { explainYamlFault } from './mistakes/yaml/yaml-fault.ts';
import { isSecretLine } from './mistakes/yaml/yaml-lines.ts';

/** A file that is valid YAML. */
export interface ParsedYaml {
  document: Document;
  lineCounter: LineCounter;
  /** What it contains, as plain values. */
  raw: unknown;
}

/** A file that is none: where its first fault is, and what it may be, the likeliest first. */
export interface YamlFault {
  line: number;
  explanations: readonly Explanation[];
  /** Whether YAML itself refuses it. */
  isYaml: boolean;
  cause?: unknown;
}

/**
 * Parses a file.
 *
 * @param file name used in messages
 * @throws ConfigError for an empty file
 */
export function parseYaml(text: string, file: string): ParsedYaml | YamlFault {
  const lineCounter = new LineCounter();
  const lines = text.split(/\r?\n/);
  const strange = text.indexOf('\ufffd');
  if (strange >= 0) {
    const line = text.slice(0, strange).split('\n').length;
    const message = 'a character that is not UTF-8: save the file as UTF-8';
    return { line, explanations: [{ line, message }], isYaml: false };
  }
  const odd = findOddCharacters(lines);
  if (odd) return { line: odd.line, explanations: [odd], isYaml: false };
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    merge: true,
    uniqueKeys: true,
    stringKeys: true,
    // Its warnings would repeat values. With `silent`, it would say nothing of a second document either.
    logLevel: 'error',
  });
  // A warning is a tag that YAML does not know, so its value would not be what the writer meant.
  const [first] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (first) {
    const { line, col } = lineCounter.linePos(first.pos[0]);
    const explanations = explainYamlFault({ code: first.code, line, column: col - 1, lines });
    return { line, explanations, isYaml: true };
  }
  if (document.contents === null)
    throw new ConfigError(`${file} is empty.`, { hint: 'Write a first one with: ferry init' });
  // Which yaml reads as an object without an end.
  const endless = explainEndlessAlias(document, lines, lineCounter);
  if (endless) return { line: endless.line, explanations: [endless], isYaml: false };
  try {
    return { document, lineCounter, raw: document.toJS({ maxAliasCount: 1000 }) };
  } catch (cause) {
    // An alias (*name) without its anchor (&name), or one that expands the document enormously.
    const explanations = explainAlias(document, lines, lineCounter);
    return { line: explanations[0]?.line ?? 1, explanations, isYaml: false, cause };
  }
}

function explainEndlessAlias(
  document: Document,
  lines: readonly string[],
  lineCounter: LineCounter,
): Explanation | undefined {
  let found: Explanation | undefined;
  visit(document, {
    Alias(_key, node, path) {
      const anchored = node.resolve(document);
      if (anchored === undefined || !path.includes(anchored)) return undefined;
      const { line } = lineCounter.linePos(node.range?.[0] ?? 0);
      const { source: name } = node;
      const [alias, anchor] = isNearSecret(lines, line)
        ? ['an alias (*name)', 'its anchor']
        : [`the alias *${name}`, `&${name}`];
      found = { line, message: `${alias} is within what ${anchor} names, so it would contain itself` };
      return visit.BREAK;
    },
  });
  return found;
}

const isNearSecret = (lines: readonly string[], line: number) =>
  isSecretLine(lines, line) || /\bauth\b/.test(lines[line - 1] ?? '');

function explainAlias(document: Document, lines: readonly string[], lineCounter: LineCounter): Explanation[] {
  let found: { name: string; line: number } | undefined;
  visit(document, {
    Alias(_key, node) {
      if (found || node.resolve(document)) return;
      found = { name: node.source, line: lineCounter.linePos(node.range?.[0] ?? 0).line };
    },
  });
  if (!found) return [{ line: 1, message: 'its aliases (*name) make it too large' }];
  const { name, line } = found;
  const rest = 'put a text that begins with * in quotes';
  if (isNearSecret(lines, line))
    return [{ line, message: `an alias (*name) has no anchor above it; ${rest}` }];
  const message = `the alias *${name} has no anchor &${name} above it; ${rest}`;
  const written = lines[line - 1] ?? '';
  const right = [`"*${name}"`, `["*${name}"]`].map((value) => written.replace(`*${name}`, value));
  return right.map((text) => ({ line, message, lines: [text] }));
}
