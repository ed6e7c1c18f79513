import type { FieldProblem } from './answers.ts';

const SECRET_NAME = /pass(word|wd|phrase|wort)?|pwd|secret|token|credential|(private|access|api)[-_]?key/i;
/** The id of a secret is none. */
const ID_NAME = /guid$/i;
const SECRET_TEXTS = [
  // An address with a password: postgresql://user:password@host. Of its scheme only the end, because a search for all of it
  // takes a time that grows with the square of the text.
  /[a-z\d+.-]:\/\/[^\s/?#@:]*:[^\s/?#@]+@/i,
  // Options of a connection: host=… password=…
  /\b(password|passwd|pwd|secret|token)\s*=\s*[^\s=]/i,
];
const MAX_DEPTH = 16;
const MAX_PROBLEMS = 10;

type Path = readonly (string | number)[];

/**
 * The places in an object of a body that are meant for a secret, however it is wrapped: in lists of keys and values, in
 * JSON as a text, in an address. What is nested too deeply to be looked at counts as one.
 *
 * @param options.path where the object is in the body
 * @param options.skip its fields whose keys are anything, such as patterns of names
 */
export function findSecretFields(
  value: object,
  { path, skip = [] }: { path: Path; skip?: readonly string[] },
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [name, inner] of Object.entries(value))
    if (!skip.includes(name)) collect(name, inner, [...path, name], problems);
  return problems.slice(0, MAX_PROBLEMS);
}

function collect(name: string, value: unknown, path: Path, problems: FieldProblem[]): void {
  if (problems.length >= MAX_PROBLEMS) return;
  const wrapped = typeof value === 'string' ? parseWrapped(value) : undefined;
  const found = wrapped ?? value;
  const msg = problemOf(name, found, path);
  if (msg !== undefined) problems.push({ loc: ['body', ...path], msg, type: 'value_error' });
  else if (found !== null && typeof found === 'object')
    for (const [inner, one] of Object.entries(found)) {
      const isPlace = Array.isArray(found);
      collect(isPlace ? '' : inner, one, [...path, isPlace ? Number(inner) : inner], problems);
    }
}

/** What is wrong with a value by itself, whatever is in it. */
function problemOf(name: string, value: unknown, path: Path): string | undefined {
  if (isSecretName(name) || isSecretPair(value)) return 'a field for a secret: send secrets in credentials';
  if (typeof value === 'string')
    return SECRET_TEXTS.some((pattern) => pattern.test(value))
      ? 'a text with a secret: send secrets in credentials'
      : undefined;
  return typeof value === 'object' && path.length > MAX_DEPTH ? 'expected fewer levels' : undefined;
}

function isSecretPair(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('key' in value && 'value' in value)) return false;
  return typeof value.key === 'string' && isSecretName(value.key);
}

const isSecretName = (name: string) => SECRET_NAME.test(name) && !ID_NAME.test(name);

/** An object or a list that is sent as its JSON. */
function parseWrapped(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
