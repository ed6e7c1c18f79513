import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_EXTENSIONS } from '../../../cli/session-options.ts';
import {
  ferryConfigSchema,
  type SourceConfig,
  type SyncConfig,
} from '../../../shared/config/schema/ferry-config.ts';
import { exportParquet } from '../../../shared/source/query/export-parquet.ts';
import { type PreparedQuery, prepareQuery } from '../../../shared/source/query/prepare-query.ts';
import { type Reading, SourceSession } from '../../../shared/source/session.ts';
import { canReadInParallel, queryOf } from '../../../shared/sync/open-sync-session.ts';
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
  reading: Reading;
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
      threads: options.threads ?? 2,
      mode: sync.types,
      parallel: canReadInParallel(query, source),
    });
    try {
      await options.onConnected?.();
      const prepared = await prepareQuery(session, query, { mode: sync.types, overrides: sync.columns });
      const { rows } = await exportParquet(session, prepared, 'result.parquet');
      const content =
        options.withContent === false
          ? { columns: [], rows: [], rowCount: rows }
          : await readParquetWithPyarrow(join(session.outputFolder, 'result.parquet'));
      const reading = await session.verifyReading();
      return {
        ...prepared,
        content,
        rows,
        reading: reading ?? session.reading,
        verified: reading !== undefined,
      };
    } finally {
      session.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
