import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { quoteLiteral } from '../../duckdb/sql-text.ts';
import { watchSize } from '../../duckdb/watch-size.ts';
import { ExactnessError } from '../../errors.ts';
import type { SourceSession } from '../sessions/session.ts';
import { keepSettings } from './keep-settings.ts';
import type { RowNotes } from './note-rows.ts';
import type { PreparedQuery } from './prepare-query.ts';
import { assertFit, explainMisfit } from './value-check.ts';

/** The last check: whatever the client did with a type on the way, the file must have the planned one. */
export async function assertTypes(
  session: SourceSession,
  { columns, mode }: PreparedQuery,
  file: string,
): Promise<void> {
  if (mode === 'compatible') return;
  const written = await session.describe(`read_parquet(${quoteLiteral(file)})`);
  const wrong = columns.findIndex(({ type }, index) => written[index]?.type !== type);
  const column = columns[wrong];
  if (!column) return;
  throw new ExactnessError(
    `Column "${column.name}" (${column.sourceType}) should have become ${column.type}, but became ${written[wrong]?.type}. Nothing was uploaded.`,
    { hint: `Cast it in the query, or set columns: { ${column.name}: text }.` },
  );
}

// While a row group is compressed, nothing is read, and the source waits as soon as the network's buffers are full: with
// 16 MB, reading MariaDB took a fifth longer. Smaller ones make the file larger: by 0.6 % here, and by 5 % at half of it.
const ROW_GROUP = "ROW_GROUP_SIZE_BYTES '8MB'";
// zstd's lowest positive level: a quarter less work than its default. Most tables become 7 % smaller to 4 % larger, those
// of coordinates a quarter larger, and a column of timestamps or doubles alone by half; Snappy doubles them.
const COMPRESSION = 'COMPRESSION zstd, COMPRESSION_LEVEL 1';

/** DuckDB SQL that writes the rows of a relation to a file. */
export const copyStatement = (relation: string, file: string): string =>
  `COPY (${relation}) TO ${quoteLiteral(file)} (FORMAT parquet, ${COMPRESSION}, ${ROW_GROUP})`;

/**
 * Runs a prepared query and writes its result to one Parquet file in the session's output folder, in one snapshot of
 * the source. Nothing is left of the file when it fails.
 *
 * @param notes takes the fingerprint of the rows meanwhile
 * @throws ExactnessError when a value cannot be written
 */
export async function exportParquet(
  session: SourceSession,
  prepared: PreparedQuery,
  file: string,
  onProgress: (bytes: number) => void = () => {},
  notes?: RowNotes,
): Promise<{ rows: number; bytes: number }> {
  const relation = notes ? notes.watch(prepared.relation) : prepared.relation;
  if (notes) session.define(notes.function);
  const target = join(session.outputFolder, file);
  const watch = watchSize(session.outputFolder, onProgress);
  try {
    const copy = async () => {
      for (const check of prepared.checks) await assertFit(session, check);
      const reader = await session.run('read', copyStatement(relation, target));
      return Number(reader.getRowsJS()[0]?.[0]);
    };
    const rows = await session.transaction(() => keepSettings(session, copy), prepared);
    await assertTypes(session, prepared, target);
    return { rows, bytes: (await stat(target)).size };
  } catch (error) {
    throw (await explainMisfit(session, prepared, error)) ?? error;
  } finally {
    watch.stop();
  }
}
