import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { unknownNameMessage } from '../config/config-problems.ts';
import type { FerryConfig, PolyteiaTargetConfig, SourceConfig, SyncConfig } from '../config/schema.ts';
import { ConfigError, GuardError, StorageUnavailableError } from '../errors.ts';
import { createClassicClient } from '../polyteia/classic-client.ts';
import { type JobContext, type JobResult, type RunOptions, runJob } from '../runs/run-job.ts';
import type { RunRecord } from '../runs/run-record.ts';
import { exportParquet } from '../source/export-parquet.ts';
import { prepareQuery, type SourceQuery } from '../source/prepare-query.ts';
import { type SecretReader, secretLabel } from '../source/secrets.ts';
import { formatBytes, formatCount } from '../telemetry/format.ts';
import { canReadInParallel, openSyncSession, queryOf } from './open-sync-session.ts';

export interface RunSyncOptions extends RunOptions {
  config: FerryConfig;
  /** Name of the sync. */
  job: string;
  secrets: SecretReader;
  extensionFolders: readonly string[];
  /** DuckDB's memory limit, in bytes. */
  memoryLimitBytes: number;
  threads: number;
  /** Reads and checks, and writes the file there instead of uploading it. */
  dryRun?: { file: string };
}

const PARQUET = 'application/vnd.apache.parquet';
const FILE = 'result.parquet';

/**
 * Runs one sync: the query's result becomes one Parquet file, which replaces the dataset's content.
 *
 * @returns the record of the run, also of a failed one
 * @throws ConfigError when there is no such sync
 */
export async function runSync(options: RunSyncOptions): Promise<RunRecord> {
  const { config, job } = options;
  const sync = Object.hasOwn(config.syncs, job) ? config.syncs[job] : undefined;
  const source = sync && config.sources[sync.source];
  const target = sync && config.polyteia[sync.polyteia];
  if (!sync || !source || !target) {
    throw new ConfigError(`${unknownNameMessage('sync', job, Object.keys(config.syncs))}.`);
  }
  const description = {
    name: job,
    kind: 'sync' as const,
    source: sync.source,
    dataset: sync.dataset,
    target: sync.polyteia,
    config: { source, target, sync },
  };
  return runJob(description, (context) => carry(context, { ...options, sync, source, target }), options);
}

type SyncWork = RunSyncOptions & { sync: SyncConfig; source: SourceConfig; target: PolyteiaTargetConfig };

async function carry(context: JobContext, work: SyncWork): Promise<JobResult> {
  if (work.dryRun) return rehearse(context, work, work.dryRun.file);
  const { sync, target } = work;
  const polyteia = await context.phase('check target', async () => {
    const client = createClassicClient({
      baseUrl: target.baseUrl,
      token: await readToken(target, work.secrets),
    });
    await client.checkDataset(sync.dataset, context.signal);
    return client;
  });
  try {
    const { file, ...result } = await exportResult(context, work);
    await context.phase('guards', async () => assertAcceptable(result.rows, sync));
    await context.phase(
      'upload',
      () =>
        polyteia.upload({
          dataset: sync.dataset,
          file,
          contentType: PARQUET,
          onProgress: context.progress,
          signal: context.signal,
        }),
      () => formatBytes(result.bytes),
    );
    return { outcome: 'uploaded', ...result };
  } finally {
    await polyteia.close();
  }
}

/** Everything but what touches Polyteia; the file is kept, also one that a guard refuses. */
async function rehearse(context: JobContext, work: SyncWork, target: string): Promise<JobResult> {
  const { file, ...result } = await exportResult(context, work);
  await context.phase('write', async () => {
    const draft = `${target}.part`;
    try {
      // Copied, as the private folder may be on another disk; renamed, so that a broken-off copy is never taken for the file.
      await copyFile(file, draft);
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw new StorageUnavailableError(`${target} cannot be written.`, {
        cause: error,
        hint: 'Check the folder of --out, and the space on its disk.',
      });
    }
  });
  await context.phase('guards', async () => assertAcceptable(result.rows, work.sync));
  return result;
}

/** Reads the query's result into a Parquet file in the run's private folder. */
async function exportResult(context: JobContext, work: SyncWork) {
  const query = await queryOf(work.sync);
  if (canReadInParallel(query, work.source)) {
    const result = await exportOnce(context, work, query, true);
    if (result) return result;
    context.warn('The connections did not share one snapshot after all: read again over one connection.');
  }
  const result = await exportOnce(context, work, query, false);
  if (!result) throw new Error('One connection is always one snapshot.');
  return result;
}

/** @returns undefined when the connections turned out not to have shared a snapshot, so that the file is worth nothing */
async function exportOnce(context: JobContext, work: SyncWork, query: SourceQuery, parallel: boolean) {
  const { sync, source } = work;
  const session = await context.phase('connect', () =>
    openSyncSession({ ...work, source, folder: context.folder, parallel, signal: context.signal }),
  );
  try {
    const prepared = await context.phase(
      'describe',
      () => prepareQuery(session, query, { mode: sync.types, overrides: sync.columns }),
      ({ columns }) => formatCount(columns.length, 'column'),
    );
    const { rows, bytes } = await context.phase(
      'export',
      () => exportParquet(session, prepared, FILE, context.progress),
      (result) => `${formatCount(result.rows, 'row')}, ${formatBytes(result.bytes)}`,
    );
    if (!(await session.verifyParallelReading())) return undefined;
    for (const warning of prepared.warnings) context.warn(warning);
    const schema = prepared.columns.map(({ name, type }) => ({ name, type }));
    const reading: JobResult['reading'] = query.kind === 'source' ? { mode: 'statement' } : session.reading;
    return { schema, rows, bytes, reading, file: join(session.outputFolder, FILE) };
  } finally {
    // Closed before the upload: the source's connection and DuckDB's memory are not needed for it.
    session.close();
  }
}

function assertAcceptable(rows: number, sync: SyncConfig): void {
  if (rows === 0 && !sync.guards.allowEmpty) {
    throw new GuardError('The query returned no rows, so the dataset was left as it is.', {
      hint: 'If an empty dataset is right, set guards: { allowEmpty: true } on this sync.',
    });
  }
}

const tokenSecret = z.looseObject({ token: z.string().min(1) });

/** The personal access key: the secret's whole text, or its field `token` when it is JSON. */
async function readToken(target: PolyteiaTargetConfig, secrets: SecretReader): Promise<string> {
  const label = secretLabel(target.token);
  const text = (await secrets.read(target.token)).trim();
  let token: string | undefined = text;
  if (text.startsWith('{')) {
    try {
      token = tokenSecret.safeParse(JSON.parse(text)).data?.token;
    } catch {
      token = undefined;
    }
  }
  // What cannot stand in an HTTP header is not a key, and would be repeated in an error of the HTTP client.
  if (!token || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError(`The secret ${label} holds no personal access key.`, {
      hint: 'Expected: the key itself, or JSON {"token": "pak_…"}.',
    });
  }
  return token;
}
