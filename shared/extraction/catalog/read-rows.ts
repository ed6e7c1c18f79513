import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { EntityKind, RawRow } from '../entities/entity-kind.ts';

/**
 * Reads the rows of a chunk one by one, always into the same object: a hundred thousand objects would make the heap
 * grow.
 */
export type ReadRows = (chunk: DuckDBDataChunk) => Generator<RawRow>;

/** How many distinct numbers are remembered, with the values that rows with that number share. */
const NUMBERS_KEPT = 1_000;

type Vector = ReturnType<DuckDBDataChunk['getColumnVector']>;

/**
 * Makes the reader for the chunks of one answer. It reads the columns that a kind of entity needs. A BIGINT becomes a
 * number: no count in a catalog exceeds 2^53.
 *
 * @param names of the answer's columns
 * @param isDetailed whether to read the columns for details, too
 */
export function rowReader(
  names: readonly string[],
  { columns, details, shared }: EntityKind,
  isDetailed = false,
): ReadRows {
  const own = [
    ...columns.filter((name) => !shared.some((group) => group.columns.includes(name))),
    ...(isDetailed ? details : []),
  ];
  const groups = shared.map((group) => ({
    ...group,
    known: new Map<unknown, { name: string; value: unknown }[]>(),
    current: undefined as unknown,
  }));
  const row: Record<string, unknown> = {};
  return function* readRows(chunk) {
    const { rowCount } = chunk;
    const vectorOf = (name: string) => chunk.getColumnVector(names.indexOf(name));
    const columnOf = (name: string) => ({ name, vector: vectorOf(name) });
    const ownColumns = own.map(columnOf);
    const groupColumns = groups.map((group) => ({
      group,
      numbers: vectorOf(group.by),
      columns: group.columns.map(columnOf),
    }));
    for (let index = 0; index < rowCount; index += 1) {
      for (const { group, numbers, columns } of groupColumns) {
        const number = numbers.getItem(index);
        if (number === group.current) continue;
        let values = group.known.get(number);
        if (!values) {
          values = columns.map(({ name, vector }) => ({ name, value: readValue(vector, index) }));
          if (group.known.size >= NUMBERS_KEPT) group.known.clear();
          group.known.set(number, values);
        }
        for (const { name, value } of values) row[name] = value;
        group.current = number;
      }
      for (const { name, vector } of ownColumns) row[name] = readValue(vector, index);
      yield row;
    }
  };
}

function readValue(vector: Vector, index: number): unknown {
  const value = vector.getItem(index);
  return typeof value === 'bigint' ? Number(value) : value;
}
