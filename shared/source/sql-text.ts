/**
 * The parts of SQL text that matter for where a statement ends: quoted text, comments, and everything else. Follows Postgres'
 * lexical rules (https://www.postgresql.org/docs/current/sql-syntax-lexical.html); an unterminated part runs to the end.
 */
const part =
  /(?<space>\s+|--[^\n\r]*)|(?<block>\/\*)|(?<escaped>\b[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$))|(?<quoted>'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$))|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<end>;)|(?<word>[\w\u0080-\uffff$]+|[\s\S])/gy;

/** Postgres' block comments nest. */
function endOfBlockComment(sql: string, start: number): number {
  const bracket = /\/\*|\*\//g;
  bracket.lastIndex = start;
  let depth = 0;
  for (let match = bracket.exec(sql); match; match = bracket.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return bracket.lastIndex;
  }
  return sql.length;
}

/**
 * A statement without the white space, comments and semicolons around it: what is left can be put into a larger statement. Text
 * after a semicolon stays, so that several statements are still several.
 */
export function trimStatement(sql: string): string {
  let first: number | undefined;
  let last = 0;
  part.lastIndex = 0;
  for (let match = part.exec(sql); match; match = part.exec(sql)) {
    const { space, block, dollar, end } = match.groups ?? {};
    if (block !== undefined) {
      part.lastIndex = endOfBlockComment(sql, match.index);
      continue;
    }
    if (dollar !== undefined) {
      const closing = sql.indexOf(dollar, part.lastIndex);
      part.lastIndex = closing < 0 ? sql.length : closing + dollar.length;
    }
    if (space !== undefined || end !== undefined) continue;
    first ??= match.index;
    last = part.lastIndex;
  }
  return sql.slice(first ?? 0, last);
}
