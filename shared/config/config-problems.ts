import { closest, distance } from 'fastest-levenshtein';
import { type Document, isMap, isScalar, type LineCounter } from 'yaml';
import { z } from 'zod';
import { printable } from '../text/printable.ts';
import { shorten } from '../text/shorten.ts';

/** One problem of a configuration file, ready to print. */
export interface ConfigProblem {
  /** Where: the dotted path from the top of the file; '' for the whole file. */
  path: string;
  /** Line in the file, from 1; absent when the field is missing or the file has no lines (an environment). */
  line?: number;
  /** What is wrong, what is expected, and the nearest valid name. */
  message: string;
}

type Path = readonly PropertyKey[];

/** The candidate nearest to `word`, if it is near enough to be what the writer meant. */
export function nearestName(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const best = closest(word, candidates);
  return distance(word.toLowerCase(), best.toLowerCase()) <= Math.max(2, Math.floor(word.length / 3))
    ? best
    : undefined;
}

/** `unknown field "prot"` with the nearest name or the list of valid ones. */
export function unknownNameMessage(kind: string, word: string, candidates: readonly string[]): string {
  const nearest = nearestName(word, candidates);
  const valid = candidates.length > 0 ? `valid: ${candidates.join(', ')}` : `no ${kind} is defined`;
  return `unknown ${kind} "${printable(shorten(word))}"${nearest ? `; did you mean "${nearest}"?` : ` (${valid})`}`;
}

/**
 * Names that zod and assignments silently drop from every object, such as `__proto__`. A sync with such a name would
 * not run, and nobody would notice.
 */
export function findReservedNames(
  value: unknown,
  at: readonly string[] = [],
): (ConfigProblem & { at: string[] })[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = [...at, name];
    if (name !== '__proto__') return findReservedNames(inner, path);
    return [
      { at: path, path: path.join('.'), message: 'a name that cannot be used here: choose another one' },
    ];
  });
}

/** Adds the period that a sentence ends with. */
export function asSentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

// A message does not repeat a value that may be a secret in the wrong field.
const secretField = /token|secret|password|pass|key|externalId/i;
// A connection string, a login or a key, in whatever field it is.
const secretText = /:\/\/|@|pak_|pass(word|wort)?\s*[=:]/i;

function describeValue(path: Path, value: unknown): string {
  if (value === undefined) return 'missing';
  if (path.some((part) => secretField.test(String(part)))) return 'this value';
  if (value !== null && typeof value === 'object')
    return Array.isArray(value) ? 'a list' : 'a group of fields';
  if (typeof value === 'string' && secretText.test(value)) return 'this text';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
}

/** The field names that the schema allows at a path; [] where any name is allowed. */
function fieldNamesAt(schema: JsonSchema, path: Path): string[] {
  let candidates = [schema];
  const alternatives = (node: JsonSchema): JsonSchema[] => {
    const nested = [...(node.oneOf ?? []), ...(node.anyOf ?? [])];
    return nested.length > 0 ? nested.flatMap(alternatives) : [node];
  };
  for (const part of path) {
    candidates = candidates.flatMap(alternatives).flatMap((node) => {
      const next = node.properties?.[String(part)] ?? node.additionalProperties;
      return typeof next === 'object' ? [next] : [];
    });
  }
  return [...new Set(candidates.flatMap(alternatives).flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** Names for zod's types, as a reader of the file knows them. */
const kindsOfValue: Readonly<Record<string, string>> = {
  record: 'a group of fields',
  object: 'a group of fields',
  array: 'a list',
};

function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kindsOfValue[issue.expected] ?? `a ${issue.expected}`}`;
    case 'invalid_value':
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return issue.origin === 'string' ? 'expected a non-empty text' : `expected at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `expected at most ${issue.maximum} characters`
        : `expected at most ${issue.maximum}`;
    case 'invalid_key':
      return `expected ${issue.issues[0]?.message ?? 'another name'}`;
    default:
      return `expected ${issue.message}`;
  }
}

// A union discriminated by a field: zod names the values that the field may have.
function expectedOption(issue: z.core.$ZodIssueInvalidUnion): string {
  const { options } = issue as { options?: unknown };
  return Array.isArray(options)
    ? options.map((option) => JSON.stringify(option)).join(' or ')
    : 'one of the documented forms';
}

/**
 * Turns zod's issues into problems that name path, value, what is expected and the nearest valid name.
 *
 * @param input what was parsed, with the defaults merged in
 */
export function describeIssues(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
): (ConfigProblem & { at: Path })[] {
  const jsonSchema = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const describe = (issue: z.core.$ZodIssue, parent: Path): (ConfigProblem & { at: Path })[] => {
    const at = [...parent, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      const names = fieldNamesAt(jsonSchema, at);
      return issue.keys.map((key) => problem([...at, key], unknownNameMessage('field', key, names)));
    }
    if (issue.code === 'invalid_union') {
      const value = valueAt(input, at);
      // Of a union's branches, only the one that matches the kind of value is worth explaining.
      const branch = issue.errors.find((errors) =>
        errors.every((error) => !(error.code === 'invalid_type' && error.path.length === 0)),
      );
      if (branch && value !== undefined) return branch.flatMap((error) => describe(error, at));
      return [problem(at, `${describeValue(at, value)}: expected ${expectedOption(issue)}`)];
    }
    const value = valueAt(input, at);
    // Text instead of a group of fields is often a whole connection string or key.
    const group = issue.code === 'invalid_type' && ['record', 'object'].includes(issue.expected);
    if (group && typeof value === 'string') return [problem(at, 'a text: expected a group of fields')];
    return [
      problem(
        at,
        value === undefined
          ? `missing; ${expected(issue)}`
          : `${describeValue(at, value)}: ${expected(issue)}`,
      ),
    ];
  };
  return issues.flatMap((issue) => describe(issue, []));
}

function problem(at: Path, message: string): ConfigProblem & { at: Path } {
  return { at, path: at.map(String).join('.'), message };
}

/** Line (from 1) of the deepest node of `path` that the document has. */
export function lineOf(document: Document, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const pair =
      isMap(parent) &&
      parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    const range = pair && isScalar(pair.key) ? pair.key.range : undefined;
    if (range) return lines.linePos(range[0]).line;
  }
  return undefined;
}

/** The text of a ConfigError for these problems. */
export function formatProblems(file: string, problems: readonly ConfigProblem[]): string {
  const rows = problems.map(({ path, line, message }) => {
    const where = [line === undefined ? undefined : `line ${line}`, path || undefined]
      .filter(Boolean)
      .join(', ');
    return `  ${printable(where ? `${where}: ${message}` : message)}`;
  });
  return `${file} is not valid (${problems.length} problem${problems.length === 1 ? '' : 's'}):\n${rows.join('\n')}`;
}
