import type { TypesMode } from '../../config/schema/ferry-config.ts';
import { quoteIdentifier, quoteLiteral } from '../../duckdb/sql-text.ts';
import { ExactnessError } from '../../errors.ts';
import { type ColumnPlan, refusalMarker, refusedColumn } from '../column-plan.ts';
import type { SourceSession } from '../session.ts';

/** Where the markers of a table's own columns begin, beyond those of any result. */
export const TABLE_MARKERS = 100_000;

interface Conversion {
  columns: readonly ColumnPlan[];
  mode: TypesMode;
  firstMarker?: number;
}

const needsSource = ({ atSource, companion }: ColumnPlan) =>
  atSource !== undefined || companion !== undefined;

/** DuckDB SQL for the result of a query of the source, with each of its columns carried as planned. */
export async function convertAtSource(
  session: SourceSession,
  sql: string,
  conversion: Conversion,
): Promise<string> {
  const { columns, firstMarker } = conversion;
  if (columns.some(needsSource)) return convertThroughSource(session, sql, conversion);
  const names = columns.map(({ name }) => name);
  const checked = columns.map((plan) => (plan.inDuckdb ? plan : withCheckedText(session, plan)));
  return convert(checked, names, session.relationOf(sql), firstMarker);
}

/** Text that the client hands on as bytes of whatever encoding: a query may change that of its session while it runs. */
function withCheckedText({ dialect }: SourceSession, plan: ColumnPlan): ColumnPlan {
  if (plan.type !== 'VARCHAR' || !dialect.textIsUnchecked) return plan;
  return { ...plan, inDuckdb: (value) => `decode(encode(${value}))` };
}

/**
 * The query wrapped in one that converts at the source. A wrapper may have other types than the query on its own (MariaDB, of a UNION
 * or of constants): what comes is made what was planned.
 */
async function convertThroughSource(
  session: SourceSession,
  sql: string,
  { columns, mode, firstMarker }: Conversion,
): Promise<string> {
  const { dialect } = session;
  const names = columns.map(({ name }) => name);
  const expressions = columns.flatMap(({ atSource, companion }, index) => [
    { sql: atSource ?? dialect.reference(names, index), alias: `c${index}` },
    ...(companion === undefined ? [] : [{ sql: companion, alias: `g${index}` }]),
  ]);
  const statement = dialect.selectFrom(sql, expressions, names, session.server);
  if (mode === 'exact')
    await dialect.assertWrapIsLossless?.((ask) => session.askSource('wrap', ask), statement, columns);
  const wrapped = session.relationOf(statement);
  const types = new Map((await session.describe(wrapped, 'wrap')).map(({ name, type }) => [name, type]));
  const cast = columns.map((plan, index): ColumnPlan => {
    const type = types.get(`c${index}`) ?? plan.type;
    if (plan.inDuckdb) return plan;
    if (type === plan.type) return withCheckedText(session, plan);
    if (type === 'BLOB' && plan.type === 'VARCHAR')
      return { ...plan, inDuckdb: (value) => `decode(${value})` };
    return { ...plan, inDuckdb: (value) => `CAST(${value} AS ${plan.type})` };
  });
  return convert(
    cast,
    columns.map((_, index) => `c${index}`),
    wrapped,
    firstMarker,
  );
}

/**
 * DuckDB SQL that makes the file's columns of what came from the source.
 *
 * @param names what the columns are called there
 * @param firstMarker by which the first one's refusal is known
 */
export function convert(
  columns: readonly ColumnPlan[],
  names: readonly string[],
  relation: string,
  firstMarker = 0,
): string {
  const list = columns.map(({ name, inDuckdb }, index) => {
    const value = quoteIdentifier(names[index] ?? name);
    const refuse = `error(${quoteLiteral(refusalMarker(firstMarker + index))})`;
    const expression = inDuckdb ? inDuckdb(value, `g${index}`, refuse) : value;
    return `${expression} AS ${quoteIdentifier(name)}`;
  });
  return `SELECT ${list.join(', ')} FROM ${relation}`;
}

/** The error for an engine's failure that was Ferry's own refusal of a value; undefined when it was something else. */
export function explainRefusal(
  error: unknown,
  { columns, tableColumns }: { columns: readonly ColumnPlan[]; tableColumns: readonly ColumnPlan[] },
): ExactnessError | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const index = cause instanceof Error ? refusedColumn(cause.message) : undefined;
  const column = index === undefined ? undefined : (columns[index] ?? tableColumns[index - TABLE_MARKERS]);
  if (!column?.refusal) return undefined;
  const { name, sourceType, refusal } = column;
  return new ExactnessError(
    `Column "${name}" (${sourceType}) contains ${refusal.values}. Nothing was uploaded.`,
    { cause: error, hint: refusal.hint },
  );
}
