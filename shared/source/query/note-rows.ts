import {
  BOOLEAN,
  type DuckDBDataChunk,
  DuckDBScalarFunction,
  type DuckDBVector,
  UBIGINT,
} from '@duckdb/node-api';
import type { TypesMode } from '../../config/schema/ferry-config.ts';
import { freeChunks } from '../../duckdb/free-chunks.ts';
import { quoteIdentifier } from '../../duckdb/sql-text.ts';
import type { ClientColumn } from '../dialect.ts';
import { fingerprintOf, hashOfRow } from './row-fingerprint.ts';

const NAME = 'ferry_note';
/** As many of one column are like one of an answer. */
const SMALL_CHUNKS = 8;

/** Types whose values are cheap to pass on. */
const FIXED = /^(BOOLEAN|U?(TINY|SMALL|BIG)?INT(EGER)?|DATE|DOUBLE|FLOAT|TIMESTAMP.*|DECIMAL\(1?\d,\d+\))$/;

/** Types whose values stand in the file as they were read, also with `types: compatible`. */
const KEPT =
  /^(BOOLEAN|U?(TINY|SMALL|BIG)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|DATE|TIME|TIMESTAMP( WITH TIME ZONE)?|VARCHAR|BLOB|UUID)(\[\])*$/;

/**
 * Notes for rows with these columns; undefined where what is written may differ from what was read, so that only the
 * file itself says what is in it.
 */
export function notesFor(columns: readonly ClientColumn[], mode: TypesMode): RowNotes | undefined {
  if (mode === 'compatible' && !columns.every(({ type }) => KEPT.test(type))) return undefined;
  return new RowNotes(columns);
}

/**
 * Takes the fingerprint of rows while they are written: DuckDB hashes each row on its way into the file, and this adds
 * the hashes up. To read the file again would take half as long as to write it.
 */
export class RowNotes {
  readonly #columns: readonly ClientColumn[];
  #rows = 0n;
  #chunks = 0;
  #sum = 0n;
  /** To be registered in the DuckDB that writes the rows. */
  readonly function = DuckDBScalarFunction.create({
    name: NAME,
    parameterTypes: [UBIGINT],
    // Its values are never set, which would take longer than all the rest: only that they are not NULL counts.
    returnType: BOOLEAN,
    // It is called for every row, though it always answers the same.
    volatile: true,
    mainFunction: (_info, hashes) => this.#note(hashes),
  });

  /** @param columns as the file will have them */
  constructor(columns: readonly ClientColumn[]) {
    this.#columns = columns;
  }

  /** How many rows it has seen so far. */
  get rows(): number {
    return Number(this.#rows);
  }

  /** DuckDB SQL for the rows of a relation with these columns, which are noted as they are read. */
  watch(relation: string): string {
    // What becomes of an ENUM in the file is its text.
    const asWritten = ({ name, type }: ClientColumn) => `CAST(${quoteIdentifier(name)} AS ${type})`;
    const note = `${NAME}(${hashOfRow(this.#columns, asWritten)}) IS NOT NULL`;
    // As the condition of a value: DuckDB would compute columns twice for a WHERE, and drop a column that nobody reads.
    const narrow = Math.max(
      0,
      this.#columns.findIndex(({ type }) => FIXED.test(type)),
    );
    const columns = this.#columns.map(({ name }, index) => {
      const column = quoteIdentifier(name);
      return index === narrow ? `CASE WHEN ${note} THEN ${column} END AS ${column}` : column;
    });
    return `SELECT ${columns.join(', ')} FROM (${relation})`;
  }

  /**
   * @param rows the number of rows that were written
   * @returns undefined when these are not the rows that were noted
   */
  fingerprint(rows: number): string | undefined {
    if (this.#rows !== BigInt(rows)) return undefined;
    return fingerprintOf(this.#columns, { rows: this.#rows, sum: this.#sum });
  }

  #note(hashes: DuckDBDataChunk): void {
    this.#chunks += 1;
    if (this.#chunks % SMALL_CHUNKS === 0) freeChunks();
    const { rowCount } = hashes;
    this.#rows += BigInt(rowCount);
    this.#sum += sumOf(hashes.getColumnVector(0), rowCount);
  }
}

/** Exact: of 2,048 numbers, each half has a sum below 2^43. BigInts for each would take ten times as long. */
function sumOf(vector: DuckDBVector, rowCount: number): bigint {
  // The client has no other way to the numbers than one by one.
  const { items } = vector as unknown as { items: BigUint64Array };
  const halves = new Uint32Array(items.buffer, items.byteOffset, rowCount * 2);
  let [low, high] = [0, 0];
  for (let at = 0; at < halves.length; at += 2) {
    low += halves[at] ?? 0;
    high += halves[at + 1] ?? 0;
  }
  return BigInt(low) + (BigInt(high) << 32n);
}
