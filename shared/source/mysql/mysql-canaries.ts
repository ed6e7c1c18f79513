import { mysqlLexicalRules } from '../../duckdb/sql-text.ts';
import type { ColumnPlan } from '../column-plan.ts';
import type { AskSource, ServerFacts } from '../dialect.ts';
import { findDefinitions } from './mysql-definitions.ts';
import { quoteMysqlText } from './mysql-types.ts';
import { isMariadb } from './mysql-wrapper.ts';

/** Never a constant, which the server would compute once. */
const ZERO = 'FLOOR(RAND())';

/** Times that zones have at different moments: by their winters, their summers or their past. */
const TIMES = ['1970-02-01 00:00:00', '1993-09-25 12:00:00', '2024-01-15 12:00:00', '2024-07-15 12:00:00'];

// The other way round, MariaDB would use the zone that the statement began with.
const moments = `CONCAT_WS(' ', ${TIMES.map((time) => `UNIX_TIMESTAMP(TIMESTAMP'${time}' + INTERVAL ${ZERO} SECOND)`).join(', ')})`;

/** No other encoding writes these letters with the bytes of UTF-8. */
const LETTERS = 'ü Ж 漢 😀';
const letters = quoteMysqlText(LETTERS);

/**
 * Watches over columns whose form depends on a setting of the session, where the login may not see the SQL of a view or
 * function behind the query: it may change the setting for some of its rows, and set it back. Nobody can ask the
 * connection while it sends the rows, so something with a known form is sent next to each value.
 *
 * @param query the source's SQL
 */
export async function withCanaries(
  ask: AskSource,
  query: string,
  columns: readonly ColumnPlan[],
  server: ServerFacts,
): Promise<ColumnPlan[]> {
  const isMoment = ({ type }: ColumnPlan) => type === 'TIMESTAMP';
  // MySQL decides before the first row which character set it sends.
  const isText = ({ type }: ColumnPlan) => type === 'VARCHAR' && isMariadb(server);
  if (!columns.some((plan) => isMoment(plan) || isText(plan))) return [...columns];
  const definitions = await findDefinitions(ask, query, [], mysqlLexicalRules(server.sqlMode));
  if (definitions.every(({ sql }) => sql !== '')) return [...columns];
  const { rows } = await ask(`SELECT ${moments} AS moments`);
  const zone = { sql: moments, expected: String(rows[0]?.[0]) };
  const isWrapped = columns.some(({ atSource, companion }) => atSource ?? companion);
  const unwatched = !isWrapped && columns.some(({ mayBeCutOff }) => mayBeCutOff);
  return columns.map((plan) => {
    if (isMoment(plan)) return { ...plan, canary: zone, textDependsOn: ['time_zone'] };
    if (!isText(plan)) return plan;
    if (unwatched) return { ...plan, unwatched, textDependsOn: ['character_set_results'] };
    return {
      ...plan,
      canary: { sql: letters, expected: LETTERS },
      textDependsOn: ['character_set_results'],
    };
  });
}
