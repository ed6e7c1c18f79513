import { createHash } from 'node:crypto';
import { version } from '@duckdb/node-api';
import { quoteIdentifier, quoteLiteral } from '../../duckdb/sql-text.ts';
import type { ClientColumn } from '../dialect.ts';
import type { SourceSession } from '../sessions/session.ts';

/**
 * How fingerprints are taken: the way of this release, and the DuckDB whose hashes they consist of. Only fingerprints
 * of the same kind can be compared. Those of releases before 2026-11-30 begin with none
 * (docs/decisions/0025-fingerprints.md).
 */
const KIND = `2-${version()}:`;

/** What a fingerprint is made of besides the columns. */
export interface RowSums {
  rows: bigint;
  /** The sum of the hash of each row ({@link hashOfRow}); unsigned. */
  sum: bigint;
}

/**
 * Fingerprint of a Parquet file's content, whatever the order of its rows: columns with their types, number of rows,
 * and the sum of a hash of each row. It begins with its kind.
 *
 * @param file path in the session's output folder
 */
export async function fingerprintRows(session: SourceSession, file: string): Promise<string> {
  const table = `read_parquet(${quoteLiteral(file)})`;
  const columns = await session.describe(table);
  // A sum of 64-bit numbers has room for 2^63 of them in 128 bits.
  const sum = `coalesce(sum(CAST(${hashOfRow(columns)} AS HUGEINT)), 0)::VARCHAR`;
  const reader = await session.run('read', `SELECT count(*)::VARCHAR, ${sum} FROM ${table}`);
  const [rows = 0n, total = 0n] = (reader.getRowsJS()[0] ?? []).map((each) => BigInt(String(each)));
  return fingerprintOf(columns, { rows, sum: total });
}

/** @returns its kind, and a SHA-256 in hexadecimal digits */
export function fingerprintOf(columns: readonly ClientColumn[], { rows, sum }: RowSums): string {
  const described = columns.map(({ name, type }) => ({ name, type }));
  const digest = createHash('sha256')
    .update(JSON.stringify([KIND, described, [rows, sum].map(String)]))
    .digest('hex');
  return `${KIND}${digest}`;
}

/** Whether two fingerprints were taken in the same way. If not, nobody knows whether they mean the same content. */
export const areComparable = (one: string, other: string): boolean => kindOf(one) === kindOf(other);

const kindOf = (fingerprint: string) => fingerprint.slice(0, fingerprint.lastIndexOf(':') + 1);

/**
 * DuckDB SQL for a hash of a row, of 64 bits, from columns of exactly these types. The outer hash keeps sums of rows
 * apart that have the same cells in other combinations: DuckDB combines the last cell by XOR.
 */
export function hashOfRow(
  columns: readonly ClientColumn[],
  reference: (column: ClientColumn) => string = ({ name }) => quoteIdentifier(name),
): string {
  return `hash(hash(${columns.flatMap((column) => hashed(reference(column), column.type)).join(', ')}))`;
}

/** Types whose different values have different hashes, as far as 64 bits can have them. */
const PLAIN =
  /^(BOOLEAN|U?(TINY|SMALL|BIG)?INT(EGER)?|DATE|TIME|TIMESTAMP( WITH TIME ZONE)?|VARCHAR|BLOB|DECIMAL\((\d|1[0-8]),\d+\))$/;

/**
 * What stands for a value in the hash of its row: besides itself, whatever tells it from other values with the same
 * hash. Those are 0 and -0, 1 month and 30 days, 128 bits with the same exclusive or of their halves, and values
 * composed of such.
 */
function hashed(value: string, type: string): string[] {
  if (PLAIN.test(type)) return [value];
  if (type === 'FLOAT' || type === 'DOUBLE') return [value, `${value} = 0 AND signbit(${value})`];
  return [value, `CAST(${value} AS VARCHAR)`];
}
