import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { EntityKind, RawRow } from './entities/entity-kinds.ts';

/**
 * Reads the rows of a chunk one by one, what a kind of entity needs of them. One by one, as what is there at once makes the heap grow.
 * A BIGINT comes as a number: no count of a catalog is beyond 2^53.
 *
 * @param names of the chunk's columns
 */
export function* readRows(
  chunk: DuckDBDataChunk,
  names: readonly string[],
  { columns, shared }: EntityKind,
): Generator<RawRow> {
  const columnOf = (name: string) => ({ name, vector: chunk.getColumnVector(names.indexOf(name)) });
  const own = columns.filter((name) => !shared?.columns.includes(name)).map(columnOf);
  const common = shared?.columns.map(columnOf) ?? [];
  const numbers = shared && columnOf(shared.by).vector;
  let number: unknown;
  let commonValues: Record<string, unknown> = {};
  for (let index = 0; index < chunk.rowCount; index += 1) {
    const next = numbers?.getItem(index);
    // Text is what takes the time: that of a relation is read once for many of its columns.
    if (next !== number) {
      commonValues = {};
      for (const { name, vector } of common) commonValues[name] = vector.getItem(index);
      number = next;
    }
    const row: Record<string, unknown> = { ...commonValues };
    for (const { name, vector } of own) {
      const value = vector.getItem(index);
      row[name] = typeof value === 'bigint' ? Number(value) : value;
    }
    yield row;
  }
}
