import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { EntityKind, RawRow } from './entities/entity-kinds.ts';

/** Rows that are there at once: with all of a chunk, the heap grows by what outlives its first collection. */
const ROWS_AT_ONCE = 256;

/** Reads of a chunk what a kind of entity needs. A BIGINT comes as a number: no count of a catalog is beyond 2^53. */
export function* readRows(
  chunk: DuckDBDataChunk,
  names: readonly string[],
  { columns, shared }: EntityKind,
): Generator<RawRow[]> {
  const vectorOf = (name: string) => chunk.getColumnVector(names.indexOf(name));
  const numbers = shared && vectorOf(shared.by);
  const read = columns.map((name) => ({
    name,
    vector: vectorOf(name),
    isShared: shared?.columns.includes(name) ?? false,
  }));
  for (let first = 0; first < chunk.rowCount; first += ROWS_AT_ONCE) {
    const length = Math.min(ROWS_AT_ONCE, chunk.rowCount - first);
    const rows = Array.from({ length }, (): Record<string, unknown> => ({}));
    for (const { name, vector, isShared } of read) {
      let number: unknown;
      let value: unknown;
      rows.forEach((row, index) => {
        const next = isShared ? numbers?.getItem(first + index) : index;
        // Text is what takes the time: that of a relation is read once for many of its columns.
        if (next !== number) {
          const item = vector.getItem(first + index);
          value = typeof item === 'bigint' ? Number(item) : item;
          number = next;
        }
        row[name] = value;
      });
    }
    yield rows;
  }
}
