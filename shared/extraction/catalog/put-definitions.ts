import { type DuckDBDataChunk, DuckDBVarCharVector } from '@duckdb/node-api';
import type { ClientColumn } from '../../source/dialect.ts';
import type { OpenedRelations } from './opened-relations.ts';

/** Puts the definitions of views into a chunk of relation rows, which contain the number of the relation instead. */
export function putDefinitions(
  chunk: DuckDBDataChunk,
  columns: readonly ClientColumn[],
  opened: Pick<OpenedRelations, 'definitionOf'>,
): void {
  const vector = chunk.getColumnVector(columns.findIndex(({ name }) => name === 'view_definition'));
  if (!(vector instanceof DuckDBVarCharVector)) throw new Error('The rows have no view_definition.');
  let changed = false;
  for (let index = 0; index < chunk.rowCount; index += 1) {
    const relation = vector.getItem(index);
    if (relation === null) continue;
    vector.setItem(index, opened.definitionOf(Number(relation)));
    changed = true;
  }
  if (changed) vector.flush();
}
