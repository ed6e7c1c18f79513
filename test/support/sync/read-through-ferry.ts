import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import {
  ferryConfigSchema,
  type SourceConfig,
  type SyncConfig,
} from '../../../shared/config/schema/ferry-config.ts';
import { exportParquet } from '../../../shared/source/query/export-parquet.ts';
import { exportParts } from '../../../shared/source/query/export-parts.ts';
import { exportQuery, type QueryReading, readingOf } from '../../../shared/source/query/export-query.ts';
import { notesFor } from '../../../shared/source/query/note-rows.ts';
import { planParts } from '../../../shared/source/query/plan-parts.ts';
import { type PreparedQuery, prepareQuery } from '../../../shared/source/query/prepare-query.ts';
import { fingerprintRows } from '../../../shared/source/query/row-fingerprint.ts';
import { type Reading, SourceSession } from '../../../shared/source/sessions/session.ts';
import { queryOf, readableInParallel } from '../../../shared/sync/open-sync-session.ts';
import { type ParquetContent, readParquetWithPyarrow } from '../readers/read-parquet.ts';

/** A started server of any kind, as far as a login needs it. */
export interface TestServer {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

/** What a sync made of a source, without Polyteia and the command around it. */
export interface ReadResult extends PreparedQuery {
  content: ParquetContent;
  rows: number;
  reading: Reading | QueryReading;
  /** Whether what was read in parallel came from one snapshot. */
  verified: boolean;
}

/** Fields of a sync and of its source, as in ferry.yaml. */
export interface ReadOptions {
  sync: Record<string, unknown>;
  source?: Record<string, unknown>;
  /** Called when the session is connected and nothing has been read. */
  onConnected?: () => Promise<void>;
  threads?: number;
  /** How many runs the process may have at once. */
  runsAtOnce?: number;
  /** Called when it is decided how a query is read, and nothing has been read. */
  onPlanned?: () => Promise<void>;
  /** From how many bytes on a table is read by several connections. */
  minBytes?: number;
  /** Ends the reading. */
  signal?: AbortSignal;
  /** Called with what is in the output folder after reading has failed. */
  onFailed?: (files: string[]) => void;
  /** Leaves the file unread. @default true */
  withContent?: boolean;
}

/** A sync and its source as a parsed ferry.yaml has them. */
export function parseSync(
  type: SourceConfig['type'],
  sync: Record<string, unknown>,
  source: Record<string, unknown> = {},
): { sync: SyncConfig; source: SourceConfig } {
  const config = ferryConfigSchema.parse({
    version: 1,
    sources: { test: { type, auth: { type: 'password', secret: 'x' }, tls: { mode: 'disable' }, ...source } },
    syncs: { test: { source: 'test', dataset: 'ds_test', ...sync } },
  });
  const [parsedSync, parsedSource] = [config.syncs.test, config.sources.test];
  if (!parsedSync || !parsedSource) throw new Error('The test configuration is incomplete.');
  return { sync: parsedSync, source: parsedSource };
}

/** Runs a sync's query in this process, up to the Parquet file, and reads that with pyarrow: fast enough for hundreds of cases. */
export async function readThroughFerry(
  type: SourceConfig['type'],
  server: TestServer,
  options: ReadOptions,
): Promise<ReadResult> {
  const { sync, source } = parseSync(type, options.sync, options.source);
  const folder = await mkdtemp(join(tmpdir(), 'ferry read ü '));
  try {
    const query = await queryOf(sync);
    const session = await SourceSession.open({
      source,
      login: { ...server, username: server.user },
      folder,
      extensionFolders: [PROJECT_EXTENSIONS],
      memoryLimitBytes: 1_000_000_000,
      // As for a run: one stream needs one thread.
      threads: query.kind === 'source' ? 1 : (options.threads ?? 2),
      mode: sync.types,
      parallel: readableInParallel(query, source, sync),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    try {
      await options.onConnected?.();
      const prepared = await prepareQuery(session, query, { mode: sync.types, overrides: sync.columns });
      const notes = notesFor(prepared.columns, sync.types);
      const name = 'result.parquet';
      const exported =
        query.kind === 'source'
          ? await exportSource(session, query.sql, prepared, {
              file: name,
              parallel: sync.parallel,
              threads: options.threads ?? 2,
              minBytes: options.minBytes,
              runsAtOnce: options.runsAtOnce,
              onPlanned: options.onPlanned,
              notes,
            })
          : { ...(await exportParquet(session, prepared, name, undefined, notes)), reading: undefined };
      const { rows } = exported;
      const file = join(session.outputFolder, name);
      const noted = notes?.fingerprint(rows);
      // The rows that were noted while they were written are those of the file, whatever their types.
      if (noted !== undefined && noted !== (await fingerprintRows(session, file)))
        throw new Error('The fingerprint of the rows that were written is not that of the file.');
      const content =
        options.withContent === false
          ? { columns: [], rows: [], rowCount: rows }
          : await readParquetWithPyarrow(file);
      const reading = await session.verifyReading();
      return {
        ...prepared,
        content,
        rows,
        reading: exported.reading ?? reading ?? session.reading,
        verified: reading !== undefined,
      };
    } catch (error) {
      options.onFailed?.(await readdir(session.outputFolder));
      throw error;
    } finally {
      session.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As {@link exportQuery}, with a moment between its steps in which a test does something. */
async function exportSource(
  session: SourceSession,
  sql: string,
  prepared: PreparedQuery,
  options: Parameters<typeof exportQuery>[3] & { onPlanned: ReadOptions['onPlanned'] },
): ReturnType<typeof exportQuery> {
  if (!options.onPlanned) return exportQuery(session, sql, prepared, options);
  const plan = await planParts(session, sql, prepared, options);
  await options.onPlanned();
  if (!('relations' in plan)) throw new Error(`One connection reads it: ${plan.reason}`);
  const written = await exportParts(session, prepared, plan, options);
  if (!('reason' in written)) return { ...written, reading: readingOf(plan) };
  return { ...(await exportParquet(session, prepared, options.file)), reading: readingOf(written) };
}
