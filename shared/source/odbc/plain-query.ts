import { type LexicalRules, tokensOf } from '../../duckdb/sql-text.ts';
import { QueryError } from '../../errors.ts';
import type { ClientColumn } from '../dialect.ts';

/**
 * Refuses what drivers would take for something else than one statement without parameters: some send several
 * statements one after the other, and all replace question marks.
 *
 * @param query without semicolons at its end
 * @throws QueryError
 */
export function assertPlainQuery(query: string, rules: LexicalRules): void {
  const tokens = [...tokensOf(query, rules)];
  if (query.includes('\0') || tokens.some(({ kind }) => kind === 'end'))
    throw new QueryError('The query contains several statements.', { hint: 'Write one SELECT.' });
  let depth = 0;
  for (const { kind, text } of tokens) {
    if (kind === 'word' && text === '(') depth += 1;
    if (kind === 'word' && text === ')') depth -= 1;
    if (depth < 0) break;
  }
  // Ferry puts it between brackets.
  if (depth !== 0)
    throw new QueryError('The query contains brackets that do not match.', { hint: 'Write one SELECT.' });
  if (tokens.some(({ kind, text }) => kind === 'word' && text === '?')) {
    throw new QueryError('The query contains a question mark, which an ODBC driver takes for a parameter.', {
      hint: "Write the value itself, or a function instead of an operator: jsonb_exists(x, 'a') for x ? 'a'. In a text it may stay.",
    });
  }
}

/**
 * Refuses a query without columns, and two columns of one name, of which DuckDB renames the second: `id_1`.
 *
 * @param exists whether the query itself has a column of this name
 * @throws QueryError
 */
export async function assertDistinctColumns(
  columns: readonly ClientColumn[],
  exists: (name: string) => Promise<boolean>,
): Promise<void> {
  const [first] = columns;
  // What the client makes of a statement without columns.
  if (
    columns.length === 1 &&
    first?.name === 'rowcount' &&
    first.type === 'BIGINT' &&
    !(await exists(first.name))
  )
    throw new QueryError('The query returns no columns.', {
      hint: 'Write a SELECT with at least one column.',
    });
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  for (const { name } of columns) {
    const twin = /^(.*)_\d+$/s.exec(name)?.[1];
    if (twin === undefined || !names.has(twin.toLowerCase()) || (await exists(name))) continue;
    throw new QueryError(`The query returns two columns named "${twin}".`, {
      hint: 'Rename one of them: … AS other_name. Names that differ only in case count as equal.',
    });
  }
}
