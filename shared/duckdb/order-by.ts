import { type LexicalRules, type Token, tokensOf } from './sql-text.ts';

/** What a statement is sorted by: a column of its result, by its name or its position from 1. */
interface OrderTerm {
  column: string | number;
  descending: boolean;
}

interface TopLevel {
  /** What the outermost SELECTs list, one by one. */
  items: Token[][];
  /** What ORDER BY lists, with everything after it. */
  terms: Token[][] | undefined;
}

function readTopLevel(sql: string, rules: LexicalRules): TopLevel {
  const top: TopLevel = { items: [], terms: undefined };
  let list: Token[][] | undefined;
  let depth = 0;
  let previous = '';
  for (const token of tokensOf(sql, rules)) {
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    if (word === '(') depth += 1;
    if (depth > 0) list?.at(-1)?.push(token);
    else if (previous === 'ORDER' && word === 'BY') {
      top.terms = [[]];
      list = top.terms;
    } else if (word === 'SELECT') {
      top.items.push([]);
      list = top.items;
    } else if (word === 'FROM' && list === top.items) list = undefined;
    else if (word === ',') list?.push([]);
    else list?.at(-1)?.push(token);
    if (word === ')') depth -= 1;
    previous = word;
  }
  return top;
}

/**
 * The ORDER BY at the end of a statement if it consists of columns of the result only; undefined without one, when a
 * LIMIT or another clause follows, when it sorts by an expression, or by a `table.name` that is not the column which
 * the result has by this name.
 */
export function readOrderBy(sql: string, rules: LexicalRules): OrderTerm[] | undefined {
  const { items, terms } = readTopLevel(sql, rules);
  const read = terms?.map((tokens) => readOrderTerm(tokens, items));
  return read?.every((term) => term !== undefined) ? read : undefined;
}

/** `name`, `table.name` or `2`, followed by ASC or DESC. */
function readOrderTerm(tokens: readonly Token[], items: readonly Token[][]): OrderTerm | undefined {
  const words = tokens.map(({ text }) => text);
  const direction = /^(ASC|DESC)$/i.test(words.at(-1) ?? '') ? words.pop()?.toUpperCase() : 'ASC';
  const descending = direction === 'DESC';
  const path = readPath(words);
  const column = path?.at(-1);
  if (path === undefined || column === undefined) return undefined;
  if (path.length > 1) return isListed(path, items) ? { column, descending } : undefined;
  return { column: /^[0-9]+$/.test(words[0] ?? '') ? Number(column) : column, descending };
}

/** The names in `a.b.c` or `a.*`; undefined for anything else. */
function readPath(words: readonly string[]): string[] | undefined {
  const names = words.filter((_, index) => index % 2 === 0);
  const points = words.filter((_, index) => index % 2 === 1);
  if (names.length !== points.length + 1 || !points.every((point) => point === '.')) return undefined;
  if (!names.every((name) => /^(`.*`|[\w\u0080-\uffff$]+|\*)$/s.test(name))) return undefined;
  return names.map((name) => (name.startsWith('`') ? name.slice(1, -1).replaceAll('``', '`') : name));
}

/** Stand before the first column of a SELECT. */
const MODIFIER = /^(ALL|DISTINCT|DISTINCTROW|STRAIGHT_JOIN|HIGH_PRIORITY|SQL_\w+)$/i;

/**
 * Whether the result has this column of a table by its name: an alias, or a column of another table, may have the same
 * one.
 */
function isListed(term: readonly string[], items: readonly Token[][]): boolean {
  const name = term.at(-1)?.toLowerCase();
  let isThere = false;
  for (const item of items) {
    const words = item.map(({ text }) => text);
    while (words.length > 1 && MODIFIER.test(words[0] ?? '')) words.shift();
    const path = readPath(words);
    const last = (path ?? readPath(words.slice(-1)))?.at(-1)?.toLowerCase();
    if (path?.at(-1) === '*') isThere ||= isSameTable(term, path);
    else if (last === name) {
      if (path === undefined || !isSameTable(term, path)) return false;
      isThere = true;
    }
  }
  return isThere;
}

/** `a.x` and `x`, or `s.a.x` and `a.x`, may be the same column; `a.x` and `b.x` are not. */
function isSameTable(one: readonly string[], other: readonly string[]): boolean {
  const tables = one.slice(0, -1).toReversed();
  const others = other.slice(0, -1).toReversed();
  return tables.every((name, index) => (others[index] ?? name).toLowerCase() === name.toLowerCase());
}
