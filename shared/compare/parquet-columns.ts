import { ConfigError } from '../errors.ts';
import type { ComparisonSession, Side } from './comparison-session.ts';

/** A column of a Parquet file. */
export interface ParquetColumn {
  name: string;
  /** DuckDB's name of its type. */
  type: string;
  /** Its name in {@link tableOf}. */
  sql: string;
}

/** The most digits that DuckDB's decimals have. It reads longer ones as DOUBLE, and wrongly. */
const MAX_DIGITS = 38;

/**
 * Reads the columns of a file in order.
 *
 * @throws ConfigError when it is not a Parquet file, or cannot be compared
 */
export async function readColumns(
  session: ComparisonSession,
  side: Side,
  path: string,
): Promise<ParquetColumn[]> {
  const explain = (cause: unknown) =>
    new ConfigError(`${path} is not a Parquet file that DuckDB can read.`, {
      cause,
      hint: 'It may have another format, be truncated, still being written or encrypted, or have no columns.',
    });
  // In the order of the file. DuckDB's own names of the columns do not help: a second `Name` would become `name_1`.
  const schema = await session.ask(
    `SELECT name, num_children, precision FROM parquet_schema(${session.pathOf(side)})`,
    explain,
  );
  const described = await session.ask(`DESCRIBE SELECT * FROM ${readParquet(session, side)}`, explain);
  if (schema.some(([, , precision]) => Number(precision) > MAX_DIGITS)) {
    throw new ConfigError(
      `${path} contains decimals with more than ${MAX_DIGITS} digits, which DuckDB cannot read.`,
      {
        hint: 'Write them as text.',
      },
    );
  }
  const names = topLevelNames(schema.map(([name, children]) => [String(name), Number(children ?? 0)]));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ConfigError(`${path} has more than one column named ${JSON.stringify(twice)}.`, {
      hint: 'Give the columns of the query different names.',
    });
  }
  return described.map(([, type], index) => ({
    name: names[index] ?? '',
    type: String(type),
    sql: `c${index}`,
  }));
}

/** A file with all its columns, for use after FROM. */
export function tableOf(session: ComparisonSession, side: Side, columns: readonly ParquetColumn[]): string {
  return `${readParquet(session, side)} AS file(${columns.map(({ sql }) => sql).join(', ')})`;
}

function readParquet(session: ComparisonSession, side: Side): string {
  return `read_parquet(${session.pathOf(side)}, hive_partitioning = false)`;
}

/** The children of the root in a schema that lists each node before its children. */
function topLevelNames(nodes: Array<[name: string, children: number]>): string[] {
  const names: string[] = [];
  // How many children are still to come at each depth; the root's are at depth 0.
  const pending: number[] = [];
  for (const [name, children] of nodes) {
    if (pending.length === 1) names.push(name);
    if (pending.length > 0) pending.push((pending.pop() ?? 0) - 1);
    pending.push(children);
    while (pending.at(-1) === 0) pending.pop();
  }
  return names;
}
