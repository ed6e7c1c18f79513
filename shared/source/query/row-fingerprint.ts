import { createHash } from 'node:crypto';
import { version } from '@duckdb/node-api';
import { disguiseForHash } from '../../duckdb/row-hashes.ts';
import { quoteIdentifier, quoteLiteral } from '../../duckdb/sql-text.ts';
import type { ClientColumn } from '../dialect.ts';
import type { SourceSession } from '../sessions/session.ts';

/** What a fingerprint is made of besides the columns. */
export interface RowSums {
  rows: bigint;
  /** Sums of the two hashes of each row ({@link hashesOfRow}); unsigned. */
  first: bigint;
  second: bigint;
}

/**
 * Fingerprint of a Parquet file's content, whatever the order of its rows: columns with their types, number of rows,
 * and the sums of two hashes of each row. It can only be compared with those of the same version of DuckDB, which is
 * part of it.
 *
 * @param file path in the session's output folder
 * @returns SHA-256, hexadecimal
 */
export async function fingerprintRows(session: SourceSession, file: string): Promise<string> {
  const table = `read_parquet(${quoteLiteral(file)})`;
  const columns = await session.describe(table);
  // A sum of 64-bit numbers has room for 2^63 of them in 128 bits.
  const [first, second] = hashesOfRow(columns).map(
    (hash) => `coalesce(sum(CAST(${hash} AS HUGEINT)), 0)::VARCHAR`,
  );
  const reader = await session.run('read', `SELECT count(*)::VARCHAR, ${first}, ${second} FROM ${table}`);
  const [rows = 0n, one = 0n, other = 0n] = (reader.getRowsJS()[0] ?? []).map((sum) => BigInt(String(sum)));
  return fingerprintOf(columns, { rows, first: one, second: other });
}

/** @returns SHA-256, hexadecimal */
export function fingerprintOf(columns: readonly ClientColumn[], { rows, first, second }: RowSums): string {
  const described = columns.map(({ name, type }) => ({ name, type }));
  return createHash('sha256')
    .update(JSON.stringify([version(), described, [rows, first, second].map(String)]))
    .digest('hex');
}

/** DuckDB SQL for two nearly independent hashes of a row, of 64 bits each, from columns of exactly these types. */
export function hashesOfRow(
  columns: readonly ClientColumn[],
  reference: (column: ClientColumn) => string = ({ name }) => quoteIdentifier(name),
): [string, string] {
  const values = columns.map(reference);
  const disguised = columns.map(({ type }, index) => imageOf(values[index] ?? '', type)).reverse();
  return [`hash(${values.join(', ')})`, `hash('ferry', ${disguised.join(', ')})`];
}

/**
 * Texts for values with the same hash that are not the same: 0 and -0, 1 month and 30 days, and everything composed of
 * parts.
 */
function imageOf(value: string, type: string): string {
  return /^(FLOAT|DOUBLE|INTERVAL)$|[[(]/.test(type) && !type.startsWith('DECIMAL')
    ? `CAST(${value} AS VARCHAR)`
    : disguiseForHash(value, type);
}
