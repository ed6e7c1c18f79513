import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { EntityKind, RawRow } from './entities/entity-kinds.ts';

/** Reads the rows of a chunk one by one: what is there at once makes the heap grow. */
export type ReadRows = (chunk: DuckDBDataChunk) => Generator<RawRow>;

/** Values of rows with the same number are kept for so many numbers. */
const NUMBERS_KEPT = 1_000;

type Values = Record<string, unknown>;

/**
 * Makes what reads the chunks of one answer: of their columns what a kind of entity needs. A BIGINT comes as a number: no count of a
 * catalog is beyond 2^53.
 *
 * @param names of the answer's columns
 */
export function rowReader(names: readonly string[], { columns, shared }: EntityKind): ReadRows {
  const own = columns.filter((name) => !shared.some((group) => group.columns.includes(name)));
  const groups = shared.map((group) => ({ ...group, known: new Map<unknown, Values>() }));
  return function* readRows(chunk) {
    const vectorsOf = (wanted: readonly string[]) =>
      wanted.map((name) => ({ name, vector: chunk.getColumnVector(names.indexOf(name)) }));
    const ownVectors = vectorsOf(own);
    const groupVectors = groups.map(({ by, columns: wanted, known }) => ({
      numbers: chunk.getColumnVector(names.indexOf(by)),
      vectors: vectorsOf(wanted),
      known,
    }));
    for (let index = 0; index < chunk.rowCount; index += 1) {
      const row: Values = {};
      for (const { numbers, vectors, known } of groupVectors) {
        const number = numbers.getItem(index);
        let values = known.get(number);
        if (!values) {
          values = readValues(vectors, index);
          if (known.size >= NUMBERS_KEPT) known.clear();
          known.set(number, values);
        }
        Object.assign(row, values);
      }
      yield Object.assign(row, readValues(ownVectors, index));
    }
  };
}

function readValues(
  vectors: readonly { name: string; vector: ReturnType<DuckDBDataChunk['getColumnVector']> }[],
  index: number,
): Values {
  const values: Values = {};
  for (const { name, vector } of vectors) {
    const value = vector.getItem(index);
    values[name] = typeof value === 'bigint' ? Number(value) : value;
  }
  return values;
}
