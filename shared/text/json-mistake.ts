/** Where a text stops being JSON, and why: without a word of the text, which may be secret. */
export interface JsonMistake {
  line: number;
  column: number;
  what: string;
}

class Mistake extends Error {
  readonly at: number;
  constructor(at: number, what: string) {
    super(what);
    this.at = at;
  }
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const PLAIN = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;

/** @returns the first mistake, or nothing if the text is JSON */
export function findJsonMistake(text: string): JsonMistake | undefined {
  try {
    readDocument(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    const before = text.slice(0, error.at).split('\n');
    return { line: before.length, column: (before.at(-1) ?? '').length + 1, what: error.message };
  }
}

function readDocument(text: string): void {
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const [found = ''] = pattern.exec(text) ?? [];
    at += found.length;
    return found;
  };
  const next = () => {
    take(SPACE);
    if (text[at] === '/' || text[at] === '#') throw new Mistake(at, 'JSON has no comments: remove it');
    return text[at];
  };
  const ended = () => new Mistake(text.length, 'the file ends before everything in it is closed');

  function readText(): void {
    take(PLAIN);
    const char = text[at];
    if (char === undefined) throw new Mistake(at, 'a text is opened with " and never closed');
    if (char === '\n' || char === '\r') throw new Mistake(at, 'a text ends with the line: close it with "');
    if (char === '\\')
      throw new Mistake(
        at,
        'a backslash in a text must be doubled, and a quote in it stands behind one: \\\\ and \\"',
      );
    if (char !== '"') throw new Mistake(at, 'a tab or another control character in a text: write \\t');
    at += 1;
  }

  /** One of several, up to the end of `{ }` or `[ ]`. */
  function readAll(end: '}' | ']', readOne: () => void): void {
    at += 1;
    if (next() === end) {
      at += 1;
      return;
    }
    for (;;) {
      readOne();
      const char = next();
      if (char === end) break;
      if (char === undefined) throw ended();
      if (char !== ',') throw new Mistake(at, expectedComma(char, end));
      const comma = at;
      at += 1;
      const after = next();
      if (after === end) throw new Mistake(comma, `a comma in front of ${end}: remove it`);
    }
    at += 1;
  }

  function readField(): void {
    const char = next();
    if (char === undefined) throw ended();
    if (char !== '"') throw new Mistake(at, quoteMistake(char) ?? 'a name must stand in double quotes');
    readText();
    if (next() === undefined) throw ended();
    if (text[at] !== ':') throw new Mistake(at, 'a colon is missing between a name and its value');
    at += 1;
    readValue();
  }

  function readValue(): void {
    const char = next();
    if (char === undefined) throw ended();
    if (char === '{') readAll('}', readField);
    else if (char === '[') readAll(']', readValue);
    else if (char === '"') readText();
    else if (take(WORD) === '' && take(NUMBER) === '')
      throw new Mistake(at, quoteMistake(char) ?? 'a value is missing, or a text without double quotes');
  }

  if (next() === undefined) throw new Mistake(at, 'the file is empty');
  readValue();
  if (next() !== undefined) throw new Mistake(at, 'something stands behind the end of the JSON');
}

function quoteMistake(char: string): string | undefined {
  if (char === "'" || char === '`') return 'a text in other quotes: JSON needs double ones (")';
  if ('„“”‚‘’«»'.includes(char)) return 'typographic quotes: JSON needs plain double ones (")';
  return undefined;
}

function expectedComma(char: string, end: string): string {
  if (char === '}' || char === ']') return `${char} stands where ${end} must`;
  return 'a comma is missing in front of this, or a quote within a text lacks its backslash';
}
