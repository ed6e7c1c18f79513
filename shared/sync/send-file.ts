import { z } from 'zod';
import type { PolyteiaTargetConfig } from '../config/schema.ts';
import { ConfigError, toFerryError } from '../errors.ts';
import { createPolyteiaClient } from '../polyteia/create-polyteia-client.ts';
import type { DatasetContent, PolyteiaClient } from '../polyteia/polyteia-client.ts';
import { verifyUpload } from '../polyteia/verify-upload.ts';
import type { JobContext } from '../runs/run-job.ts';
import { type SecretReader, secretLabel } from '../source/secrets.ts';
import { formatBytes } from '../telemetry/format.ts';
import type { SyncResult } from './read-source.ts';
import type { SyncWork } from './sync-work.ts';

const PARQUET = 'application/vnd.apache.parquet';

/** A sync's target, connected. */
export interface OpenTarget extends AsyncDisposable {
  client: PolyteiaClient;
  /** What the dataset held before the run, where Polyteia tells. */
  before: DatasetContent | undefined;
}

/** Signs in to the target of a sync, and asks it for what would make an upload fail. */
export function openTarget(
  context: JobContext,
  { sync, target, secrets, config, dispatcher, clock }: SyncWork,
): Promise<OpenTarget> {
  return context.phase('check target', async () => {
    const client = createPolyteiaClient(target, {
      token: await readToken(target, secrets),
      outgoing: config,
      ...(dispatcher ? { dispatcher } : {}),
      ...clock,
    });
    try {
      const { content } = await context.retry(() => client.checkDataset(sync.dataset, context.signal));
      return { client, before: content, [Symbol.asyncDispose]: () => client.close() };
    } catch (error) {
      await client.close();
      throw error;
    }
  });
}

/** Replaces the dataset's content by a file, and waits until Polyteia has it. The source is not read again for a second try. */
export async function sendFile(
  context: JobContext,
  { sync, target, clock }: Pick<SyncWork, 'sync' | 'target' | 'clock'>,
  { client, before }: OpenTarget,
  { file, bytes }: Pick<SyncResult, 'file' | 'bytes'>,
): Promise<void> {
  const { ingest } = await context.phase(
    'upload',
    () =>
      context.retry(async () => {
        await context.confirmLease();
        return client.upload({
          dataset: sync.dataset,
          file,
          contentType: PARQUET,
          onProgress: context.progress,
          signal: context.signal,
        });
      }),
    () => formatBytes(bytes),
  );
  if (ingest) await context.phase('ingest', () => client.waitForIngest(ingest, { signal: context.signal }));
  if (client.getContent && target.verify !== 'off') {
    const { dataset } = sync;
    await context.phase('verify', () =>
      verifyUpload(
        client,
        { dataset, bytes, contentType: PARQUET, before },
        {
          mode: target.verify,
          warn: context.warn,
          signal: context.signal,
          ...(clock ? { sleep: clock.sleep } : {}),
        },
      ),
    );
  }
}

/** Makes a result the one that the next is compared with. It is uploaded already, whether or not that can be written down. */
export async function keepBaseline(
  context: JobContext,
  { store, job }: SyncWork,
  { rows, bytes, schema }: Pick<SyncResult, 'rows' | 'bytes' | 'schema'>,
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

const tokenSecret = z.looseObject({ token: z.string().min(1) });

/** The personal access key: the secret's whole text, or its field `token` when it is JSON. */
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
  // What cannot stand in an HTTP header is not a key, and would be repeated in an error of the HTTP client.
  if (!token || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError(`The secret ${label} holds no personal access key.`, {
      hint: 'Expected: the key itself, or JSON {"token": "pak_…"}.',
    });
  }
  return token;
}
