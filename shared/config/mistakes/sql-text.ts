/** What is code in the text of a query, and what is not: texts in quotes and comments. */

/** Whose SQL it is: where backslashes, `#` and `--` mean something. */
export type SqlKind = 'postgres' | 'mysql' | 'duckdb';

/** A query, read from its start to its end. */
export interface SqlText {
  /** The code, as long as the query: quotes without what is in them, spaces for comments. */
  code: string;
  /** Comments that end with their line. */
  comments: readonly { start: number; text: string }[];
  /** What is opened and never closed. */
  open: string | undefined;
}

/** Reads a query. It refuses nothing: what it cannot tell is code. */
export function readSql(query: string, kind: SqlKind): SqlText {
  let code = '';
  const comments: { start: number; text: string }[] = [];
  let depth = 0;
  let at = 0;
  const take = (length: number, isComment: boolean) => {
    const text = query.slice(at, at + length);
    code += isComment
      ? text.replace(/[^\n]/g, ' ')
      : text.length < 2
        ? text
        : `"${text.slice(1, -1).replace(/[^\n]/g, '_')}"`;
    at += length;
  };
  while (at < query.length) {
    const rest = query.slice(at);
    const line = lineComment(rest, kind);
    if (line !== undefined) {
      comments.push({ start: at, text: line });
      take(line.length, true);
      continue;
    }
    if (rest.startsWith('/*')) {
      const end = blockEnd(rest, kind);
      if (end === undefined) return { code: code + ' '.repeat(rest.length), comments, open: '/*' };
      take(end, true);
      continue;
    }
    const text = quotedText(rest, query[at - 1], kind);
    if (text === 'open') return { code: code + '_'.repeat(rest.length), comments, open: rest[0] };
    if (text !== undefined) {
      take(text, false);
      continue;
    }
    if (rest[0] === '(') depth += 1;
    if (rest[0] === ')') depth -= 1;
    code += rest[0];
    at += 1;
  }
  return { code, comments, open: depth > 0 ? '(' : undefined };
}

function lineComment(rest: string, kind: SqlKind): string | undefined {
  // MySQL takes `--` for one only in front of white space.
  const form = kind === 'mysql' ? /^(?:--(?=\s|$)|#)[^\n]*/ : /^--[^\n]*/;
  return form.exec(rest)?.[0];
}

function blockEnd(rest: string, kind: SqlKind): number | undefined {
  let depth = 0;
  for (const { 0: mark, index } of rest.matchAll(/\/\*|\*\//g)) {
    // Only in Postgres, they stand within each other.
    if (mark === '/*') depth = kind === 'postgres' ? depth + 1 : 1;
    else depth -= 1;
    if (depth === 0) return index + 2;
  }
  return undefined;
}

/** The length of a text in quotes that begins here. */
function quotedText(rest: string, before: string | undefined, kind: SqlKind): number | 'open' | undefined {
  const [quote = ''] = rest;
  if (quote === '$' && kind !== 'mysql') {
    const [mark] = /^\$([A-Za-z_]\w*)?\$/.exec(rest) ?? [];
    if (mark === undefined || /[\w$]/.test(before ?? '')) return undefined;
    const end = rest.indexOf(mark, mark.length);
    return end < 0 ? 'open' : end + mark.length;
  }
  if (!/['"`]/.test(quote) || (quote === '`' && kind !== 'mysql')) return undefined;
  const hasEscapes = quote !== '`' && (kind === 'mysql' || (quote === "'" && /e/i.test(before ?? '')));
  for (let at = 1; at < rest.length; at += 1) {
    if (hasEscapes && rest[at] === '\\') at += 1;
    else if (rest[at] === quote && rest[at + 1] === quote) at += 1;
    else if (rest[at] === quote) return at + 1;
  }
  return 'open';
}

/** Whether a text reads like the rest of a query rather than like a remark. */
export const looksLikeSql = (text: string): boolean =>
  /^\W*(where|and|or|(inner |left |right |full |cross )?join|order by|group by|limit|union|having|from|on)\b/i.test(
    text,
  ) ||
  /\b(where|and|or)\b[^.!?]*(=|<|>|\bin\s*\(|\blike\b|\bis\b)/i.test(text) ||
  /\b(WHERE|JOIN|ORDER BY|GROUP BY|UNION|HAVING)\b/.test(text);
