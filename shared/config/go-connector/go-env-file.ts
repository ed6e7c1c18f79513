// Reads .env text as github.com/joho/godotenv 1.5 does, which Go programs use. npm's dotenv cuts an unquoted value at
// any `#`, which would silently change a query or a password.

// isSpace of that package: white space that does not end a line.
const SPACE = '[\\t\\v\\f\\r \\u0085\\u00a0]';
const leadingSpace = new RegExp(`^${SPACE}+`);
const surroundingSpace = new RegExp(`^${SPACE}+|${SPACE}+$`, 'g');
const statementStart = /^(?:\s+|#[^\n]*(?:\n|$))+/;
const keyPart = /^(?:export\s+)?([\p{L}\p{N}_. \t]+?)[ \t]*[=:]/u;

/**
 * What is wrong with the text, with the number of the line, from 1. Never the line itself, which may contain a secret.
 */
export class EnvFileSyntaxError extends Error {
  readonly line: number;
  /** What is expected there. */
  readonly expected: string;

  constructor(line: number, expected = 'expected NAME=value, or quotes around a value of several lines') {
    super(`line ${line}: ${expected}`);
    this.line = line;
    this.expected = expected;
  }
}

/**
 * Replaces `$NAME` and `${NAME}` by variables from further up in the same file, and `\$` by a dollar sign.
 *
 * @param onLost called for a name that nothing has, so that it is replaced by nothing
 */
function expandVariables(value: string, variables: ReadonlyMap<string, string>, onLost: () => void): string {
  return value.replace(/(\\)?(\$)(\()?\{?([A-Z0-9_]+)?\}?/g, (match, escaped, _dollar, _paren, name) => {
    if (escaped) return match.slice(1);
    if (name === undefined) return match;
    if (!variables.has(name)) onLost();
    return variables.get(name) ?? '';
  });
}

function resolveEscapes(value: string): string {
  const breaks = value.replace(/\\./gs, (match) => (match === '\\n' ? '\n' : match === '\\r' ? '\r' : match));
  return breaks.replace(/\\([^$])/gs, '$1');
}

/** The end of an unquoted value. A `#` after white space starts a comment; of several, the last one counts. */
function withoutComment(line: string): string {
  for (let index = line.length - 1; index > 0; index -= 1) {
    if (line[index] === '#' && new RegExp(SPACE).test(line[index - 1] ?? '')) return line.slice(0, index);
  }
  return line;
}

/**
 * The index of the quote that closes `text`, whose first character opens it; -1 without one. A `\"` does not close it.
 */
function closingQuote(text: string): number {
  for (let index = 1; index < text.length; index += 1) {
    if (text[index] === text[0] && text[index - 1] !== '\\') return index;
  }
  return -1;
}

/** What a value has lost: `$X`, where nothing is called X, or a quote at one of its ends, by the quote. */
export type Loss = '$' | '"' | "'";

const describeTrailing = (name: string, quote: string) => {
  const within =
    quote === '"'
      ? 'write \\" for a " within it'
      : 'to have a \' within it, put it in "…", and write \\" for " and \\$ for $';
  return `${name} ends at its second ${quote}, but more follows on the line: ${within}`;
};

/**
 * What stands between the quotes that `value` begins with, and where it ends.
 *
 * @throws EnvFileSyntaxError without a quote that closes it
 */
function readQuoted(value: string, quote: string, line: number): { inner: string; end: number } {
  const end = closingQuote(value);
  if (end < 0)
    throw new EnvFileSyntaxError(
      line,
      `${quote} is opened and never closed: add ${quote} where the value ends`,
    );
  // Removes all quotes at both ends, as the original does.
  return { inner: value.slice(0, end).replace(new RegExp(`^${quote}+|${quote}+$`, 'g'), ''), end };
}

/**
 * Parses .env text.
 *
 * @param onLost called with the name of a variable whose value has lost something
 * @throws EnvFileSyntaxError
 */
export function parseEnvText(
  text: string,
  onLost: (name: string, loss: Loss) => void = () => {},
): Record<string, string> {
  const variables = new Map<string, string>();
  const whole = text.replaceAll('\r\n', '\n');
  let rest = whole;
  const lineNumber = () => whole.slice(0, whole.length - rest.length).split('\n').length;
  let closed: { line: number; trailing: string } | undefined;
  for (;;) {
    rest = rest.replace(statementStart, '');
    if (rest === '') return Object.fromEntries(variables);
    const key = keyPart.exec(rest);
    if (!key?.[1]) {
      const line = lineNumber();
      throw new EnvFileSyntaxError(line, line === closed?.line ? closed.trailing : undefined);
    }
    const value = rest.slice(key[0].length).replace(leadingSpace, '');
    const quote = value[0];
    if (quote === '"' || quote === "'") {
      const { inner, end } = readQuoted(value, quote, lineNumber());
      const [, name] = key;
      if (inner.length < end - 1) onLost(name, quote);
      const expand = () => expandVariables(resolveEscapes(inner), variables, () => onLost(name, '$'));
      variables.set(name, quote === '"' ? expand() : inner);
      rest = value.slice(end + 1);
      closed = { line: lineNumber(), trailing: describeTrailing(name, quote) };
    } else {
      const end = value.search(/[\n\r]/);
      const line = end < 0 ? value : value.slice(0, end);
      const [, name] = key;
      const trimmed = withoutComment(line).replace(surroundingSpace, '');
      variables.set(
        name,
        expandVariables(trimmed, variables, () => onLost(name, '$')),
      );
      rest = end < 0 ? '' : value.slice(end);
    }
  }
}
