import { quoteLiteral } from '../../../duckdb/sql-text.ts';
import { QueryError } from '../../../errors.ts';
import type { SourceSession } from '../../sessions/session.ts';
import { type Node, referenceOf, type TableReference } from './duckdb-query.ts';

/** A query's mention of a table, and its replacement. */
export interface Replacement {
  /** Whether the query means it by these words. */
  isMeant(reference: TableReference): boolean;
  /** The table's name in these words. */
  table: string;
  /** DuckDB SQL of a SELECT. */
  select: string;
  /** Columns of that SELECT that no `*` includes. */
  unstarred?: readonly string[];
}

/**
 * A duckdbQuery with replacements for some tables. DuckDB parses it and writes it again; its meaning must not change.
 *
 * @throws QueryError when DuckDB would not write it as it was
 */
export async function replaceTables(
  session: SourceSession,
  sql: string,
  replacements: readonly Replacement[],
): Promise<string> {
  let tree = await parse(session, sql);
  for (const replacement of replacements) {
    const { select } = replacement;
    const [{ node }] = (await parse(session, `SELECT * FROM (${select}) AS t`)).statements as [
      { node: { from_table: Node } },
    ];
    tree = replaceIn(tree, replacement, node.from_table) as Tree;
  }
  const reader = await session.run(
    'describe',
    `SELECT json_deserialize_sql(${quoteLiteral(JSON.stringify(tree))}::JSON)`,
  );
  const replaced = String(reader.getRowsJS()[0]?.[0]);
  if (JSON.stringify(await parse(session, replaced)) !== JSON.stringify(tree)) {
    throw new QueryError(
      'duckdbQuery reads a table that Ferry must replace, which this query does not allow.',
      {
        hint: 'Use `query` instead; or name the columns of the table instead of *.',
      },
    );
  }
  return replaced;
}

interface Tree {
  statements: unknown[];
}

async function parse(session: SourceSession, sql: string): Promise<Tree> {
  const reader = await session.run('describe', `SELECT json_serialize_sql(${quoteLiteral(sql)})::VARCHAR`);
  return exactJson.parse(String(reader.getRowsJS()[0]?.[0]), keepNumber);
}

/** A feature of JSON that TypeScript does not know yet: https://github.com/tc39/proposal-json-parse-with-source */
const exactJson = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source: string }) => unknown): Tree;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
};

/**
 * A constant of the query may have more digits than a number in JavaScript. The positions in the text do not matter.
 */
function keepNumber(key: string, value: unknown, { source }: { source: string }): unknown {
  if (key === 'query_location') return 0;
  return typeof value === 'number' ? exactJson.rawJSON(source) : value;
}

const isOfSource = ({ catalog_name, schema_name }: Node) =>
  String(catalog_name || schema_name).toLowerCase() === 'db';

function replaceIn(value: unknown, replacement: Replacement, subquery: Node): unknown {
  if (value === null || typeof value !== 'object' || exactJson.isRawJSON(value)) return value;
  if (Array.isArray(value)) return value.map((each) => replaceIn(each, replacement, subquery));
  const node = value as Node;
  if (isReplaced(node, replacement)) {
    const { sample, column_name_alias } = node;
    return { ...subquery, alias: nameOf(node), sample, column_name_alias };
  }
  if (node.class === 'COLUMN_REF')
    return { ...node, column_names: unqualified(node.column_names ?? [], replacement) };
  const { unstarred = [] } = replacement;
  const tables =
    node.type === 'SELECT_NODE' && unstarred.length > 0 ? replacedIn(node.from_table, replacement) : [];
  const hidden = tables.flatMap((table) =>
    unstarred.map((column) => ({ catalog: '', schema: '', table: nameOf(table), column })),
  );
  return Object.fromEntries(
    Object.entries(hidden.length > 0 ? excludeFromStars(node, hidden) : node).map(([key, child]) => [
      key,
      replaceIn(child, replacement, subquery),
    ]),
  );
}

/** A subquery has no schema: `db.public.orders.id` becomes `orders.id`. */
function unqualified(names: readonly unknown[], { table }: Replacement): readonly unknown[] {
  const isNamed = (name: unknown) => String(name).toLowerCase() === table.toLowerCase();
  if (String(names[0]).toLowerCase() !== 'db') return names;
  const position = [1, 2].find((index) => names.length > index + 1 && isNamed(names[index]));
  return position === undefined ? names : names.slice(position);
}

const nameOf = ({ alias, table_name }: Node) => alias || table_name;

const isReplaced = (node: Node, { isMeant }: Replacement) =>
  node.type === 'BASE_TABLE' && isOfSource(node) && isMeant(referenceOf(node));

/** The tables that a SELECT itself reads, alone or joined. */
function replacedIn(from: unknown, replacement: Replacement): Node[] {
  if (from === null || typeof from !== 'object') return [];
  const node = from as Node;
  if (node.type === 'JOIN') return [node.left, node.right].flatMap((side) => replacedIn(side, replacement));
  return isReplaced(node, replacement) ? [node] : [];
}

/** A SELECT whose own `*` leave out columns. */
function excludeFromStars(select: Node, hidden: readonly { table: unknown }[]): Node {
  const visit = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object' || exactJson.isRawJSON(value)) return value;
    if (Array.isArray(value)) return value.map(visit);
    const node = value as Node;
    if (node.type === 'SELECT_NODE') return node;
    const visited = Object.fromEntries(Object.entries(node).map(([key, child]) => [key, visit(child)]));
    if (node.class !== 'STAR') return visited;
    const own = String(node.relation_name).toLowerCase();
    const left = hidden.filter(({ table }) => own === '' || own === String(table).toLowerCase());
    return { ...visited, qualified_exclude_list: [...(node.qualified_exclude_list ?? []), ...left] };
  };
  return Object.fromEntries(Object.entries(select).map(([key, child]) => [key, visit(child)]));
}
