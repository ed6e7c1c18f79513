import type { Document, LineCounter } from 'yaml';
import { applyDefaults, originOf } from './apply-defaults.ts';
import { type DescribedProblem, describeIssues, findReservedNames } from './config-problems.ts';
import { findMistakes, isClaimed } from './mistakes/find-mistakes.ts';
import type { Mistake } from './mistakes/mistake.ts';
import type { Renamed } from './mistakes/renamed-fields.ts';
import { shownPath } from './mistakes/showable.ts';
import { parseYaml, type YamlFault } from './parse-yaml.ts';
import { findNameProblems, findReferenceProblems } from './rules/references.ts';
import type { Scheduler } from './schedule/eventbridge-schedule.ts';
import { type FerryConfig, ferryConfigSchema } from './schema/ferry-config.ts';
import { lineOf } from './yaml-line.ts';

/** A problem at its place in the file, with lines that may be right: each has to be checked. */
export interface FoundProblem {
  at: string[];
  path: string;
  line?: number;
  lastLine?: number;
  message: string;
  /** What to write in place of the field, likeliest first. */
  candidates: readonly string[];
  /** What the lines of the file become. */
  lines?: readonly (readonly string[])[];
  /** Fields that go when the field is written. */
  gone: readonly (readonly string[])[];
}

/** What a file says, or what is wrong with it. */
export interface FoundConfig {
  /** Absent if there are problems. */
  config?: FerryConfig;
  problems: FoundProblem[];
  /** What is valid, and hardly meant. */
  warnings: string[];
  /** The file is no YAML. */
  fault?: YamlFault;
  document?: Document;
  lineCounter?: LineCounter;
}

/**
 * Parses and checks the text of a ferry.yaml.
 *
 * @param file name used in messages
 * @throws ConfigError for an empty file
 */
export function findProblems(text: string, file: string, scheduler: Scheduler): FoundConfig {
  const parsed = parseYaml(text, file);
  if ('explanations' in parsed) return { fault: parsed, problems: [], warnings: [] };
  const { document, lineCounter, raw } = parsed;
  const reserved = findReservedNames(raw);
  const whole = applyDefaults(raw);
  const asGiven = ferryConfigSchema.safeParse(whole);
  // zod skips some of the reserved names.
  const isValid = asGiven.success && reserved.length === 0;
  const { mistakes, warnings, meant, renamed } = findMistakes(raw, { document, lineCounter, text }, isValid);
  const input = isValid ? whole : applyDefaults(meant);
  const checked = isValid ? asGiven : ferryConfigSchema.safeParse(input);
  const isWhole = checked.success && reserved.length === 0 && mistakes.length === 0;
  const found: DescribedProblem[] = [
    ...(checked.success ? [] : describeIssues(ferryConfigSchema, checked.error.issues, input)),
    ...(reserved.length === 0 ? findNameProblems(input, scheduler) : []),
    // A source that was left out would seem to be unknown.
    ...(isWhole ? findReferenceProblems(checked.data) : []),
  ];
  const problems: DescribedProblem[] = [
    ...reserved,
    ...found.filter(({ path }) => !reserved.some((one) => one.path === path)),
  ];
  if (isWhole && problems.length === 0) return { config: checked.data, problems: [], warnings, document };
  const place = { document, lineCounter, renamed };
  const located = [
    ...mistakes.map((mistake) => locate(fromMistake(mistake), place)),
    ...problems.map((one) => locate(fromProblem(one), place)).filter(({ at }) => !isClaimed(mistakes, at)),
  ];
  const unique = new Map<string, FoundProblem>();
  for (const one of located) {
    const key = `${one.path} ${one.message}`;
    if (!unique.has(key)) unique.set(key, one);
  }
  // Two of one place say the same in two ways.
  const places = new Set<string>();
  const single = [...unique.values()].filter(({ at }) => {
    const key = JSON.stringify(at);
    if (places.has(key)) return false;
    places.add(key);
    return true;
  });
  const inOrder = single.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  return { problems: inOrder, warnings, document, lineCounter };
}

const fromMistake = ({ at, message, write, claims, line, lastLine, lines }: Mistake): FoundProblem => ({
  at,
  path: '',
  message,
  candidates: typeof write === 'string' ? [write] : (write ?? []),
  gone: claims ?? [],
  ...(line === undefined ? {} : { line }),
  ...(lastLine === undefined ? {} : { lastLine }),
  ...(lines === undefined ? {} : { lines }),
});

const fromProblem = ({ at, message, candidates = [] }: DescribedProblem): FoundProblem => ({
  at: at.map(String),
  path: '',
  message,
  candidates,
  gone: [],
});

interface Place {
  document: Document;
  lineCounter: LineCounter;
  renamed: readonly Renamed[];
}

function locate(one: FoundProblem, { document, lineCounter, renamed }: Place): FoundProblem {
  // What was meant stands in the file under its other name.
  const other = renamed.findLast(({ to }) => to.every((part, index) => one.at[index] === part));
  const own = other === undefined ? one.at : [...other.from, ...one.at.slice(other.to.length)];
  // A wrong value in `defaults` appears in every source that inherits it: report it once, where it was written.
  const origin = originOf(own);
  const isInherited = origin !== undefined && !document.hasIn(own) && document.hasIn(origin);
  const at = isInherited ? origin : own;
  const line = one.line ?? lineOf(document, lineCounter, at);
  const lines = one.line === undefined ? linesWith(at, one.gone, { document, lineCounter }) : undefined;
  return { ...one, at, path: shownPath(at), ...(line === undefined ? {} : { line }), ...lines };
}

/** The lines of a field and of those beside it that go with it, if they stand one below the other. */
function linesWith(
  at: readonly string[],
  gone: readonly (readonly string[])[],
  { document, lineCounter }: Omit<Place, 'renamed'>,
): { line: number; lastLine: number } | undefined {
  const around = JSON.stringify(at.slice(0, -1));
  const beside = gone.filter((path) => JSON.stringify(path.slice(0, -1)) === around && document.hasIn(path));
  const rows = [...new Set([at, ...beside].map((path) => lineOf(document, lineCounter, path) ?? 0))].sort(
    (a, b) => a - b,
  );
  const [line = 0, lastLine = 0] = [rows[0], rows.at(-1)];
  return rows.length > 1 && lastLine - line === rows.length - 1 ? { line, lastLine } : undefined;
}
