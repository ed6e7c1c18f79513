import type { DuckDBConnection } from '@duckdb/node-api';
import { openDuckdb } from '../../../duckdb/open-duckdb.ts';
import { QueryError } from '../../../errors.ts';

/**
 * Table functions that read nothing outside the query itself. Everything else (files, other servers, other SQL) is
 * refused.
 */
const allowedTableFunctions = new Set(['range', 'generate_series', 'unnest', 'repeat']);

/**
 * Kinds of tables in a query that are checked here. A kind that a later DuckDB adds is refused until somebody has
 * looked at it.
 */
const knownTables = new Set([
  'BASE_TABLE',
  'TABLE_FUNCTION',
  'SUBQUERY',
  'JOIN',
  'PIVOT',
  'EXPRESSION_LIST',
  'EMPTY',
  'SHOW_REF',
]);

/** Scalar functions that reach beyond the query. duckdb-query.test.ts goes through all functions of DuckDB. */
const deniedFunctions = new Set([
  // Plans SQL that is hidden in a text, which connects to any server named there.
  'json_serialize_plan',
  // They reveal the machine that Ferry runs on, or Ferry's own session.
  'current_setting',
  'getenv',
  'getvariable',
  'current_query',
  'get_block_size',
  'pg_get_viewdef',
  'pg_get_constraintdef',
  'write_log',
  // Delay the run, and occupy a connection of the source, for nothing.
  'sleep_ms',
  'pg_sleep',
]);

/** A table of the source, in the words of the query: DuckDB ignores case when it looks for it. */
export interface TableReference {
  /** Absent: the one that the source uses by default. */
  schema: string | undefined;
  table: string;
}

/** What a checked query reads. */
export interface DuckdbQueryFacts {
  /** Every mention, so a table that is read twice is here twice. */
  tables: TableReference[];
  /** Names of columns in lower case; `all` when the query does not name what it reads. */
  columns: ReadonlySet<string> | 'all';
  /** Names in lower case next to a `*`; absent when the query reads columns in other ways than these two. */
  besideStars?: ReadonlySet<string>;
}

/** An object of DuckDB's syntax tree. */
export interface Node {
  type?: unknown;
  class?: unknown;
  column_name_alias?: unknown[];
  query?: unknown;
  function_name?: unknown;
  catalog_name?: unknown;
  schema_name?: unknown;
  table_name?: unknown;
  function?: Node;
  cte_map?: { map?: { key?: unknown }[] };
  column_names?: unknown[];
  using_columns?: unknown[];
  ref_type?: unknown;
  alias?: unknown;
  sample?: unknown;
  expr?: unknown;
  from_table?: unknown;
  left?: unknown;
  right?: unknown;
  relation_name?: unknown;
  schema?: unknown;
  catalog?: unknown;
  qualified_exclude_list?: unknown[];
}

/** Every object of the tree, depth first. */
export function* walk(value: unknown): Generator<Node> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield value as Node;
  for (const child of Object.values(value)) yield* walk(child);
}

/** What this process has read: to make an instance for it takes a fifth of a warm run. */
const known = new Map<string, DuckdbQueryFacts>();
/** A process that stays may have many queries, and old versions of them. */
const MOST_KNOWN = 200;

/** {@link inspectDuckdbQuery} without a connection: uses a separate instance of DuckDB that can access nothing. */
export async function readDuckdbQuery(query: string): Promise<DuckdbQueryFacts> {
  const facts = known.get(query) ?? (await inspectAlone(query));
  // The last one is the newest.
  known.delete(query);
  known.set(query, facts);
  const [oldest] = known.keys();
  if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
  return facts;
}

async function inspectAlone(query: string): Promise<DuckdbQueryFacts> {
  const instance = await openDuckdb({
    enable_external_access: 'false',
    autoload_known_extensions: 'false',
    threads: '1',
  });
  try {
    return await inspectDuckdbQuery(await instance.connect(), query);
  } finally {
    instance.closeSync();
  }
}

/**
 * Checks SQL that will run in DuckDB itself by its syntax tree: exactly one SELECT, over tables of the attached source,
 * with table functions of an allow-list. The lock-down of the session does not stop postgres_scan('host=…') and similar
 * functions, so this must.
 *
 * @returns what it reads
 * @throws QueryError that says what is not allowed
 */
export async function inspectDuckdbQuery(
  connection: DuckDBConnection,
  query: string,
): Promise<DuckdbQueryFacts> {
  const nodes = [...walk(await parseStatement(connection, query))];
  const ctes = new Set(
    nodes.flatMap((node) => (node.cte_map?.map ?? []).map(({ key }) => String(key).toLowerCase())),
  );
  assertNames(ctes);
  const tables: TableReference[] = [];
  for (const node of nodes) {
    assertAllowed(node);
    if (node.type === 'BASE_TABLE' && isOfSource(node, ctes)) tables.push(referenceOf(node));
  }
  const besideStars = namesBesideStars(nodes);
  return { tables, columns: columnsIn(nodes), ...(besideStars ? { besideStars } : {}) };
}

/** The statement's syntax tree. @throws QueryError when it is not exactly one SELECT */
async function parseStatement(connection: DuckDBConnection, query: string): Promise<unknown[]> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)::VARCHAR', [query]);
  const tree = parseTree(String(reader.getRowsJS()[0]?.[0])) as {
    error: boolean;
    error_type?: string;
    error_message?: string;
    position?: string;
    statements?: unknown[];
  };
  if (tree.error) {
    const syntax = tree.error_type === 'parser';
    throw new QueryError(
      syntax
        ? `duckdbQuery: ${tree.error_message ?? 'syntax error'}`
        : 'duckdbQuery: only a SELECT is allowed.',
      { hint: 'Write one SELECT over the source attached as db: SELECT * FROM db.public.orders' },
    );
  }
  const count = tree.statements?.length ?? 0;
  if (count !== 1) {
    throw new QueryError(`duckdbQuery contains ${count === 0 ? 'no statement' : 'several statements'}.`, {
      hint: 'Write one SELECT.',
    });
  }
  return tree.statements ?? [];
}

/** @throws QueryError for a constant such as 1e400, which DuckDB writes as a bare Infinity */
function parseTree(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new QueryError('duckdbQuery contains a number that is too large.', {
      cause: error,
      hint: "Write 'Infinity'::DOUBLE if that is what it means.",
    });
  }
}

/**
 * A CTE is only known in its own query, but its name is looked up here in the whole. A CTE that is also the name of a
 * view of DuckDB, or could be a file, would allow that one elsewhere.
 */
function assertNames(ctes: ReadonlySet<string>): void {
  for (const name of ctes) {
    if (/^(duckdb_|pg_|pragma_|sqlite_)|[./:\\*]/.test(name)) {
      throw new QueryError(`duckdbQuery: "${name}" cannot be the name of a WITH query.`, {
        hint: 'Choose another name.',
      });
    }
  }
}

/** Refuses anything but a plain reading of tables, or that could reach beyond the source. */
function assertAllowed(node: Node): void {
  const isTable = 'sample' in node && 'alias' in node;
  // SHOW lists what DuckDB knows; DESCRIBE and SUMMARIZE contain the query that they describe, which is checked like
  // any other.
  if (isTable && (!knownTables.has(String(node.type)) || (node.type === 'SHOW_REF' && !node.query))) {
    throw new QueryError('duckdbQuery: SHOW and similar are not allowed.', {
      hint: 'Write one SELECT over the source attached as db: SELECT * FROM db.public.orders',
    });
  }
  if (node.type === 'TABLE_FUNCTION') {
    const name = String(node.function?.function_name ?? '').toLowerCase();
    if (!allowedTableFunctions.has(name)) {
      throw new QueryError(`duckdbQuery: the table function ${name}() is not allowed.`, {
        hint: "Read tables of the source as db.schema.table, or use `query` with the source's own SQL.",
      });
    }
  }
  if (deniedFunctions.has(String(node.function_name ?? '').toLowerCase())) {
    throw new QueryError(`duckdbQuery: the function ${node.function_name}() is not allowed.`);
  }
}

/** Whether a table is one of the source; otherwise it is a CTE of the query. @throws QueryError for any other table */
function isOfSource(node: Node, ctes: ReadonlySet<string>): boolean {
  const [catalog, schema, table] = [node.catalog_name, node.schema_name, node.table_name].map((part) =>
    String(part ?? ''),
  ) as [string, string, string];
  if ((catalog || schema).toLowerCase() === 'db') return true;
  if (!catalog && !schema && ctes.has(table.toLowerCase())) return false;
  throw new QueryError(
    `duckdbQuery: the table ${[catalog, schema, table].filter(Boolean).join('.')} is not a table of the source.`,
    {
      hint: 'Write tables of the source as db.table or db.schema.table.',
    },
  );
}

/** The table that a node of the tree means, if it is one of the source: `db.table` or `db.schema.table`. */
export function referenceOf(node: Node): TableReference {
  const { catalog_name, schema_name, table_name } = node;
  return { schema: catalog_name ? String(schema_name) : undefined, table: String(table_name) };
}

/** Expressions that name their columns; for any other one, all columns count as read. */
const knownExpressions = new Set([
  'BETWEEN',
  'CASE',
  'CAST',
  'COLLATE',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'CONSTANT',
  'FUNCTION',
  'LAMBDA',
  'OPERATOR',
  'SUBQUERY',
  'WINDOW',
]);

/** Whether a node reads columns without naming them, or under names that are not the table's. */
function readsUnnamed(node: Node): boolean {
  if (node.class !== undefined && !knownExpressions.has(String(node.class))) return true;
  if (node.ref_type === 'NATURAL' || node.ref_type === 'POSITIONAL') return true;
  // FROM orders AS o (a, b)
  if ((node.column_name_alias?.length ?? 0) > 0) return true;
  return node.type === 'PIVOT' || node.type === 'SHOW_REF';
}

/**
 * Every column that the query names; `all` when it does not name what it reads: `*`, a table used as a value, #1,
 * aliases …
 */
function columnsIn(nodes: readonly Node[]): DuckdbQueryFacts['columns'] {
  const columns = new Set<string>();
  const tables = new Set<string>();
  const valued: string[] = [];
  for (const node of nodes) {
    if (readsUnnamed(node)) return 'all';
    if (node.type === 'BASE_TABLE') {
      for (const name of [node.table_name, node.alias]) tables.add(String(name ?? '').toLowerCase());
    }
    // a.b.c may be a column of a table, or a field of a column: each part may be the column.
    const path = (node.column_names ?? []).map((name) => String(name).toLowerCase());
    valued.push(...path.slice(-1));
    for (const name of path) columns.add(name);
    for (const name of node.using_columns ?? []) columns.add(String(name).toLowerCase());
    // In name.upper(), or orders.name.upper(), what stands before the function counts as its schema and catalog.
    if (node.class === 'FUNCTION')
      for (const name of [node.schema, node.catalog]) columns.add(String(name ?? '').toLowerCase());
  }
  // `SELECT orders`, `db.orders` or `public.orders` is a row as a value, with all its columns.
  return valued.some((name) => tables.has(name)) ? 'all' : columns;
}

function namesBesideStars(nodes: readonly Node[]): ReadonlySet<string> | undefined {
  // COLUMNS(c -> …) has an expression in it.
  const isStar = (node: Node) => node.class === 'STAR' && node.expr === null;
  if (nodes.some((node) => readsUnnamed(node) && !isStar(node))) return undefined;
  const named = columnsIn(nodes.filter((node) => !isStar(node)));
  if (named === 'all') return undefined;
  const joined = nodes.flatMap((node) => node.using_columns ?? []).map((name) => String(name).toLowerCase());
  return new Set([...named].filter((name) => !joined.includes(name)));
}
