import { LostError, toFerryError } from '../errors.ts';
import type { PolyteiaClient } from '../polyteia/polyteia-client.ts';
import type { LastUpload } from '../runs/last-upload.ts';
import type { JobContext, JobResult } from '../runs/run-job.ts';
import { isFinished, type RunRecord } from '../runs/run-record.ts';
import { finishUpload, keepBaseline } from './finish-upload.ts';
import type { SyncWork } from './sync-work.ts';

/**
 * Sees to an upload of which it is not known yet how it ended, before anything is read from the source: one of this very run, whose
 * process was killed or had no more time, is finished and not sent again; one of an earlier run is closed.
 *
 * @returns how the run ends when there is nothing left to do for it; undefined: it has its own work to do
 */
export async function settleEarlierUpload(
  context: JobContext,
  work: SyncWork,
  client: PolyteiaClient,
): Promise<JobResult | undefined> {
  const upload = await context.retry(() => work.store.readLastUpload(work.job));
  if (upload?.runId === context.runId) return finishUpload(context, work, client, upload);
  if (!upload || upload.settled) return undefined;
  return context.phase('earlier upload', () => closeEarlier(context, work, client, upload));
}

async function closeEarlier(
  context: JobContext,
  work: SyncWork,
  client: PolyteiaClient,
  upload: LastUpload,
): Promise<JobResult | undefined> {
  const { store, job, sync } = work;
  const record = await context.retry(() => store.get(upload.runId));
  const end = await findEnd(context, work, client, upload);
  if (end.state === 'unfinished') {
    context.warn(`Skipped: Polyteia still reads the upload of run ${upload.runId}.`);
    return { state: 'skipped', heldBy: upload.runId };
  }
  // A run that was killed after its upload was called lost by whoever took its lease: now it is known better.
  if (record && (!isFinished(record) || record.error?.class === 'LostError')) {
    await context.retry(() => store.save(closeRecord(record, upload, end.error)));
  }
  const here = upload.dataset === sync.dataset && upload.target === sync.polyteia;
  if (end.state === 'done' && here) await keepBaseline(context, { store, job }, upload);
  await context.retry(() => store.saveLastUpload(job, { ...upload, settled: true }));
  return undefined;
}

type End = { state: 'done' | 'unfinished'; error?: undefined } | { state: 'failed'; error: Error };

async function findEnd(
  context: JobContext,
  { sync }: SyncWork,
  client: PolyteiaClient,
  { ingest, at, target }: LastUpload,
): Promise<End> {
  // An upload without an ingest was done when it was answered.
  if (!ingest) return { state: 'done' };
  if (target !== sync.polyteia) {
    const hint = 'Look at its dataset in Polyteia.';
    return {
      state: 'failed',
      error: new LostError(`The sync was given another target before Polyteia had read the file.`, { hint }),
    };
  }
  try {
    // Asked once: whoever comes next asks again.
    const wait = { since: new Date(at), until: new Date(), signal: context.signal };
    const end = await context.retry(() => client.waitForIngest(ingest, wait));
    return { state: end === 'completed' ? 'done' : 'unfinished' };
  } catch (thrown) {
    const error = toFerryError(thrown);
    if (context.signal.aborted || error.retryable) throw error;
    return { state: 'failed', error };
  }
}

function closeRecord(record: RunRecord, { rows, bytes, schema }: LastUpload, failed?: Error): RunRecord {
  const { ingest: _ingest, error: _error, ...rest } = record;
  const endedAt = new Date();
  const closed: RunRecord = {
    ...rest,
    rows,
    bytes,
    schema,
    endedAt: endedAt.toISOString(),
    durationMs: Math.max(0, endedAt.getTime() - Date.parse(record.startedAt)),
  };
  if (!failed) return { ...closed, state: 'succeeded', outcome: 'uploaded' };
  const { class: errorClass, message, hint } = toFerryError(failed);
  return {
    ...closed,
    state: 'failed',
    error: { class: errorClass, message, phase: 'ingest', ...(hint === undefined ? {} : { hint }) },
  };
}
