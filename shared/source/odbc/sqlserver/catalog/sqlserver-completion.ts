import { type DuckDBDataChunk, DuckDBVarCharVector } from '@duckdb/node-api';
import type { CatalogClient, Complete, NamedColumn, RowsQuery } from '../../../catalog/catalog.ts';
import { readHex } from './sqlserver-names.ts';

/** A type that the login may not see. */
export const UNSEEN = '???';

/** Text columns of a chunk. */
function textsOf(chunk: DuckDBDataChunk, columns: readonly string[], names: readonly string[]) {
  return names.map((name) => {
    const vector = chunk.getColumnVector(columns.indexOf(name));
    if (vector instanceof DuckDBVarCharVector) return vector;
    throw new Error(`The rows have no text ${name}.`);
  });
}

/** What foreign keys refer to. */
export interface References {
  complete: Complete;
  /** The columns that others refer to. */
  referenced: readonly NamedColumn[];
}

/**
 * Asks what foreign keys refer to; of several keys of a column, the first one counts.
 *
 * @param relations the numbers of those that the filters leave: nothing else is referred to
 */
export async function readReferences(
  client: Pick<CatalogClient, 'rows'>,
  query: RowsQuery,
  relations: ReadonlySet<number>,
): Promise<References> {
  const targets = new Map<string, NamedColumn>();
  for await (const rows of client.rows(query))
    for (const [table, column, target, ...names] of rows) {
      const key = `${table} ${column}`;
      const [schema = '', name = '', other = ''] = names.map(readHex);
      if (!targets.has(key) && relations.has(Number(target)))
        targets.set(key, { schema, name, column: other });
    }
  return {
    referenced: [...targets.values()],
    complete(chunk, columns) {
      const [table, column] = ['table_number', 'ordinal_position'].map((name) =>
        chunk.getColumnVector(columns.indexOf(name)),
      );
      const texts = textsOf(chunk, columns, ['foreign_schema', 'foreign_table', 'foreign_column']);
      for (let index = 0; index < chunk.rowCount; index += 1) {
        const target = targets.get(`${table?.getItem(index)} ${column?.getItem(index)}`);
        if (!target) continue;
        for (const [at, text] of [target.schema, target.name, target.column].entries())
          texts[at]?.setItem(index, text);
      }
      for (const text of texts) text.flush();
    },
  };
}

/** Asks for the parameters of routines. The rows have the number of each routine where its argument types belong. */
export async function readParameters(
  client: Pick<CatalogClient, 'rows'>,
  query: RowsQuery,
): Promise<Complete> {
  const ofRoutines = new Map<string, { arguments: [string | null, string][]; returns: string | null }>();
  for await (const rows of client.rows(query))
    for (const [routine, position, name, type] of rows) {
      const own = ofRoutines.get(String(routine)) ?? { arguments: [], returns: null };
      ofRoutines.set(String(routine), own);
      const known = type === null ? UNSEEN : readHex(type);
      if (Number(position) === 0) own.returns = known;
      else own.arguments.push([readHex(name) || null, known]);
    }
  return (chunk, columns) => {
    const isDetailed = columns.includes('argument_list');
    const [types, list, returns] = textsOf(chunk, columns, [
      'argument_types',
      ...(isDetailed ? ['argument_list', 'return_type'] : []),
    ]);
    for (let index = 0; index < chunk.rowCount; index += 1) {
      const own = ofRoutines.get(String(types?.getItem(index)));
      const given = own?.arguments ?? [];
      types?.setItem(index, given.map(([, type]) => type).join(', '));
      list?.setItem(index, JSON.stringify(given));
      if (own?.returns != null) returns?.setItem(index, own.returns);
    }
    for (const text of [types, list, returns]) text?.flush();
  };
}
