import type { TypesMode } from '../../../config/schema/ferry-config.ts';
import { quoteIdentifier } from '../../../duckdb/sql-text.ts';
import { ExactnessError } from '../../../errors.ts';
import type { ColumnPlan } from '../../column-plan.ts';
import type { SourceTable } from '../../dialect.ts';
import type { SourceSession } from '../../sessions/session.ts';

/** A column that a duckdbQuery reads, and what the client makes of it in a scan. */
interface ScannedColumn {
  plan: ColumnPlan;
  scanType: string;
}

/** Text that the source printed, or a name from a list: nothing in it can be damaged. */
export const isPlain = (type: string) =>
  type === 'VARCHAR' || /^ENUM\(.*\)$/s.test(type) || type === 'UINTEGER';

const isPrinted = ({ plan, scanType }: ScannedColumn) =>
  plan.textDependsOn !== undefined && /^VARCHAR(\[\])*$/.test(scanType);

/** The settings by which the source prints values of columns that a scan gets as text. */
export const settingsOfPrinted = (columns: readonly ScannedColumn[]): string[] => [
  ...new Set(columns.filter(isPrinted).flatMap(({ plan }) => plan.textDependsOn ?? [])),
];

/** A statement of the source's own SQL may stand for the scan: both give the query the same types. */
const isReplaceable = ({ plan, scanType }: ScannedColumn) => plan.type === scanType || isPlain(scanType);

/** What may be wrong where the login does not see everything, and Ferry cannot watch over the values either. */
export function warnUnseen(what: string, columns: readonly ColumnPlan[]): string {
  const settings = [...new Set(columns.flatMap(({ textDependsOn = [] }) => textDependsOn))];
  return `The login may not see all of the SQL behind ${what}: if a function there changes ${settings.join(' or ')} while it is read, values are wrong. Grant the login SHOW VIEW to rule that out.`;
}

/** How a relation is read whose functions may change a setting of the session. */
export interface Guard {
  /** By a statement that fails when a setting changes on which a value depends. */
  guarded?: true;
  /** What may be wrong, for people, if it is scanned all the same. */
  warning?: string;
}

/**
 * Whether a relation must be read by a statement that fails when a setting changes on which a value depends. A function
 * behind a view may set it back before the last row, which nobody could see afterwards. For other relations a scan is
 * better: it sends the query's filters to the source.
 *
 * @param alone whether the query reads nothing else, so that a connection of its own shows the same moment
 * @throws ExactnessError for a column that can be read in neither way (types: compatible)
 */
export async function guardScan(
  session: SourceSession,
  found: SourceTable,
  { label, columns }: { label: string; columns: readonly ScannedColumn[] },
  { mode, alone }: { mode: TypesMode; alone: boolean },
): Promise<Guard> {
  const { dialect } = session;
  const isSame = columns.every(isReplaceable);
  const watched = columns.filter(({ plan }) => plan.canary ?? plan.unwatched);
  if (watched.length > 0) {
    if (isSame && alone && !columns.some(({ plan }) => plan.mayBeCutOff)) return { guarded: true };
    return {
      warning: warnUnseen(
        label,
        watched.map(({ plan }) => plan),
      ),
    };
  }
  const [column, ...others] = columns.filter(isPrinted);
  if (column === undefined || !dialect.runsFunctions) return {};
  if (!(await dialect.runsFunctions((sql) => session.askSource('wrap', sql), found))) return {};
  // The exact mode refuses such columns anyway, with a better reason.
  if (mode === 'exact' && !isSame) return { guarded: true };
  if (isSame && ![column, ...others].some(({ scanType }) => scanType.endsWith('[][]')))
    return { guarded: true };
  const { name, sourceType, textDependsOn } = column.plan;
  throw new ExactnessError(
    `Column "${name}" (${sourceType}) of ${label} cannot be read by duckdbQuery: functions behind ${label} may change the settings that decide how it is printed (${textDependsOn?.join(', ')}).`,
    { hint: 'Use `query` instead, in which Ferry sees such a change; or select columns without this one.' },
  );
}

/** DuckDB SQL for what a guarded statement reads, with the types that a scan would have. */
export function asScanned(select: string, columns: readonly ScannedColumn[]): string {
  if (columns.every(({ plan, scanType }) => plan.type === scanType)) return select;
  const list = columns.map(({ plan, scanType }) => {
    const name = quoteIdentifier(plan.name);
    return plan.type === scanType ? name : `CAST(${name} AS ${scanType}) AS ${name}`;
  });
  return `SELECT ${list.join(', ')} FROM (${select})`;
}
