import { unknownNameMessage } from '../config/config-problems.ts';
import type { TypesMode } from '../config/schema.ts';
import { ConfigError, ExactnessError, QueryError } from '../errors.ts';
import { overrideColumn } from './column-override.ts';
import { type ColumnPlan, refusalMarker, refusedColumn } from './column-plan.ts';
import type { DuckdbQueryFacts } from './duckdb-query.ts';
import { planTableScans, type TableCheck } from './plan-table-scans.ts';
import type { SourceSession } from './session.ts';
import { postgresLexicalRules, quoteIdentifier, quoteLiteral, trimStatement } from './sql-text.ts';

/** What to read: SQL of the source itself, or checked DuckDB SQL over the source attached as `db`. */
export type SourceQuery =
  | { kind: 'source'; sql: string }
  | { kind: 'duckdb'; sql: string; facts: DuckdbQueryFacts };

/** A query of which it is known how each of its columns gets into the file. */
export interface PreparedQuery {
  columns: ColumnPlan[];
  /** DuckDB SQL for the result as it goes into the file. */
  relation: string;
  /** What must hold of the tables that a duckdbQuery reads, in the same transaction. */
  checks: TableCheck[];
  /** What gets lost, for people; `types: compatible` only. */
  warnings: string[];
}

/**
 * Has the source prepare the query, without running it, and decides for each column how it is carried.
 *
 * @param overrides the sync's `columns:`: name → type
 * @throws QueryError with what the source said of the query, ExactnessError for a column that cannot be carried, ConfigError for an
 *   override that cannot be
 */
export async function prepareQuery(
  session: SourceSession,
  query: SourceQuery,
  options: { mode: TypesMode; overrides: Readonly<Record<string, string>> },
): Promise<PreparedQuery> {
  const { mode, overrides } = options;
  const { dialect } = session;
  const rules = query.kind === 'source' ? dialect.lexicalRules : postgresLexicalRules;
  const sql = trimStatement(query.sql, rules);
  const relation = query.kind === 'source' ? session.relationOf(sql) : `(${sql})`;
  const client = await session.describe(relation);
  const names = client.map(({ name }) => name);
  for (const name of Object.keys(overrides)) {
    if (!names.includes(name))
      throw new ConfigError(`columns: ${unknownNameMessage('column', name, names)}.`);
  }

  if (query.kind === 'duckdb') {
    const scans = await planTableScans(session, query.facts, mode);
    const columns = client.map(({ name, type }): ColumnPlan => {
      const target = overrides[name];
      const plan = { name, sourceType: type, type };
      return target === undefined ? plan : overrideColumn(plan, target, undefined);
    });
    return { columns, relation: convert(columns, names, relation), ...scans };
  }

  const ask = (statement: string) => session.askSource('describe', statement);
  // An override starts from what is exact, whatever the rest does.
  const modeOf = (name: string) => (Object.hasOwn(overrides, name) ? 'exact' : mode);
  const planned = await dialect.planColumns(ask, sql, client, modeOf).catch((error: unknown) => {
    if (!(error instanceof QueryError)) throw error;
    // By itself it could be prepared; as a part of another statement it cannot.
    throw new QueryError('The query is not one SELECT that only reads.', {
      cause: error,
      hint: 'SHOW, EXPLAIN, INSERT … RETURNING and the like cannot be carried; give a SELECT.',
    });
  });
  const columns = planned.map((plan) => {
    const target = overrides[plan.name];
    const asText = dialect.asText(dialect.reference(plan.name));
    return target === undefined ? plan : overrideColumn(plan, target, asText);
  });
  return {
    columns,
    relation: columns.some(needsSource)
      ? convert(columns, ...throughSource(session, sql, columns))
      : convert(columns, names, relation),
    checks: [],
    warnings: warningsFor(columns),
  };
}

const needsSource = ({ atSource, companion }: ColumnPlan) =>
  atSource !== undefined || companion !== undefined;

/** The query wrapped in one that converts at the source, under names that need no quotes. */
function throughSource(
  session: SourceSession,
  sql: string,
  columns: readonly ColumnPlan[],
): [names: string[], relation: string] {
  const { dialect } = session;
  const expressions = columns.flatMap(({ name, atSource, companion }, index) => [
    { sql: atSource ?? dialect.reference(name), alias: `c${index}` },
    ...(companion === undefined ? [] : [{ sql: companion, alias: `g${index}` }]),
  ]);
  const wrapped = dialect.selectFrom(sql, expressions, session.server);
  return [columns.map((_, index) => `c${index}`), session.relationOf(wrapped)];
}

/** DuckDB SQL that makes the file's columns of what came from the source. */
function convert(columns: readonly ColumnPlan[], names: readonly string[], relation: string): string {
  const list = columns.map(({ name, inDuckdb }, index) => {
    const value = quoteIdentifier(names[index] ?? name);
    const refuse = `error(${quoteLiteral(refusalMarker(index))})`;
    const expression = inDuckdb ? inDuckdb(value, `g${index}`, refuse) : value;
    return `${expression} AS ${quoteIdentifier(name)}`;
  });
  return `SELECT ${list.join(', ')} FROM ${relation}`;
}

/** A line for each column that always loses, and one for all that share what they may lose. */
function warningsFor(columns: readonly ColumnPlan[]): string[] {
  const lossy = columns.flatMap(({ name, sourceType, loss }) =>
    loss ? [{ name, sourceType, ...loss }] : [],
  );
  const sometimes = Map.groupBy(
    lossy.filter(({ always }) => !always),
    ({ text }) => text,
  );
  return [
    ...lossy
      .filter(({ always }) => always)
      .map(({ name, sourceType, text }) => `Column "${name}" (${sourceType}): ${text}.`),
    ...[...sometimes].map(([text, group]) => {
      const names = group.map(({ name }) => `"${name}"`).join(', ');
      return `${group.length === 1 ? 'Column' : 'Columns'} ${names}: ${text}.`;
    }),
  ];
}

/** The error for an engine's failure that was Ferry's own refusal of a value; undefined when it was something else. */
export function explainRefusal(error: unknown, columns: readonly ColumnPlan[]): ExactnessError | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const index = cause instanceof Error ? refusedColumn(cause.message) : undefined;
  const column = index === undefined ? undefined : columns[index];
  if (!column?.refusal) return undefined;
  const { name, sourceType, refusal } = column;
  return new ExactnessError(
    `Column "${name}" (${sourceType}) holds ${refusal.values}. Nothing was uploaded.`,
    { cause: error, hint: refusal.hint },
  );
}
