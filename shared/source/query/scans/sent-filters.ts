import { quoteIdentifier } from '../../../duckdb/sql-text.ts';
import { QueryError } from '../../../errors.ts';
import type { ColumnPlan } from '../../column-plan.ts';
import type { SourceSession } from '../../sessions/session.ts';

/** Types whose values a source compares as DuckDB does, in their order too. */
const COMPARED_ALIKE =
  /^(BOOLEAN|SMALLINT|INTEGER|BIGINT|UINTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)|DATE|TIME|TIMESTAMP|TIMESTAMP WITH TIME ZONE|UUID|BLOB|ENUM\(.*\))$/s;

/**
 * Whether a filter on a column means the same at the source as in DuckDB. It does not where DuckDB has text and the
 * source has another type: DuckDB's client sends `doc LIKE '1%'` as `doc >= '1' AND doc < '2'`, by which no jsonb 10 is
 * found, and no citext `Zoo` by `LIKE 'Z%'`.
 *
 * @param column.scanType what the client makes of the column when it scans the table
 */
export const isComparedAlike = ({ plan, scanType }: { plan: ColumnPlan; scanType: string }) =>
  plan.isText === 'whole' ? scanType === 'VARCHAR' : COMPARED_ALIKE.test(scanType);

/**
 * Whether one of the filters that are sent means something else at the source.
 *
 * @param plan of a column that is not compared alike
 * @param sent the filters of each scan
 */
export function isMisread({ name, isText }: ColumnPlan, sent: readonly string[]): boolean {
  const own = sent.filter((filters) => filters.includes(name));
  return isText === 'padded' ? own.some(hasPaddedConstant) : own.length > 0;
}

/** Postgres ignores the blanks at the end of a constant, too: 'A ' equals the A of a char(2). */
const hasPaddedConstant = (filters: string) =>
  [...filters.matchAll(/'((?:[^']|'')*)'/g)].some(([, constant = '']) => constant.endsWith(' '));

/** DuckDB SQL for the columns of a table, of which some are so written that no filter on them is sent to the source. */
export const selectUnfiltered = (
  { relation, names }: { relation: string; names: readonly string[] },
  isUnfiltered: (name: string) => boolean,
) => {
  const list = names.map(quoteIdentifier).map((name, index) =>
    // DuckDB does not see that this is the column itself.
    isUnfiltered(names[index] ?? '') ? `coalesce(${name}, ${name}) AS ${name}` : name,
  );
  return `SELECT ${list.join(', ')} FROM ${relation}`;
};

/** An operator of DuckDB's plan, in the form of EXPLAIN (FORMAT json). */
interface Operator {
  children: Operator[];
  extra_info: { Filters?: string | string[] };
}

/**
 * The filters that DuckDB leaves to the scans of a query, together for each of them, with the columns' names in them:
 * `id>1`. None for a query that cannot be planned: nothing runs it.
 */
export async function findSentFilters(session: SourceSession, sql: string): Promise<string[]> {
  const explained = session.run('describe', `EXPLAIN (FORMAT json) ${sql}`);
  const reader = await explained.catch((error: unknown) => {
    if (error instanceof QueryError) return undefined;
    throw error;
  });
  if (reader === undefined) return [];
  const [, plan] = reader.getRowsJS()[0] ?? [];
  // DuckDB makes a list of them at each line break, of which a name may have one.
  const filtersOf = ({ children, extra_info }: Operator): string[] => [
    [extra_info.Filters ?? []].flat().join('\n'),
    ...children.flatMap(filtersOf),
  ];
  return (JSON.parse(String(plan)) as Operator[]).flatMap(filtersOf).filter((filters) => filters !== '');
}
