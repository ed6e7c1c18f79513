import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { EntityKind, RawRow } from './entities/entity-kinds.ts';

/** Reads the rows of a chunk one by one. It is one object that is filled in again and again, as a hundred thousand make the heap grow. */
export type ReadRows = (chunk: DuckDBDataChunk) => Generator<RawRow>;

/** Values of rows with the same number are kept for so many numbers. */
const NUMBERS_KEPT = 1_000;

type Vector = ReturnType<DuckDBDataChunk['getColumnVector']>;

/**
 * Makes what reads the chunks of one answer: of their columns what a kind of entity needs. A BIGINT comes as a number: no count of a
 * catalog is beyond 2^53.
 *
 * @param names of the answer's columns
 */
export function rowReader(names: readonly string[], { columns, shared }: EntityKind): ReadRows {
  const own = columns.filter((name) => !shared.some((group) => group.columns.includes(name)));
  const groups = shared.map((group) => ({
    ...group,
    known: new Map<unknown, unknown[]>(),
    current: undefined as unknown,
  }));
  const row: Record<string, unknown> = {};
  return function* readRows(chunk) {
    const vectorOf = (name: string) => chunk.getColumnVector(names.indexOf(name));
    const ownVectors = own.map(vectorOf);
    const groupVectors = groups.map((group) => ({
      group,
      numbers: vectorOf(group.by),
      vectors: group.columns.map(vectorOf),
    }));
    for (let index = 0; index < chunk.rowCount; index += 1) {
      for (const { group, numbers, vectors } of groupVectors) {
        const number = numbers.getItem(index);
        if (number === group.current) continue;
        let values = group.known.get(number);
        if (!values) {
          values = vectors.map((vector) => readValue(vector, index));
          if (group.known.size >= NUMBERS_KEPT) group.known.clear();
          group.known.set(number, values);
        }
        for (const [at, name] of group.columns.entries()) row[name] = values[at];
        group.current = number;
      }
      for (const [at, vector] of ownVectors.entries()) row[own[at] ?? ''] = readValue(vector, index);
      yield row;
    }
  };
}

function readValue(vector: Vector, index: number): unknown {
  const value = vector.getItem(index);
  return typeof value === 'bigint' ? Number(value) : value;
}
