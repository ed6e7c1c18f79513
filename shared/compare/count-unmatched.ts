import type { CommonColumn } from './common-columns.ts';
import type { ComparisonSession, Side } from './comparison-session.ts';
import { hashesOfRow, type Tables } from './fingerprint.ts';

/** The difference between two multisets. */
export interface Unmatched {
  onlyInA: number;
  onlyInB: number;
}

/** Counts what EXCEPT ALL would return in both directions, for rows of the given columns. */
export async function countUnmatchedRows(
  session: ComparisonSession,
  tables: Tables,
  columns: readonly CommonColumn[],
): Promise<Unmatched> {
  const { onlyInA, onlyInB } = await countUnmatched(session, tables, columns, () => 'false');
  return { onlyInA, onlyInB };
}

/** The same for the values of one column, with the number of its NULLs. */
export function countUnmatchedValues(
  session: ComparisonSession,
  tables: Tables,
  column: CommonColumn,
): Promise<Unmatched & { nullsInA: number; nullsInB: number }> {
  return countUnmatched(session, tables, [column], (side) => `${column.column[side]} IS NULL`);
}

async function countUnmatched(
  session: ComparisonSession,
  tables: Tables,
  columns: readonly CommonColumn[],
  missing: (side: Side) => string,
): Promise<Unmatched & { nullsInA: number; nullsInB: number }> {
  const select = (side: Side) => {
    const [first, second] = hashesOfRow(columns, side);
    return `SELECT ${first} AS first, ${second} AS second, ${missing(side)} AS missing, ${side === 'a'} AS in_a FROM ${tables[side]}`;
  };
  const [counts = []] = await session.ask(
    `SELECT sum(greatest(a - b, 0)), sum(greatest(b - a, 0)), sum(a) FILTER (missing), sum(b) FILTER (missing)
     FROM (
       SELECT missing, count(*) FILTER (in_a) AS a, count(*) FILTER (NOT in_a) AS b
       FROM (${select('a')} UNION ALL ${select('b')})
       GROUP BY first, second, missing
     )`,
  );
  const [onlyInA = 0, onlyInB = 0, nullsInA = 0, nullsInB = 0] = counts.map((count) => Number(count ?? 0));
  return { onlyInA, onlyInB, nullsInA, nullsInB };
}
