import { createHash } from 'node:crypto';
import { version } from '@duckdb/node-api';
import { disguiseForHash } from '../../duckdb/row-hashes.ts';
import { quoteIdentifier, quoteLiteral } from '../../duckdb/sql-text.ts';
import type { SourceSession } from '../session.ts';

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
  const names = columns.map(({ name }) => quoteIdentifier(name));
  const disguised = columns.map(({ type }, index) => imageOf(names[index] ?? '', type)).reverse();
  // A sum of 64-bit numbers has room for 2^63 of them in 128 bits.
  const sumOf = (hash: string) => `coalesce(sum(CAST(${hash} AS HUGEINT)), 0)::VARCHAR`;
  const reader = await session.run(
    'read',
    `SELECT count(*)::VARCHAR, ${sumOf(`hash(${names.join(', ')})`)}, ${sumOf(`hash('ferry', ${disguised.join(', ')})`)} FROM ${table}`,
  );
  return createHash('sha256')
    .update(JSON.stringify([version(), columns, reader.getRowsJS()[0]]))
    .digest('hex');
}

/**
 * Texts for values with the same hash that are not the same: 0 and -0, 1 month and 30 days, and everything composed of
 * parts.
 */
function imageOf(name: string, type: string): string {
  return /^(FLOAT|DOUBLE|INTERVAL)$|[[(]/.test(type) && !type.startsWith('DECIMAL')
    ? `CAST(${name} AS VARCHAR)`
    : disguiseForHash(name, type);
}
