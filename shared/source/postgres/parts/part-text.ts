import { isDeepStrictEqual } from 'node:util';
import { postgresLexicalRules, type Token, tokensOf } from '../../../duckdb/sql-text.ts';
import { quotePostgresName } from '../postgres-types.ts';
import type { ParseNode } from './parse-postgres.ts';
import { Obstacle, type QueryShape } from './query-shape.ts';

/** The blocks of a part: from the first one, to before the second one; undefined is the end of the table. */
export interface BlockRange {
  from: number;
  to: number | undefined;
}

/** As many ranges as there are parts, of nearly the same size. The last one also has what comes later. */
export function rangesOf(blocks: number, parts: number): BlockRange[] {
  const start = (part: number) => Math.floor((blocks * part) / parts);
  return Array.from({ length: parts }, (_, part) => ({
    from: start(part),
    to: part === parts - 1 ? undefined : start(part + 1),
  }));
}

/** A name as Postgres understands it: in lower case, unless it is in quotes. */
export function nameOf({ kind, text }: Token): string {
  if (kind === 'quoted') return text.slice(1, -1).replaceAll('""', '"');
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Where the name of the table is in the text. */
function findName(sql: string, { table, location }: QueryShape): { start: number; end: number } {
  // The parser counts in bytes.
  const start = Buffer.from(sql).subarray(0, location).toString().length;
  const wanted = table.schema === undefined ? [table.name] : [table.schema, '.', table.name];
  let end = start;
  for (const token of tokensOf(sql.slice(start), postgresLexicalRules)) {
    const expected = wanted.shift();
    if (expected === undefined) return { start, end };
    if (nameOf(token) !== expected) throw new Obstacle('the name of the table is written in an unusual way');
    end = start + token.end;
  }
  if (wanted.length > 0) throw new Obstacle('the name of the table is written in an unusual way');
  return { start, end };
}

/**
 * The query, with a range of its table in place of the table. The range is a tid range scan of Postgres 14 and later.
 *
 * @param table the table that the query means, by the source's own names
 */
export function partText(
  sql: string,
  shape: QueryShape,
  table: { schema: string; name: string },
  { from, to }: BlockRange,
): string {
  const { start, end } = findName(sql, shape);
  const is = (operator: string, block: number) =>
    `ctid OPERATOR(pg_catalog.${operator}) '(${block},0)'::pg_catalog.tid`;
  const range = [is('>=', from), ...(to === undefined ? [] : [is('<', to)])].join(' AND ');
  const name = `${quotePostgresName(table.schema)}.${quotePostgresName(table.name)}`;
  const alias = shape.hasAlias ? '' : ` AS ${quotePostgresName(shape.alias)}`;
  return `${sql.slice(0, start)}(SELECT * FROM ONLY ${name} WHERE ${range})${alias}${sql.slice(end)}`;
}

/**
 * Compares the trees of a query and of its part: apart from the table they must be the same.
 *
 * @throws Obstacle
 */
export function assertSameButTable(whole: readonly ParseNode[], part: readonly ParseNode[]): void {
  const tableOf = (statements: readonly ParseNode[]) => {
    const { fromClause, ...rest } = withoutPlaces(statements[0]?.SelectStmt) as Record<string, unknown>;
    return { rest, from: (fromClause as Record<string, unknown>[])[0] ?? {} };
  };
  const [one, other] = [tableOf(whole), tableOf(part)];
  const range = one.from.RangeVar as { relname: string; alias?: { aliasname: string } };
  const select = other.from.RangeSubselect as { alias?: { aliasname: string } } | undefined;
  const isSame =
    part.length === 1 &&
    isDeepStrictEqual(one.rest, other.rest) &&
    select?.alias?.aliasname === (range.alias?.aliasname ?? range.relname);
  if (!isSame) throw new Obstacle('the name of the table cannot be replaced in the query');
}

/** A tree without positions in the text. */
function withoutPlaces(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutPlaces);
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => !/^(location|.*_(start|end))$/.test(key))
      .map(([key, value]) => [key, withoutPlaces(value)]),
  );
}
