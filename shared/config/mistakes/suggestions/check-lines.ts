import type { ConfigProblem } from '../../config-problems.ts';
import type { FoundConfig, FoundProblem } from '../../find-problems.ts';
import type { YamlFault } from '../../parse-yaml.ts';
import { isShowableLine, secretWords, withoutWords } from '../showable.ts';
import { type Applied, applyLines } from './apply-line.ts';
import { createCutter } from './part-of-file.ts';

/** Checks the text of a file. */
type Check = (text: string) => FoundConfig;

// More of them nobody reads. In a file that cannot be cut, each is checked with the whole of it.
const MAX_CHECKED = 60;

/**
 * The problems of a file as people may read them: with the line that is right where that is certain, because Ferry has
 * written it into the file and found nothing wrong at its place; and without what may be a secret.
 */
export function checkedProblems(text: string, found: FoundConfig, check: Check): ConfigProblem[] {
  const words = secretWords(text);
  const checkingOf = partsOf({ text, found, check });
  const problems = found.fault
    ? [problemOfFault(text, found.fault, check)]
    : found.problems.map((problem, index) => ({
        ...placeOf(problem),
        ...(index < MAX_CHECKED ? checkedWrite(...checkingOf(problem)) : {}),
      }));
  return problems.map((problem) => withoutSecrets(problem, words));
}

const placeOf = ({ path, line, lastLine, message }: FoundProblem): ConfigProblem => ({
  path,
  message,
  ...(line === undefined ? {} : { line }),
  ...(lastLine === undefined ? {} : { lastLine }),
});

interface Checking {
  text: string;
  found: FoundConfig;
  check: Check;
}

/**
 * With what the lines for a problem are checked: a part of the file in which it is the same, because the whole of it
 * would be parsed again for each of them.
 */
function partsOf(whole: Checking): (problem: FoundProblem) => [FoundProblem, Checking] {
  const { text, found, check } = whole;
  const { document, lineCounter, problems } = found;
  if (document === undefined || lineCounter === undefined) return (problem) => [problem, whole];
  const cut = createCutter(text, { document, lineCounter });
  const entryOf = ({ at }: FoundProblem) => JSON.stringify(at.slice(0, 2));
  return (problem) => {
    if (problem.candidates.length === 0 && problem.lines === undefined) return [problem, whole];
    // What only a file without other problems shows must not show here.
    const other = problems.find((one) => entryOf(one) !== entryOf(problem));
    const part =
      problem.at.length < 2 ? undefined : cut([problem, ...(other ? [other] : [])].map(({ at }) => at));
    if (part === undefined) return [problem, whole];
    const inPart = check(part);
    const same = inPart.problems.find(
      ({ path, message }) => path === problem.path && message === problem.message,
    );
    if (same === undefined) return [problem, whole];
    return [
      { ...same, candidates: problem.candidates },
      { text: part, found: inPart, check },
    ];
  };
}

function checkedWrite(problem: FoundProblem, checking: Checking): { write?: string } {
  const { at, candidates, gone, lines = [], line } = problem;
  const { text, found, check } = checking;
  const { document } = found;
  if (document === undefined) return {};
  for (const one of candidates) {
    const applied = applyLines(document, { at, lines: one, gone });
    if (applied && helps(check(applied.text), applied, { problem, before: found.problems }))
      return { write: one };
  }
  if (line === undefined) return {};
  for (const one of lines) {
    const lastLine = problem.lastLine ?? line;
    const after = check(withLines(text, { line, lastLine, right: one }));
    const applied = { text, places: [at] };
    if (helps(after, applied, { problem, before: found.problems })) return { write: dedent(one) };
  }
  return {};
}

/** Whether a file is better with the lines: nothing is wrong with them, nor with what they belong to. */
function helps(
  after: FoundConfig,
  { places }: Pick<Applied, 'places'>,
  { problem, before }: { problem: FoundProblem; before: readonly FoundProblem[] },
): boolean {
  if (after.fault) return false;
  const known = new Set(before.map(({ path, message }) => `${path} ${message}`));
  const isNew = ({ path, message }: FoundProblem) => !known.has(`${path} ${message}`);
  const isWithin = (inner: readonly string[], outer: readonly string[]) =>
    outer.every((part, index) => inner[index] === part);
  // The entry that it belongs to, such as a sync; of a group as a whole, only the group itself.
  const entries = places.filter(({ length }) => length > 2).map((place) => place.slice(0, 2));
  return !after.problems.some((one) => {
    const isSame = one.path === problem.path && one.message === problem.message;
    const isHere = places.some((place) =>
      place.length > 2 ? isWithin(one.at, place) : isWithin(place, one.at),
    );
    return isSame || isHere || (isNew(one) && entries.some((entry) => isWithin(one.at, entry)));
  });
}

/** A text with some of its lines replaced. */
function withLines(
  text: string,
  { line, lastLine, right }: { line: number; lastLine: number; right: readonly string[] },
): string {
  const rows = text.split(/\r?\n/);
  rows.splice(line - 1, lastLine - line + 1, ...right);
  return rows.join('\n');
}

/** Lines without what all of them are indented by. */
function dedent(lines: readonly string[]): string {
  const filled = lines.filter((line) => line.trim() !== '');
  const indent = Math.min(...filled.map((line) => /^\s*/.exec(line)?.[0].length ?? 0));
  return lines.map((line) => line.slice(indent).trimEnd()).join('\n');
}

/** The one problem of a file that is no YAML: the explanation whose lines mend it, else the likeliest. */
function problemOfFault(
  text: string,
  { line: faulty, explanations, isYaml }: YamlFault,
  check: Check,
): ConfigProblem {
  const mended = (isWhole: boolean) =>
    explanations.find(({ line, lastLine = line, lines }) => {
      if (lines === undefined) return false;
      const after = check(withLines(text, { line, lastLine, right: lines }));
      const last = line + lines.length - 1;
      if (after.fault) return !isWhole && after.fault.line > Math.max(last, faulty) + 2;
      return !after.problems.some((one) => (one.line ?? 0) >= line && (one.line ?? 0) <= last);
    });
  const right = mended(true) ?? mended(false);
  const told = right ?? explanations.find(({ lines }) => lines === undefined) ?? explanations[0];
  const { line, lastLine, message = 'cannot be read', lines, isTold } = told ?? { line: faulty };
  return {
    path: '',
    line,
    message: isYaml ? `not valid YAML: ${message}` : message,
    ...(lastLine === undefined || lastLine === line ? {} : { lastLine }),
    ...(right === undefined || lines === undefined || isTold ? {} : { write: dedent(lines) }),
  };
}

function withoutSecrets({ write, ...problem }: ConfigProblem, words: ReadonlySet<string>): ConfigProblem {
  const isShowable = write?.split('\n').every(isShowableLine) && withoutWords(write, words) === write;
  return {
    ...problem,
    path: withoutWords(problem.path, words),
    message: withoutWords(problem.message, words),
    ...(isShowable && write !== undefined ? { write } : {}),
  };
}
