/** How a kind of database splits SQL text. One named group matches at a time. */
export interface LexicalRules {
  /**
   * Sticky and global. Groups: `space` (white space and comments to the end of the line), `block` (opening of a block
   * comment), `quoted` (text or a name in quotes, complete; an unterminated one runs to the end), `dollar` (opening of
   * a dollar quote), `end` (a semicolon). The rest is a word or a sign.
   */
  part: RegExp;
  /** Whether a block comment may contain another one. */
  nestedComments: boolean;
  /** The end of the text ends a block comment, too (SQLite). */
  openComments?: true;
}

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html; DuckDB's own SQL follows the same rules. */
export const postgresLexicalRules: LexicalRules = {
  part: /(?<space>\s+|--[^\n\r]*)|(?<block>\/\*)|(?<quoted>\b[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$))|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<end>;)|(?<word>[\w\u0080-\uffff$]+|[\s\S])/gy,
  nestedComments: true,
};

/**
 * https://dev.mysql.com/doc/refman/9.7/en/comments.html: `--` needs white space behind it, and what stands in a `/*!`
 * or `/*M!` comment is run, so that it is no comment.
 *
 * @param sqlMode the session's: NO_BACKSLASH_ESCAPES makes a backslash a letter like any other, ANSI_QUOTES those
 *   between double quotes
 */
export function mysqlLexicalRules(sqlMode: string): LexicalRules {
  const escapes = !/NO_BACKSLASH_ESCAPES/i.test(sqlMode);
  return escapes && !/ANSI_QUOTES/i.test(sqlMode) ? escaping : escapes ? escapingInText : plain;
}

const mysqlPart = (text: string, quoted: string) =>
  new RegExp(
    String.raw`(?<space>\s+|#[^\n\r]*|--(?=[\s]|$)[^\n\r]*)|(?<block>\/\*(?!M?!))|(?<quoted>${text}|${quoted}|${'`(?:[^`]|``)*(?:`|$)'})|(?<end>;)|(?<word>[\w\u0080-\uffff$]+|[\s\S])`,
    'gy',
  );
const withEscapes = (quote: string) =>
  String.raw`${quote}(?:[^${quote}\\]|\\[\s\S]|${quote}${quote})*(?:${quote}|$)`;
const withoutEscapes = (quote: string) => `${quote}(?:[^${quote}]|${quote}${quote})*(?:${quote}|$)`;
const escaping: LexicalRules = { part: mysqlPart(withEscapes("'"), withEscapes('"')), nestedComments: false };
const escapingInText: LexicalRules = {
  part: mysqlPart(withEscapes("'"), withoutEscapes('"')),
  nestedComments: false,
};
const plain: LexicalRules = {
  part: mysqlPart(withoutEscapes("'"), withoutEscapes('"')),
  nestedComments: false,
};

/** A word, a quoted text or name, or a semicolon. */
export interface Token {
  kind: 'quoted' | 'end' | 'word';
  text: string;
  start: number;
  /** Position after it. */
  end: number;
}

function endOfBlockComment(sql: string, start: number, nested: boolean): number | undefined {
  const bracket = /\/\*|\*\//g;
  bracket.lastIndex = start + 2;
  let depth = 1;
  for (let match = bracket.exec(sql); match; match = bracket.exec(sql)) {
    if (match[0] === '*/') depth -= 1;
    else if (nested) depth += 1;
    if (depth === 0) return bracket.lastIndex;
  }
  return undefined;
}

/**
 * Everything except white space and comments. An unterminated part runs to the end; a comment that is never closed counts
 * as a word where the source refuses it, so that it stays in the statement.
 */
export function* tokensOf(sql: string, rules: LexicalRules): Generator<Token> {
  const { part, nestedComments, openComments = false } = rules;
  let start = 0;
  while (start < sql.length) {
    part.lastIndex = start;
    const { space, block, quoted, dollar, end: semicolon } = part.exec(sql)?.groups ?? {};
    let end = part.lastIndex;
    const closed = block === undefined ? undefined : endOfBlockComment(sql, start, nestedComments);
    if (block !== undefined) end = closed ?? sql.length;
    const isComment = block !== undefined && (openComments || closed !== undefined);
    if (dollar !== undefined) {
      const closing = sql.indexOf(dollar, end);
      end = closing < 0 ? sql.length : closing + dollar.length;
    }
    if (space === undefined && !isComment) {
      const kind =
        semicolon !== undefined ? 'end' : quoted !== undefined || dollar !== undefined ? 'quoted' : 'word';
      yield { kind, text: sql.slice(start, end), start, end };
    }
    start = end;
  }
}

/**
 * A statement without the white space, comments and semicolons at its end, so that it can be put into a larger
 * statement. Text after a semicolon stays, so several statements are still several. Text before the statement stays
 * too, so the line numbers in the source's messages match what the person wrote.
 */
export function trimStatement(sql: string, rules: LexicalRules): string {
  const tokens = [...tokensOf(sql, rules)];
  const last = tokens.findLast(({ kind }) => kind !== 'end');
  if (!last) return '';
  const first = tokens.findIndex(({ kind }) => kind !== 'end');
  let text = sql.slice(0, last.end);
  for (const { start } of tokens.slice(0, first)) text = `${text.slice(0, start)} ${text.slice(start + 1)}`;
  return text;
}

/**
 * What may follow SELECT in MySQL and MariaDB; comments and the brackets of those that are run (`/*!40001 SQL_NO_CACHE
 * *\/`) among it.
 */
const SELECT_MODIFIERS =
  /(?:\s+|\/\*M?!\d*|\*\/|\/\*(?!M?!)[\s\S]*?\*\/|#[^\n]*|--\s[^\n]*|\b(?:ALL|DISTINCT|DISTINCTROW|STRAIGHT_JOIN|HIGH_PRIORITY|SQL_\w+)\b(?!\s*(?:,|\.|FROM\b|AS\b|$)))*/iy;
/** Those that a subquery may not have. None of them changes what a query returns. */
const TOP_MODIFIER = /\b(?:HIGH_PRIORITY|SQL_NO_CACHE|SQL_CALC_FOUND_ROWS|SQL_BUFFER_RESULT)\b/gi;
/** MySQL has one less since 8.0: there, a column may have this name. */
const TOP_MODIFIER_OF_MARIADB = new RegExp(`${TOP_MODIFIER.source}|\\bSQL_CACHE\\b`, 'gi');

/**
 * A query for MySQL or MariaDB without the words after SELECT that only the outermost one may have, so that it can be
 * put into a larger one. Everything else stays where it is.
 */
export function withoutTopModifiers(sql: string, rules: LexicalRules, isMariadb: boolean): string {
  const modifier = isMariadb ? TOP_MODIFIER_OF_MARIADB : TOP_MODIFIER;
  const tokens = [...tokensOf(sql, rules)];
  const outermost = tokens.findIndex(({ text }) => text !== '(');
  let depth = 0;
  let text = sql;
  for (const token of tokens) {
    if (token.text === '(') depth += 1;
    if (token.text === ')') depth -= 1;
    if (depth > outermost || token.kind !== 'word' || token.text.toUpperCase() !== 'SELECT') continue;
    SELECT_MODIFIERS.lastIndex = token.end;
    const found = SELECT_MODIFIERS.exec(sql)?.[0] ?? '';
    const kept = found.replace(modifier, (word) => ' '.repeat(word.length));
    text = text.slice(0, token.end) + kept + text.slice(token.end + found.length);
  }
  return text;
}

/**
 * Whether a statement for MySQL or MariaDB requests shared locks on what it reads: `LOCK IN SHARE MODE`, `FOR SHARE`.
 */
export function asksForSharedLocks(sql: string, rules: LexicalRules): boolean {
  const words = [...tokensOf(sql, rules)].map(({ kind, text }) =>
    kind === 'word' ? text.toUpperCase() : '"',
  );
  return /(^| )(LOCK IN SHARE MODE|FOR SHARE)( |$)/.test(words.join(' '));
}

/** Text for DuckDB's SQL: quotes are doubled, and no other character is special. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name for DuckDB's SQL. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
