import { mysqlLexicalRules } from '../../duckdb/sql-text.ts';
import type { ColumnPlan } from '../column-plan.ts';
import type { AskSource, ServerFacts } from '../dialect.ts';
import { callsOne, changesWhenRepeated, findDefinitions } from './mysql-definitions.ts';
import { isMariadb } from './mysql-wrapper.ts';

/** What MariaDB cuts off at max_allowed_packet, with a warning that no client of Ferry's sees. */
const CUT = /^(GROUP_CONCAT|JSON_ARRAYAGG)$/i;
/** The most bytes of a letter: it is cut between two of them. */
const LETTER = 4;

/**
 * Has texts and bytes refused that are as long as MariaDB lets GROUP_CONCAT make them, whatever group_concat_max_len is:
 * they have most probably been cut off. No session may change max_allowed_packet.
 *
 * @param query the source's SQL
 * @param reference the source's SQL for a column of it
 */
async function refuseCutTexts(
  ask: AskSource,
  query: string,
  columns: readonly ColumnPlan[],
  { server, reference }: { server: ServerFacts; reference: (index: number) => string },
): Promise<ColumnPlan[]> {
  const mayBeCut = ({ type }: ColumnPlan) => type === 'VARCHAR' || type === 'BLOB';
  if (!isMariadb(server) || !columns.some(mayBeCut)) return [...columns];
  const rules = mysqlLexicalRules(server.sqlMode);
  if (!callsOne(CUT, query, await findDefinitions(ask, query, [], rules), rules)) return [...columns];
  const { rows } = await ask('SELECT @@max_allowed_packet AS most');
  const cutAt = Number(rows[0]?.[0]) - LETTER;
  return columns.map((plan, index) => {
    if (!mayBeCut(plan) || plan.numberAsText) return plan;
    return {
      ...plan,
      cutAt,
      violation: `LENGTH(${reference(index)}) >= ${cutAt}`,
      refusal: {
        values: `${plan.type === 'BLOB' ? 'bytes' : 'a text'} as long as max_allowed_packet of the source${plan.refusal ? `, or ${plan.refusal.values}` : ''}: MariaDB cuts off GROUP_CONCAT and JSON_ARRAYAGG there`,
        hint: 'Raise max_allowed_packet on the server, or leave fewer rows to each group.',
      },
    };
  });
}

/**
 * Marks the columns of a query that gives other values each time it is computed, where a companion would have the server
 * compute it twice: the value and what is said about it would be of different computations.
 *
 * @param query the source's SQL
 */
async function computedOnce(
  ask: AskSource,
  query: string,
  columns: readonly ColumnPlan[],
  server: ServerFacts,
): Promise<ColumnPlan[]> {
  // Text has a companion if `columns:` asks for text.
  const mayRepeat = ({ atSource, companion, violation, type }: ColumnPlan) =>
    atSource ?? companion ?? violation ?? type === 'VARCHAR';
  if (!columns.some(mayRepeat)) return [...columns];
  const rules = mysqlLexicalRules(server.sqlMode);
  const definitions = await findDefinitions(ask, query, [], rules);
  if (!changesWhenRepeated(query, definitions, rules)) return [...columns];
  return columns.map((plan) => ({ ...plan, once: true }));
}

/**
 * What must hold for a query, whatever its types are.
 *
 * @param query the source's SQL
 * @param reference the source's SQL for a column of it
 */
export async function withSafeguards(
  ask: AskSource,
  query: string,
  columns: readonly ColumnPlan[],
  { server, reference }: { server: ServerFacts; reference: (index: number) => string },
): Promise<ColumnPlan[]> {
  const once = await computedOnce(ask, query, columns, server);
  return refuseCutTexts(ask, query, once, { server, reference });
}
