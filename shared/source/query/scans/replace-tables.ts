import { isDeepStrictEqual } from 'node:util';
import { quoteLiteral } from '../../../duckdb/sql-text.ts';
import { QueryError } from '../../../errors.ts';
import type { SourceSession } from '../../sessions/session.ts';
import { type Node, referenceOf, type TableReference, walk } from './duckdb-query.ts';

/** A query's mention of a table, and its replacement. */
export interface Replacement {
  /** Whether the query means it by these words. */
  isMeant(reference: TableReference): boolean;
  /** The table, with the schema in which the source has it. */
  table: { schema: string; table: string };
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
  let tree = keepDoubles(await parse(session, sql)) as Tree;
  for (const replacement of replacements) assertUnambiguous(tree, replacement, session.defaultSchema);
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
  const [{ node: all }] = (await parse(session, 'SELECT * FROM t')).statements as [{ node: Node }];
  const [meant, written] = [tree, await parse(session, replaced)].map((each) => unwrapValues(each, all));
  if (JSON.stringify(meant) !== JSON.stringify(written)) {
    throw new QueryError(
      'duckdbQuery reads a table that Ferry must replace, which this query does not allow.',
      {
        hint: 'Use `query` instead; or name the columns of the table instead of *.',
      },
    );
  }
  return replaced;
}

/**
 * A tree with its constants of the type DOUBLE as casts of their texts: DuckDB writes 1e6 as 1000000.0, which it reads as
 * a DECIMAL.
 */
function keepDoubles(value: unknown): unknown {
  const { value: constant, ...node } = nodeOf(value) as Node & {
    value?: { type?: { id?: unknown }; value?: unknown };
  };
  if (node.class !== 'CONSTANT' || constant?.type?.id !== 'DOUBLE' || constant.value === undefined)
    return mapChildren(value, keepDoubles);
  const text = { type: { id: 'VARCHAR', type_info: null }, is_null: false, value: textOf(constant.value) };
  return {
    class: 'CAST',
    type: 'OPERATOR_CAST',
    alias: node.alias,
    query_location: exactJson.rawJSON('0'),
    child: { ...node, alias: '', value: text },
    cast_type: constant.type,
    try_cast: false,
  };
}

/** A number as DuckDB has it in JSON, with all its digits. */
const textOf = (number: unknown) => (exactJson.isRawJSON(number) ? JSON.stringify(number) : String(number));

/**
 * A tree without the subqueries as which DuckDB writes `VALUES (1)`: `(SELECT * FROM (VALUES (1)) AS valueslist)` means the
 * same.
 *
 * @param all the tree of `SELECT * FROM` something
 */
function unwrapValues(value: unknown, all: Node): unknown {
  const unwrapped = mapChildren(value, (child) => unwrapValues(child, all));
  const node = nodeOf(unwrapped) as Node & { subquery?: { node?: Node } };
  const select = node.type === 'SUBQUERY' ? node.subquery?.node : undefined;
  const { from_table: values, ...rest } = select ?? {};
  const isAll = isDeepStrictEqual({ ...rest, from_table: all.from_table }, { ...all });
  if (!isAll || (values as Node | undefined)?.type !== 'EXPRESSION_LIST') return unwrapped;
  const { alias, sample, column_name_alias: names = [] } = node;
  return { ...(values as Node), alias, sample, ...(names.length > 0 ? { names } : {}) };
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

const hasChildren = (value: unknown): value is object =>
  value !== null && typeof value === 'object' && !exactJson.isRawJSON(value);

/** A value as an object of the tree; without fields if it is none. */
const nodeOf = (value: unknown): Node => (hasChildren(value) && !Array.isArray(value) ? value : {});

/** A part of the tree with each of its children changed; texts and numbers have none. */
function mapChildren(value: unknown, change: (child: unknown) => unknown): unknown {
  if (!hasChildren(value)) return value;
  if (Array.isArray(value)) return value.map(change);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, change(child)]));
}

function replaceIn(value: unknown, replacement: Replacement, subquery: Node): unknown {
  const node = nodeOf(value);
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
  const own = hidden.length > 0 ? excludeFromStars(node, hidden) : value;
  return mapChildren(own, (child) => replaceIn(child, replacement, subquery));
}

/** A subquery has no schema: `db.public.orders.id` becomes `orders.id`. */
function unqualified(names: readonly unknown[], { table }: Replacement): readonly unknown[] {
  return names.slice(qualifiersOf(names, table));
}

/** How many parts of a column's name stand before the name of this table; 0 where it is not one of its columns. */
function qualifiersOf(names: readonly unknown[], { schema, table }: Replacement['table']): number {
  const parts = names.map((name) => String(name).toLowerCase());
  const [own, inSchema] = [table.toLowerCase(), schema.toLowerCase()];
  const isAfter = (...before: string[]) =>
    parts.length > before.length + 1 && [...before, own].every((part, index) => part === parts[index]);
  return [['db', inSchema], ['db'], [inSchema]].find((before) => isAfter(...before))?.length ?? 0;
}

/**
 * A table of the query, or a WITH query, may have the same name as a replaced one: then nothing but the schema, which a
 * subquery does not have, says which of them a column belongs to.
 *
 * @param defaultSchema of a table without one in its name
 * @throws QueryError that asks for aliases
 */
function assertUnambiguous(tree: unknown, { table }: Replacement, defaultSchema: string): void {
  const nodes = [...walk(tree)];
  const isNamed = (name: unknown) => String(name).toLowerCase() === table.table.toLowerCase();
  const isSame = (node: Node) => {
    const { schema = defaultSchema } = referenceOf(node);
    const isOwn = node.type === 'BASE_TABLE' && isOfSource(node) && isNamed(node.table_name);
    return isOwn && schema.toLowerCase() === table.schema.toLowerCase();
  };
  const others = nodes.filter(
    (node) =>
      ('alias' in node && 'sample' in node && isNamed(nameOf(node)) && !isSame(node)) ||
      (node.cte_map?.map ?? []).some(({ key }) => isNamed(key)),
  );
  const isQualified = nodes.some(
    ({ class: kind, column_names = [] }) => kind === 'COLUMN_REF' && qualifiersOf(column_names, table) > 0,
  );
  if (!isQualified || others.length === 0) return;
  throw new QueryError(
    `duckdbQuery has several tables called ${table.table}, and names columns of one of them with their schema.`,
    { hint: 'Give each table an alias: FROM db.public.orders AS o WHERE o.id > 1' },
  );
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
    const node = nodeOf(value);
    if (node.type === 'SELECT_NODE') return node;
    const visited = mapChildren(value, visit);
    if (node.class !== 'STAR') return visited;
    const own = String(node.relation_name).toLowerCase();
    const left = hidden.filter(({ table }) => own === '' || own === String(table).toLowerCase());
    return { ...nodeOf(visited), qualified_exclude_list: [...(node.qualified_exclude_list ?? []), ...left] };
  };
  return nodeOf(mapChildren(select, visit));
}
