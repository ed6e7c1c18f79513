import { type LexicalRules, tokensOf } from '../../../duckdb/sql-text.ts';

/** https://www.sqlite.org/lang_keywords.html: names may be in double quotes, backticks and brackets. */
export const sqliteLexicalRules: LexicalRules = {
  part: /(?<space>\s+|--[^\n]*)|(?<block>\/\*)|(?<quoted>'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$))|(?<end>;)|(?<word>[\w\u0080-\uffff$]+|[\s\S])/gy,
  nestedComments: false,
  openComments: true,
};

/**
 * The same statement without comments. The driver looks for the ends of texts and statements in them, too: for it, the
 * apostrophe in `-- don't` begins a text.
 */
export function withoutComments(sql: string): string {
  let text = '';
  let at = 0;
  for (const { text: part, start, end } of tokensOf(sql, sqliteLexicalRules)) {
    const between = sql.slice(at, start);
    text += between === '' ? part : `${between.includes('\n') ? '\n' : ' '}${part}`;
    at = end;
  }
  return text;
}

/** The names in a statement that stand before a bracket, in lower case: all functions that it calls are among them. */
export function calledNames(sql: string): Set<string> {
  const tokens = [...tokensOf(sql, sqliteLexicalRules)];
  const names = tokens.flatMap(({ text }, index) =>
    tokens[index + 1]?.text === '(' ? [unquoted(text)] : [],
  );
  return new Set(names.map((name) => name.toLowerCase()));
}

function unquoted(text: string): string {
  const quote = text[0] ?? '';
  if (quote === '[') return text.slice(1, -1);
  return /["'`]/.test(quote) ? text.slice(1, -1).replaceAll(quote + quote, quote) : text;
}
