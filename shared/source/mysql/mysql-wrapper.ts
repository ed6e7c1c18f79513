import { readOrderBy } from '../../duckdb/order-by.ts';
import { mysqlLexicalRules, withoutTopModifiers } from '../../duckdb/sql-text.ts';
import type { ComputedOnce, Dialect, Expression, ServerFacts } from '../dialect.ts';
import { quoteMysqlName } from './mysql-types.ts';

// Statements around a query: what Ferry asks about its columns, and what it computes from each of its rows.

/** Whether a server is MariaDB, and not MySQL. */
export const isMariadb = ({ version }: Pick<ServerFacts, 'version'>) => /mariadb/i.test(version);

/**
 * Whether a statement can refer to a query's column by name. The client uses the position for a column without a name
 * (`SELECT ''`), the server uses the expression even if it is longer than a name may be, and a name cannot contain
 * letters beyond the basic ones.
 */
const hasName = (name: string, index: number) =>
  name !== `C${index}` && [...name].length <= 64 && !/[^\0-\uffff]|\ufffd|\?/u.test(name);

/** The name of a query's column in a statement around the query. */
const labelOf = (columns: readonly string[], index: number) => {
  const name = columns[index] ?? '';
  if (hasName(name, index)) return name;
  const others = new Set(columns.map((each) => each.toLowerCase()));
  let label = `ferry_column_${index}`;
  while (others.has(label)) label += '_';
  return label;
};

/** The server's SQL for a column in a statement around the query. */
export const referenceOf = (columns: readonly string[], index: number) =>
  `q.${quoteMysqlName(labelOf(columns, index))}`;

/** The query as a table: what follows FROM and, if columns must be given names, what precedes the SELECT. */
export function mysqlTableOf(query: string, columns: readonly string[]): { before: string; from: string } {
  if (columns.every(hasName)) return { before: '', from: `(${query}\n)` };
  const labels = columns.map((_, index) => quoteMysqlName(labelOf(columns, index)));
  return { before: `WITH ferry_query (${labels.join(', ')}) AS (${query}\n) `, from: 'ferry_query' };
}

/**
 * MariaDB drops the ORDER BY of a subquery, so that it stands once more outside. Not by a LIMIT inside, which would
 * keep it: for that the rows go through a table of the server's, and some are cut off there
 * (docs/decisions/0002-exactness.md).
 * https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/query-optimizations/optimization-strategies/why-is-order-by-in-a-from-subquery-ignored
 */
function orderOutside(query: string, columns: readonly string[], server: ServerFacts): string {
  if (!isMariadb(server)) return '';
  const terms = readOrderBy(query, mysqlLexicalRules(server.sqlMode))?.map(({ column, descending }) => {
    const index =
      typeof column === 'number'
        ? column - 1
        : columns.findIndex((each) => each.toLowerCase() === column.toLowerCase());
    return columns[index] === undefined
      ? undefined
      : `${referenceOf(columns, index)}${descending ? ' DESC' : ''}`;
  });
  return terms?.every((term) => term !== undefined) ? ` ORDER BY ${terms.join(', ')}` : '';
}

/** No query has as many rows. */
const ALL_ROWS = '18446744073709551615';

const listOf = (expressions: readonly Expression[]) =>
  expressions.map(({ sql, alias }) => `${sql} AS ${alias}`).join(', ');

/** What is computed for each row before the server stores it, and the expressions that read what is stored. */
function withRows(
  expressions: readonly Expression[],
  columns: readonly string[],
  { cutOff }: ComputedOnce,
): { inner: string; outer: Expression[] } {
  const own = columns.map((_, index): Expression => {
    const label = quoteMysqlName(labelOf(columns, index));
    // A DOUBLE with a fixed number of decimals loses the others there, and what it is added to does not.
    return { sql: cutOff.includes(index) ? `u.${label} + 0e0` : `u.${label}`, alias: label };
  });
  let prefix = 'ferry_';
  while (columns.some((name) => name.toLowerCase().startsWith(prefix))) prefix += '_';
  const watching = expressions.filter(({ withRow }) => withRow);
  return {
    inner: listOf([...own, ...watching.map(({ sql, alias }) => ({ sql, alias: `${prefix}${alias}` }))]),
    outer: expressions.map((each) =>
      each.withRow ? { sql: `q.${prefix}${each.alias}`, alias: each.alias } : each,
    ),
  };
}

/** The server's SQL for a query that computes something from each row of another one: see Dialect.selectFrom. */
export const selectFromMysql: Dialect['selectFrom'] = (query, expressions, columns, server, once) => {
  const mariadb = isMariadb(server);
  const { before, from } = mysqlTableOf(
    withoutTopModifiers(query, mysqlLexicalRules(server.sqlMode), mariadb),
    columns,
  );
  const order = orderOutside(query, columns, server);
  if (once === undefined) return `${before}SELECT ${listOf(expressions)} FROM ${from} AS q${order}`;
  // Otherwise the server merges the derived table into the wrapper, and computes a value again each time that names it.
  // MariaDB has no hint against it.
  const hint = mariadb ? '' : '/*+ NO_MERGE(q) */ ';
  const { inner, outer } = withRows(expressions, columns, once);
  const unmerged = `(SELECT ${inner} FROM ${from} AS u${mariadb ? ` LIMIT ${ALL_ROWS}` : ''})`;
  return `${before}SELECT ${hint}${listOf(outer)} FROM ${unmerged} AS q${order}`;
};
