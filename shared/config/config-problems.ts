import type * as z from 'zod';
import { printable } from '../text/printable.ts';
import { fieldNamesIn, jsonSchemaOf, placeOfField } from './mistakes/field-names.ts';
import { isSecretPath, looksSecret, shownName, shownPath } from './mistakes/showable.ts';
import { valueCandidates } from './mistakes/value-candidates.ts';
import { nearestName } from './nearest-name.ts';
import { unknownNameMessage } from './unknown-name.ts';

/** One problem of a configuration file, ready to print. */
export interface ConfigProblem {
  /** Where: the dotted path from the top of the file; '' for the whole file. */
  path: string;
  /** Line in the file, from 1; absent when the field is missing or the file has no lines (an environment). */
  line?: number;
  /** The last of the lines that it is about, if they are several. */
  lastLine?: number;
  /** What is wrong, what is expected, and the nearest valid name. */
  message: string;
  /** The line that is right, or several. */
  write?: string;
}

type Path = readonly PropertyKey[];

/** A problem, and lines that may be right. */
export type DescribedProblem = ConfigProblem & { at: Path; candidates?: readonly string[] };

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

function describeValue(path: Path, value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'is empty';
  if (typeof value === 'object') return Array.isArray(value) ? 'is a list' : 'is a group of fields';
  if (isSecretPath(path)) return 'this value';
  if (typeof value === 'string' && looksSecret(value)) return 'this text';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** `"x": expected a number`, `is a list; expected text`. */
function describe(path: Path, value: unknown, wanted: string): string {
  const told = describeValue(path, value);
  return `${told}${/^(is |missing$)/.test(told) ? ';' : ':'} ${wanted}`;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** Names for zod's types, as a reader of the file knows them. */
const kindsOfValue: Readonly<Record<string, string>> = {
  record: 'a group of fields',
  object: 'a group of fields',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
  int: 'a whole number',
};

function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kindsOfValue[issue.expected] ?? `a ${issue.expected}`}`;
    case 'invalid_value':
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return issue.origin === 'string' ? 'expected non-empty text' : `expected at least ${issue.minimum}`;
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
): DescribedProblem[] {
  const jsonSchema = jsonSchemaOf(schema);
  const describeUnknown = (at: Path, key: string) => {
    const names = fieldNamesIn(jsonSchema, at, input);
    const place = placeOfField(key, at.map(String), input);
    if (place !== undefined) return problem([...at, key], `unknown here: it belongs to ${place}`);
    if (shownName(key, at) !== undefined)
      return problem([...at, key], unknownNameMessage('field', key, names));
    const nearest = nearestName(key, names);
    const rest = nearest ? `; did you mean "${nearest}"?` : ` (valid: ${names.join(', ')})`;
    return problem([...at, key], `unknown field${rest}`);
  };
  const explainUnion = (issue: z.core.$ZodIssueInvalidUnion, at: Path): DescribedProblem[] => {
    const value = valueAt(input, at);
    // Of a union's branches, only the one that matches the kind of value is worth explaining.
    const branch = issue.errors.find((errors) =>
      errors.every((error) => !(error.code === 'invalid_type' && error.path.length === 0)),
    );
    if (branch && value !== undefined) return branch.flatMap((error) => explain(error, at));
    if (value === undefined && !('options' in issue)) return [problem(at, 'missing')];
    const { options } = issue as { options?: unknown };
    const names = Array.isArray(options) ? options.map(String) : [];
    return [
      problem(
        at,
        describe(at, value, `expected ${expectedOption(issue)}`),
        valueCandidates(at, value, { names }),
      ),
    ];
  };
  const explain = (issue: z.core.$ZodIssue, parent: Path): DescribedProblem[] => {
    const at = [...parent, ...issue.path];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => describeUnknown(at, key));
    const value = valueAt(input, at);
    if (issue.code === 'invalid_union') return explainUnion(issue, at);
    // Text instead of a group of fields is often a whole connection string or key.
    const group = issue.code === 'invalid_type' && ['record', 'object'].includes(issue.expected);
    if (group && at.length === 0)
      return [problem(at, 'expected fields, such as version: 1; ferry init writes a first file')];
    if (group && value === null) return [problem(at, 'is empty: remove the line, or add fields below it')];
    if (group && value !== undefined && typeof value !== 'object') {
      const message = 'is no group of fields: expected fields below it';
      return [problem(at, message, valueCandidates(at, value))];
    }
    if (value === undefined) return [problem(at, `missing; ${expected(issue)}`)];
    const names = issue.code === 'invalid_value' ? issue.values.map(String) : [];
    return [problem(at, describe(at, value, expected(issue)), valueCandidates(at, value, { names }))];
  };
  return issues.flatMap((issue) => explain(issue, []));
}

function problem(at: Path, message: string, candidates: readonly string[] = []): DescribedProblem {
  return { at, path: shownPath(at), message, candidates };
}

/** The text of a ConfigError for these problems. */
export function formatProblems(file: string, problems: readonly ConfigProblem[]): string {
  const rows = problems.map(({ path, line, lastLine, message, write }) => {
    const lines = lastLine === undefined ? `line ${line}` : `lines ${line}–${lastLine}`;
    const where = [line === undefined ? undefined : lines, path || undefined].filter(Boolean).join(', ');
    const right = (write?.split('\n') ?? []).map(
      (text, index) => `\n    ${index === 0 ? 'write:' : '      '} ${printable(text)}`,
    );
    return `  ${printable(where ? `${where}: ${message}` : message)}${right.join('')}`;
  });
  return `${file} is not valid (${problems.length} problem${problems.length === 1 ? '' : 's'}):\n${rows.join('\n')}`;
}
