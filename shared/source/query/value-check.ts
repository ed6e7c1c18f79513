import { ExactnessError } from '../../errors.ts';
import type { ColumnPlan, Refusal } from '../column-plan.ts';
import type { SourceSession } from '../sessions/session.ts';
import { explainRefusal, isDamagedDate, nameColumns, ofTable, refuseColumn } from './convert-columns.ts';
import { keepSettings } from './keep-settings.ts';

/** Has the source look for values that its client damages. */
export interface ValueCheck {
  /** The source's SQL for how many rows contain such a value. */
  countSql: string;
  /** The source's SQL for where it is: one row, with 1 for each column that contains one. */
  findSql: string;
  columns: (Pick<ColumnPlan, 'name' | 'sourceType' | 'table'> & { refusal: Refusal })[];
}

/** What is read from the source. */
export interface ReadValues {
  /** The source's SQL, and the names of its columns. */
  query: string;
  names: readonly string[];
  /** Those of its columns that may contain such a value. */
  columns: readonly ColumnPlan[];
  /** The query's values are the ones that a table stores. */
  stored?: boolean;
}

/** @returns undefined when no column can contain such a value */
export function checkValues(
  { dialect, server }: SourceSession,
  { query, names, columns, stored = false }: ReadValues,
): ValueCheck | undefined {
  const suspects = columns.flatMap((plan) => {
    const violation = (stored ? plan.stored?.violation : undefined) ?? plan.violation;
    return violation === undefined ? [] : [{ ...plan, violation }];
  });
  if (suspects.length === 0) return undefined;
  const select = (expressions: readonly string[]) => {
    const aliased = expressions.map((sql, index) => ({ sql, alias: `v${index}` }));
    const once = columns.some((plan) => plan.once) ? { cutOff: [] } : undefined;
    return dialect.selectFrom(query, aliased, names, server, once);
  };
  const violations = suspects.map(({ violation }) => violation);
  return {
    // One aggregate for all columns: with one for each, the source takes longer.
    countSql: select([`COUNT(CASE WHEN ${violations.join(' OR ')} THEN 1 END)`]),
    findSql: select(violations.map((violation) => `MAX(CASE WHEN ${violation} THEN 1 ELSE 0 END)`)),
    columns: suspects.map(({ name, sourceType, table, refusal }) => ({
      name,
      sourceType,
      ...(table === undefined ? {} : { table }),
      refusal: refusal ?? { values: 'values that the file cannot hold', hint: '' },
    })),
  };
}

/** The error for the first column in which the source finds such a value. */
async function findMisfit(session: SourceSession, { findSql, columns }: ValueCheck, cause?: unknown) {
  const { rows } = await session.askSource('read', findSql);
  const column = columns.find((_, index) => Number(rows[0]?.[index]) === 1);
  return column && refuseColumn(column, column.refusal, cause);
}

/**
 * Checks what is read as it is for values that must not be in it.
 *
 * @throws ExactnessError that names the column
 */
export async function assertFit(session: SourceSession, check: ValueCheck): Promise<void> {
  const { rows } = await session.askSource('read', check.countSql);
  if (Number(rows[0]?.[0]) === 0) return;
  const misfit = await findMisfit(session, check);
  if (misfit) throw misfit;
  // A view may compute another value each time.
  const [{ table } = {}] = check.columns;
  throw new ExactnessError(
    `One of the columns ${nameColumns(check.columns)}${ofTable(table)} contained a value that a file cannot hold, but no longer when Ferry looked for the column. Nothing was uploaded.`,
    { hint: 'Select columns whose values are the same each time they are read.' },
  );
}

/**
 * Has the source look for the date that the client could not decode, because the client does not say in which column it
 * is.
 *
 * @returns undefined if the client failed on something else, or the date is gone
 */
async function findDamagedDate(
  session: SourceSession,
  read: readonly ReadValues[],
  error: unknown,
): Promise<ExactnessError | undefined> {
  if (!isDamagedDate(error)) return undefined;
  for (const values of read) {
    const check = checkValues(session, values);
    if (check === undefined) continue;
    const find = () => keepSettings(session, () => findMisfit(session, check, error));
    const misfit = await session.transaction(find).catch(() => undefined);
    if (misfit) return misfit;
  }
  return undefined;
}

/**
 * The error for an engine's failure that was a value which the file cannot hold; undefined when it was something else.
 * It may ask the source for the column.
 */
export async function explainMisfit(
  session: SourceSession,
  prepared: Parameters<typeof explainRefusal>[1] & { converted: readonly ReadValues[] },
  error: unknown,
): Promise<ExactnessError | undefined> {
  return (await findDamagedDate(session, prepared.converted, error)) ?? explainRefusal(error, prepared);
}
