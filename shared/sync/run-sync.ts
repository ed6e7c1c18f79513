import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { asSentence, unknownNameMessage } from '../config/config-problems.ts';
import type { FerryConfig, PolyteiaTargetConfig, SourceConfig, SyncConfig } from '../config/schema.ts';
import { ConfigError, GuardError, StorageUnavailableError, toFerryError } from '../errors.ts';
import { createPolyteiaClient } from '../polyteia/create-polyteia-client.ts';
import type { PolyteiaClient } from '../polyteia/polyteia-client.ts';
import {
  type JobContext,
  type JobDescription,
  type JobResult,
  type RunOptions,
  runJob,
} from '../runs/run-job.ts';
import type { RunRecord } from '../runs/run-record.ts';
import { exportParquet } from '../source/export-parquet.ts';
import { prepareQuery, type SourceQuery } from '../source/prepare-query.ts';
import { type SecretReader, secretLabel } from '../source/secrets.ts';
import { formatBytes, formatCount } from '../telemetry/format.ts';
import { assertAcceptable } from './guards.ts';
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
  const { description, work } = findSync(options);
  return runJob(description, (context) => carry(context, work), options);
}

/**
 * Sends the file of a result that a guard refused, exactly as it was, and makes it the one that the next is compared with. A run of
 * its own, so that the record says who did it and why.
 *
 * @param refusedId id of the run whose result was refused
 * @throws ConfigError when there is no such run, or its file is no longer kept
 */
export async function acceptRefused(
  options: Omit<RunSyncOptions, 'job'>,
  refusedId: string,
  why: string | undefined,
): Promise<RunRecord> {
  const refused = await options.store.get(refusedId);
  if (refused?.error?.class !== 'GuardError') {
    throw new ConfigError(
      refused ? `Run ${refusedId} was not refused by a guard.` : `There is no run ${refusedId}.`,
      { hint: 'ferry runs lists the newest ones, with their ids.' },
    );
  }
  const { rows = 0, bytes = 0, schema = [], job } = refused;
  const { description, work } = findSync({ ...options, job });
  const send = async (context: JobContext): Promise<JobResult> => {
    const file = join(context.folder, FILE);
    const found = await context.retry(() => work.store.fetchRefused(job, refusedId, file));
    if (!found) {
      throw new ConfigError(`The refused file of run ${refusedId} is no longer kept.`, {
        hint: `Run the sync again: ferry run ${job}`,
      });
    }
    const polyteia = await openTarget(context, work);
    try {
      await sendFile(context, work, polyteia, file, bytes);
      await keepBaseline(context, work, { rows, bytes, schema });
    } finally {
      await polyteia.close();
    }
    const sentFrom = { runId: refusedId, ...(why === undefined ? {} : { why }) };
    return { outcome: 'uploaded', rows, bytes, schema, sentFrom };
  };
  return runJob(description, send, options);
}

function findSync(options: RunSyncOptions): { description: JobDescription; work: SyncWork } {
  const { config, job } = options;
  const sync = Object.hasOwn(config.syncs, job) ? config.syncs[job] : undefined;
  const source = sync && config.sources[sync.source];
  const target = sync && config.polyteia[sync.polyteia];
  if (!sync || !source || !target) {
    throw new ConfigError(asSentence(unknownNameMessage('sync', job, Object.keys(config.syncs))));
  }
  const description = {
    name: job,
    kind: 'sync' as const,
    source: sync.source,
    dataset: sync.dataset,
    target: sync.polyteia,
    config: { source, target, sync },
  };
  return { description, work: { ...options, sync, source, target } };
}

type SyncWork = RunSyncOptions & { sync: SyncConfig; source: SourceConfig; target: PolyteiaTargetConfig };

async function carry(context: JobContext, work: SyncWork): Promise<JobResult> {
  if (work.dryRun) return rehearse(context, work, work.dryRun.file);
  const polyteia = await openTarget(context, work);
  try {
    const { file, ...result } = await exportResult(context, work);
    context.note(result);
    await judge(context, work, result, file);
    await sendFile(context, work, polyteia, file, result.bytes);
    await keepBaseline(context, work, result);
    return { outcome: 'uploaded', ...result };
  } finally {
    await polyteia.close();
  }
}

/** The target of a sync, after it was asked for what would make an upload fail. */
function openTarget(
  context: JobContext,
  { sync, target, secrets, config }: SyncWork,
): Promise<PolyteiaClient> {
  return context.phase('check target', async () => {
    const token = await readToken(target, secrets);
    const client = createPolyteiaClient(target, { token, outgoing: config });
    try {
      await context.retry(() => client.checkDataset(sync.dataset, context.signal));
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  });
}

type Exported = Awaited<ReturnType<typeof exportResult>>;
type Judged = Pick<Exported, 'rows' | 'bytes' | 'schema'>;

/** Compares a result with the sync's guards; a refused file is kept, as a person may find it right. */
async function judge(context: JobContext, work: SyncWork, result: Judged, file: string): Promise<void> {
  await context.phase('guards', async () => {
    const baseline = await context.retry(() => work.store.readBaseline(work.job));
    try {
      for (const warning of assertAcceptable(result, work.sync.guards, baseline)) context.warn(warning);
    } catch (error) {
      if (!(error instanceof GuardError) || !(await keepRefused(context, work, file))) throw error;
      throw new GuardError(error.message, {
        cause: error,
        hint: `If the result is right, send exactly this file: ferry accept ${context.runId}. Otherwise mend the source, or the guards.`,
      });
    }
  });
}

async function keepRefused(context: JobContext, { store, job }: SyncWork, file: string): Promise<boolean> {
  try {
    await store.keepRefused(job, context.runId, file);
    return true;
  } catch {
    context.warn('The refused file could not be kept.');
    return false;
  }
}

/** Replaces the dataset's content by a file, and waits until Polyteia has it. The source is not read again for a second try. */
async function sendFile(
  context: JobContext,
  { sync }: Pick<SyncWork, 'sync'>,
  polyteia: PolyteiaClient,
  file: string,
  bytes: number,
): Promise<void> {
  const { ingest } = await context.phase(
    'upload',
    () =>
      context.retry(async () => {
        await context.confirmLease();
        return polyteia.upload({
          dataset: sync.dataset,
          file,
          contentType: PARQUET,
          onProgress: context.progress,
          signal: context.signal,
        });
      }),
    () => formatBytes(bytes),
  );
  if (ingest) await context.phase('ingest', () => polyteia.waitForIngest(ingest, { signal: context.signal }));
}

/** Makes a result the one that the next is compared with. It is uploaded already, whether or not that can be written down. */
async function keepBaseline(
  context: JobContext,
  { store, job }: SyncWork,
  { rows, bytes, schema }: Judged,
): Promise<void> {
  try {
    await context.retry(() =>
      store.saveBaseline(job, {
        schemaVersion: 1,
        runId: context.runId,
        at: new Date().toISOString(),
        rows,
        bytes,
        schema,
      }),
    );
  } catch (error) {
    context.warn(`The next result will be compared with an older one: ${toFerryError(error).message}`);
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
  await context.phase('guards', async () => {
    for (const warning of assertAcceptable(result, work.sync.guards, undefined)) context.warn(warning);
  });
  return result;
}

/** Reads the query's result into a Parquet file in the run's private folder. */
async function exportResult(context: JobContext, work: SyncWork) {
  return context.retry(() => readResult(context, work));
}

async function readResult(context: JobContext, work: SyncWork) {
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
    const read = await session.verifyReading();
    if (!read) return undefined;
    for (const warning of prepared.warnings) context.warn(warning);
    const schema = prepared.columns.map(({ name, type }) => ({ name, type }));
    const reading: JobResult['reading'] = query.kind === 'source' ? { mode: 'statement' } : read;
    return { schema, rows, bytes, reading, file: join(session.outputFolder, FILE) };
  } finally {
    // Closed before the upload: the source's connection and DuckDB's memory are not needed for it.
    session.close();
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
