import { join } from 'node:path';
import type { TypesMode } from '../config/schema/ferry-config.ts';
import { DeadlineError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import type { PreviewedColumn } from '../runs/records/job-check.ts';
import { createWorkspace } from '../runs/workspace.ts';
import { resolveLogin } from '../source/credentials/credentials.ts';
import { prepareQuery } from '../source/query/prepare-query.ts';
import { dialectOf } from '../source/registry.ts';
import { SourceSession } from '../source/sessions/session.ts';
import { previewed } from './previewed-column.ts';
import type { CatalogProbe } from './probe-catalog.ts';

// MySQL and MariaDB compute constant expressions, such as SLEEP(20), while they prepare a query.
const DESCRIBED_MS = 8_000;

/** A query in the source's own SQL that no job has yet. */
export interface DraftQuery {
  query: string;
  types: TypesMode;
}

/** How its result would be written. */
export interface DescribedQuery {
  columns: PreviewedColumn[];
  /** What would be lost; `types: compatible` only. */
  warnings: string[];
}

/**
 * Has the source prepare a query, in a transaction that only reads, and says how its columns would be written. No row
 * is read.
 *
 * @param options.limitMs how long the source may work on it
 * @throws QueryError, ExactnessError, DeadlineError for one that takes seconds to prepare, and what keeps Ferry from signing in
 */
export async function probeColumns(
  probe: CatalogProbe,
  { query, types }: DraftQuery,
  { limitMs = DESCRIBED_MS }: { limitMs?: number } = {},
): Promise<DescribedQuery> {
  const { name, source, secrets, job, workFolder } = probe;
  const login = await resolveLogin(name, source, secrets, dialectOf(source).defaultPort, { job });
  await using workspace = await createWorkspace(workFolder);
  const folder = join(workspace.folder, 'columns');
  await makeFolder(folder);
  const late = new AbortController();
  const signal = AbortSignal.any([probe.signal, late.signal]);
  const session = await SourceSession.open({ ...probe, login, folder, mode: types, signal });
  const timer = setTimeout(() => late.abort(tooSlow(limitMs)), limitMs);
  try {
    const prepared = await prepareQuery(
      session,
      { kind: 'source', sql: query },
      { mode: types, overrides: {} },
    );
    return { columns: prepared.columns.map(previewed), warnings: prepared.warnings };
  } finally {
    clearTimeout(timer);
    session.close();
  }
}

const tooSlow = (limitMs: number) =>
  new DeadlineError(`The source has not prepared the query within ${limitMs / 1_000} seconds.`, {
    hint: 'MySQL and MariaDB work out what is constant for that, such as SLEEP(20) or a subquery of one value. Or it waits for a lock. ferry preview has no such limit.',
  });
