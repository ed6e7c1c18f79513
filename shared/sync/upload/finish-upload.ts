import type { SyncConfig } from '../../config/schema/ferry-config.ts';
import { DeadlineError, LeaseLostError, toFerryError } from '../../errors.ts';
import type { PolyteiaClient } from '../../polyteia/polyteia-client.ts';
import { verifyUpload } from '../../polyteia/verify-upload.ts';
import type { JobContext, JobResult } from '../../runs/job.ts';
import type { LastUpload } from '../../runs/records/last-upload.ts';
import type { SyncWork } from '../sync-work.ts';

/**
 * What remains to be done once Polyteia has a file: wait until it has read it, check whether the dataset shows it,
 * record it. Another process than the one that sent it may do this.
 *
 * @returns with the state `ingesting` when the run's time ends first
 */
export async function finishUpload(
  context: JobContext,
  work: SyncWork,
  client: PolyteiaClient,
  upload: LastUpload,
): Promise<JobResult> {
  const { rows, bytes, schema, fingerprint } = upload;
  const facts: JobResult = { rows, bytes, schema, ...(fingerprint === undefined ? {} : { fingerprint }) };
  context.note(facts);
  let shown: Pick<LastUpload, 'shown'>;
  try {
    const pending = await waitUntilRead(context, client, upload);
    if (pending) return { ...facts, state: 'ingesting', ingest: pending };
    shown = await verify(context, work, client, upload);
  } catch (error) {
    // Asking again does not change a result; an interrupted wait has none.
    const ended = !context.signal.aborted && !toFerryError(error).retryable;
    if (ended) await keepLastUpload(context, work, { ...upload, settled: true });
    throw error;
  }
  // The baseline first: once an upload is settled, the successor of a killed process does not look at it again.
  if (isOfSync(work.sync, upload)) await keepBaseline(context, work, upload);
  await keepLastUpload(context, work, { ...upload, ...shown, settled: true });
  return { outcome: 'uploaded', ...facts };
}

/** @returns what to ask about later, if Polyteia has not read the file by then */
async function waitUntilRead(
  context: JobContext,
  client: PolyteiaClient,
  { ingest, at }: LastUpload,
): Promise<JobResult['ingest']> {
  if (!ingest) return undefined;
  const pending = { id: ingest.id, since: at };
  context.note({ ingest: pending });
  const wait = { since: new Date(at), until: context.until, signal: context.signal };
  try {
    const end = await context.phase('ingest', () => client.waitForIngest(ingest, wait));
    return end === 'unfinished' ? pending : undefined;
  } catch (error) {
    // A question that is not answered in time says nothing about the file.
    if (context.signal.aborted && context.signal.reason instanceof DeadlineError) return pending;
    throw error;
  }
}

async function verify(
  context: JobContext,
  { target, clock }: SyncWork,
  client: PolyteiaClient,
  upload: LastUpload,
): Promise<Pick<LastUpload, 'shown'>> {
  if (!client.getContent || target.verify === 'off') return {};
  const shown = await context.phase('verify', () =>
    verifyUpload(client, upload, {
      mode: target.verify,
      warn: context.warn,
      signal: context.signal,
      ...(clock ? { sleep: clock.sleep } : {}),
    }),
  );
  return shown ? { shown } : {};
}

/** Whether an upload went to the sync's present dataset and target: both may have changed since. */
export function isOfSync(sync: SyncConfig, upload: Pick<LastUpload, 'dataset' | 'target'>): boolean {
  return upload.dataset === sync.dataset && upload.target === sync.polyteia;
}

/** A run that was asked to stop has uploaded anyway: it still records that, without trying for long. */
async function writeDown(
  { retry, renewLease, signal }: Pick<JobContext, 'retry' | 'renewLease' | 'signal'>,
  write: () => Promise<void>,
): Promise<void> {
  const writeOnce = async () => {
    await renewLease();
    await write();
  };
  await (signal.aborted ? writeOnce() : retry(writeOnce));
}

/**
 * Records that there is nothing more to upload, for the successor of this process. The file is sent, whether or not
 * this works.
 */
export async function keepLastUpload(
  context: JobContext,
  { store, job }: SyncWork,
  upload: LastUpload,
): Promise<void> {
  try {
    await writeDown(context, () => store.saveLastUpload(job, upload));
  } catch (error) {
    // By now, the last upload is a newer run's.
    if (error instanceof LeaseLostError) throw error;
    // The second time, it was reported before, or little is lost.
    if (upload.settled) return;
    context.warn(
      `Uploaded, but the upload could not be recorded: if this run is killed, it will upload the file again (${toFerryError(error).message})`,
    );
  }
}

/**
 * Makes an upload the one that the next result is compared with. It is already sent, whether or not this can be
 * recorded.
 */
export async function keepBaseline(
  context: Pick<JobContext, 'retry' | 'warn' | 'renewLease' | 'signal'>,
  { store, job }: Pick<SyncWork, 'store' | 'job'>,
  { runId, rows, bytes, schema }: Pick<LastUpload, 'runId' | 'rows' | 'bytes' | 'schema'>,
): Promise<void> {
  try {
    const at = new Date().toISOString();
    await writeDown(context, () =>
      store.saveBaseline(job, { schemaVersion: 1, runId, at, rows, bytes, schema }),
    );
  } catch (error) {
    // By now, the next result is compared with a newer run's.
    if (error instanceof LeaseLostError) throw error;
    context.warn(`The next result will be compared with an older one: ${toFerryError(error).message}`);
  }
}
