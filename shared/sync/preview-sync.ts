import type { SyncConfig } from '../config/schema/ferry-config.ts';
import type { FerryError } from '../errors.ts';
import { toFerryError } from '../errors.ts';
import type { ColumnPlan } from '../source/column-plan.ts';
import type { SecretReader } from '../source/credentials/secrets.ts';
import { type QueryReading, readingOf } from '../source/query/export-query.ts';
import { keepSettings } from '../source/query/keep-settings.ts';
import { planParts } from '../source/query/plan-parts.ts';
import { prepareQuery } from '../source/query/prepare-query.ts';
import { assertFit, explainMisfit } from '../source/query/value-check.ts';
import type { Reading, SessionOptions } from '../source/sessions/session.ts';
import { openSyncSession, queryOf, readableInParallel } from './open-sync-session.ts';

/** What a sync would make of its source. */
export interface SyncPreview {
  columns: Pick<ColumnPlan, 'name' | 'sourceType' | 'type' | 'reason' | 'refusal'>[];
  /** How many rows the source's planner expects; undefined when it cannot be asked. */
  estimatedRows: number | undefined;
  /** The first rows, each value as text; null is NULL. */
  rows: (string | null)[][];
  /** Why there are no rows, if reading them failed: a run would fail too. */
  rowsError: FerryError | undefined;
  reading: Reading | QueryReading;
  warnings: string[];
}

/**
 * Describes a sync's query and reads its first rows. Nothing is written.
 *
 * @throws what would end a run before it reads: SourceUnavailableError, AuthError, QueryError, ExactnessError,
 *   ConfigError
 */
export async function previewSync(
  options: Omit<SessionOptions, 'login' | 'mode'> & {
    sync: SyncConfig;
    secrets: SecretReader;
    /** How many rows to show. */
    limit: number;
  },
): Promise<SyncPreview> {
  const { sync, limit } = options;
  const query = await queryOf(sync);
  const session = await openSyncSession({
    ...options,
    parallel: readableInParallel(query, options.source, sync),
  });
  try {
    const prepared = await prepareQuery(session, query, { mode: sync.types, overrides: sync.columns });
    const reading =
      query.kind === 'source'
        ? readingOf(
            await planParts(session, query.sql, prepared, {
              parallel: sync.parallel,
              threads: options.threads,
            }),
          )
        : session.reading;
    const estimatedRows = query.kind === 'source' ? await session.estimateRows(query.sql) : undefined;
    let rows: SyncPreview['rows'] = [];
    let rowsError: FerryError | undefined;
    try {
      const look = async () => {
        for (const check of prepared.checks) await assertFit(session, check);
        const reader = await session.run(
          'read',
          `SELECT COLUMNS(*)::VARCHAR FROM (${prepared.relation}) LIMIT ${limit}`,
        );
        return reader.getRowsJS() as (string | null)[][];
      };
      rows = await session.transaction(() => keepSettings(session, look), prepared);
    } catch (error) {
      rowsError = (await explainMisfit(session, prepared, error)) ?? toFerryError(error);
    }
    return {
      columns: prepared.columns.map(({ refusal, ...plan }) =>
        refusal === undefined || refusal.isUnexpected ? plan : { ...plan, refusal },
      ),
      estimatedRows,
      rows,
      rowsError,
      reading,
      warnings: prepared.warnings,
    };
  } finally {
    session.close();
  }
}
