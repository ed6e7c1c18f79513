import { stat } from 'node:fs/promises';
import * as z from 'zod';
import type { PolyteiaTargetConfig } from '../../config/schema/ferry-config.ts';
import { ConfigError, toFerryError } from '../../errors.ts';
import { createPolyteiaClient } from '../../polyteia/create-polyteia-client.ts';
import type { DatasetContent, PolyteiaClient, Upload } from '../../polyteia/polyteia-client.ts';
import { contentTypes } from '../../polyteia/upload-format.ts';
import type { JobContext, JobResult } from '../../runs/job.ts';
import { UPLOAD_PHASE } from '../../runs/leases/lease.ts';
import type { LastUpload } from '../../runs/records/last-upload.ts';
import { type SecretReader, secretLabel } from '../../source/credentials/secrets.ts';
import { formatBytes } from '../../text/format.ts';
import type { SyncResult } from '../read-source.ts';
import type { SyncWork } from '../sync-work.ts';
import { convertToCsv } from './convert-to-csv.ts';
import { finishUpload, keepLastUpload } from './finish-upload.ts';
import { lookAgain } from './look-again.ts';

/** A sync's target, connected. */
export interface OpenTarget extends AsyncDisposable {
  client: PolyteiaClient;
  /** What the dataset contained before the run, if Polyteia reports it. */
  before: DatasetContent | undefined;
}

/** What is known about a file to send. */
export type FileToSend = Pick<SyncResult, 'file' | 'rows' | 'schema'> & {
  fingerprint?: string | undefined;
};

/**
 * Signs in to the target of a sync, and checks everything that would make an upload fail.
 *
 * @param opening what is opened meanwhile. It is closed when a try fails: many runs may wait for the end of one outage
 */
export function openTarget(
  context: JobContext,
  { sync, target, secrets, config, dispatcher, clock }: SyncWork,
  opening?: AsyncDisposable,
): Promise<OpenTarget> {
  const retry = <T>(ask: () => Promise<T>): Promise<T> =>
    context.retry(async () => {
      try {
        return await ask();
      } catch (error) {
        await opening?.[Symbol.asyncDispose]();
        throw error;
      }
    });
  return context.phase('check target', async () => {
    const client = createPolyteiaClient(target, {
      token: await retry(() => readToken(target, secrets)),
      outgoing: config,
      ...(dispatcher ? { dispatcher } : {}),
      ...clock,
    });
    try {
      const { content } = await retry(() => client.checkDataset(sync.dataset, context.signal));
      return { client, before: content, [Symbol.asyncDispose]: () => client.close() };
    } catch (error) {
      await client.close();
      throw error;
    }
  });
}

/**
 * Replaces the dataset's content by a Parquet file, or by its CSV form if the target says so, and waits until Polyteia
 * has it. A second try does not read the source again.
 *
 * @returns what to record about it
 */
export async function sendFile(
  context: JobContext,
  work: SyncWork,
  { client, before }: OpenTarget,
  { file: parquet, rows, schema, fingerprint }: FileToSend,
): Promise<JobResult> {
  const { sync, target, job, store } = work;
  const contentType = contentTypes[target.format];
  const { file, bytes } =
    target.format === 'csv'
      ? await convert(context, work, parquet)
      : { file: parquet, bytes: (await stat(parquet)).size };
  const transfer = async (shown: DatasetContent | undefined): Promise<LastUpload> => {
    const { ingest } = await upload(context, client, { dataset: sync.dataset, file, bytes, contentType });
    const last: LastUpload = {
      schemaVersion: 1,
      runId: context.runId,
      at: new Date().toISOString(),
      target: sync.polyteia,
      dataset: sync.dataset,
      rows,
      bytes,
      contentType,
      schema,
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(ingest ? { ingest } : {}),
      ...(shown ? { before: shown } : {}),
      ...(context.rival === undefined ? {} : { contested: true }),
      settled: false,
    };
    await keepLastUpload(context, work, last);
    return last;
  };
  let last = await transfer(before);
  if (context.rival !== undefined) {
    last = await lookAgain(context, work, client, last, transfer);
    await keepLastUpload(context, work, last);
  }
  if (sync.archive) {
    const { archive } = sync;
    await context.phase('archive', async () => {
      try {
        // Always Parquet, which can be sent in either format.
        await context.retry(() => store.keepArchived(job, context.runId, parquet, archive, context.signal));
        context.note({ archived: true });
      } catch (error) {
        context.signal.throwIfAborted();
        context.warn(`The file could not be archived: ${toFerryError(error).message}`);
      }
    });
  }
  return finishUpload(context, work, client, last);
}

/** Sends the file as the holder of the lease. If the run has lost it in between, the last bytes are not sent. */
function upload(
  context: JobContext,
  client: PolyteiaClient,
  { bytes, ...file }: Pick<Upload, 'dataset' | 'file' | 'contentType'> & { bytes: number },
): ReturnType<PolyteiaClient['upload']> {
  const send = async () => {
    const sent = await client.upload({
      ...file,
      beforeSending: context.confirmLease,
      beforeEnd: context.confirmEffect,
      onProgress: context.progress,
      signal: context.signal,
    });
    context.tellEffect();
    return sent;
  };
  return context.phase(
    UPLOAD_PHASE,
    () => context.retry(send),
    () => formatBytes(bytes),
  );
}

function convert(
  context: JobContext,
  { memoryLimitBytes, threads }: SyncWork,
  parquet: string,
): Promise<{ file: string; bytes: number }> {
  const { folder, signal, progress: onProgress } = context;
  return context.phase(
    'convert',
    () =>
      context.retry(() => convertToCsv(parquet, { folder, memoryLimitBytes, threads, signal, onProgress })),
    ({ bytes }) => formatBytes(bytes),
  );
}

const tokenSecret = z.looseObject({ token: z.string().min(1) });

/** The personal access key: the whole text of the secret, or its field `token` if it is JSON. */
export async function readToken(target: PolyteiaTargetConfig, secrets: SecretReader): Promise<string> {
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
  // A text that cannot be in an HTTP header is not a key, and the HTTP client's error would repeat it.
  if (!token || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError(`The secret ${label} contains no personal access key.`, {
      hint: 'Expected: the key itself, or JSON {"token": "pak_…"}.',
    });
  }
  return token;
}
