import { readSql, type SqlKind } from './sql-text.ts';
import { ODD_SPACE } from './yaml/odd-characters.ts';

/** What is wrong with the text of a query, as far as it can be seen without its source. */

// A query that begins with one of these changes something, or is no query.
const NO_QUERY = [
  ...[
    'delete',
    'update',
    'insert',
    'merge',
    'truncate',
    'drop',
    'alter',
    'create',
    'grant',
    'revoke',
    'call',
  ],
  ...['copy', 'vacuum', 'analyze', 'set', 'begin', 'commit', 'rollback', 'do', 'lock', 'use', 'replace'],
  ...['attach', 'detach', 'install', 'load', 'export', 'import', 'checkpoint'],
];
const noQuery = new RegExp(`^(${NO_QUERY.join('|')})\\b`, 'i');

/** What a query has that people use in other programs, which replace it before the database reads it. */
const PARAMETERS: readonly (readonly [RegExp, readonly SqlKind[]])[] = [
  [/(?<![\w$])\$\d+\b/, ['postgres', 'mysql', 'duckdb']],
  [/[=<>(,]\s*(%s|%\(\w+\)s)/, ['postgres', 'mysql', 'duckdb']],
  [/(?<=[=<>(,]\s*):[a-z_]\w*/i, ['postgres', 'mysql']],
  [/(?<=[=<>(,]\s*)\?/, ['mysql']],
];

const TEMPLATE = /\{\{\s*[\w.]+\s*\}\}|\$\{\w+\}/;
// A text in quotes may have one among other words: `LIKE '%{{name}}%'` looks for templates.
const WHOLE_TEMPLATE = new RegExp(`'(${TEMPLATE.source})'`);

/** What is wrong, and in place of the query, what may be meant. */
export interface QueryMistake {
  message: string;
  queries?: string[];
}

/** @returns what is wrong and what is expected; undefined if nothing is known to be */
export function findQueryMistake(query: string, kind: SqlKind = 'postgres'): QueryMistake | undefined {
  const { code, open } = readSql(query, kind);
  const plain = code.trim();
  const text = query.trim();
  if (/^[^\s()=*,;]+\.sql$/i.test(text))
    return { message: 'Ferry reads no SQL files: write the query itself here, below query: |' };
  if (text !== '' && plain === '')
    return { message: 'is only a comment: expected a query such as SELECT * FROM orders' };
  const word = noQuery.exec(plain)?.[1];
  if (word !== undefined)
    return {
      message: `begins with ${word.toUpperCase()}: Ferry only reads; expected a query such as SELECT * FROM orders`,
    };
  if (/^[\p{L}_][\p{L}\p{N}_.]*$/u.test(text))
    return { message: 'is one word: expected a query', queries: [`SELECT * FROM ${text}`] };
  const template = TEMPLATE.exec(code)?.[0] ?? WHOLE_TEMPLATE.exec(query)?.[1];
  if (template !== undefined)
    return { message: `${template}: Ferry replaces nothing in a query: write the value itself` };
  if (open === '/*') return { message: '/* begins a comment that never ends: add */' };
  const parameter = PARAMETERS.filter(([, kinds]) => kinds.includes(kind))
    .map(([form]) => form.exec(code)?.[0])
    .find((found) => found !== undefined);
  if (parameter !== undefined) {
    const name = parameter.replace(/^[=<>(,]\s*/, '');
    return {
      message: `${name} stands for a value that nobody gives: write the value itself, such as WHERE year = 2026`,
    };
  }
  return findOddCharacter(code, kind);
}

/** Characters that a database takes for part of a name: outside quotes, nobody means them. */
function findOddCharacter(code: string, kind: SqlKind): QueryMistake | undefined {
  // DuckDB takes all kinds of spaces for spaces.
  if (kind !== 'duckdb' && new RegExp(ODD_SPACE, 'u').test(code))
    return {
      message: 'a no-break space, which the database takes for part of a name: replace it by a plain space',
    };
  const [quote] = /[“”„‟‘’‚‛«»]/.exec(code) ?? [];
  if (quote !== undefined)
    return { message: `a typographic quote (${quote}), which SQL does not know: write plain ones` };
  return undefined;
}

/** A text with plain spaces and quotes. */
export const withPlainCharacters = (text: string): string =>
  text
    .replace(new RegExp(ODD_SPACE, 'gu'), ' ')
    .replace(/[‘’‚‛]/g, "'")
    .replace(/[“”„‟«»]/g, '"');
