import { LostError, toFerryError } from '../../errors.ts';
import type { PolyteiaClient } from '../../polyteia/polyteia-client.ts';
import type { JobContext, JobResult } from '../../runs/job.ts';
import { measureRun } from '../../runs/measure-run.ts';
import type { LastUpload } from '../../runs/records/last-upload.ts';
import { readOtherRun } from '../../runs/records/read-other-run.ts';
import { isFinished, type RunRecord } from '../../runs/records/run-record.ts';
import type { SyncWork } from '../sync-work.ts';
import { finishUpload, isOfSync, keepBaseline, keepLastUpload } from './finish-upload.ts';

/** The last upload of the job, and which run it belongs to. */
export interface EarlierUpload {
  upload: LastUpload;
  /** `lost`: of this run, whose process was killed; `unfinished`: of this run, which ended as `ingesting`. */
  of: 'another run' | 'lost' | 'unfinished';
}

/**
 * Finds the last upload of the job. This happens before Polyteia is asked anything: if that fails, the record still
 * says that an earlier attempt of the run has uploaded.
 */
export async function findEarlierUpload(
  context: JobContext,
  { store, job }: SyncWork,
): Promise<EarlierUpload | undefined> {
  const upload = await context.retry(() => store.readLastUpload(job));
  if (!upload) return undefined;
  if (upload.runId !== context.runId) return { upload, of: 'another run' };
  const record = await context.retry(() => store.getOfJob(job, context.runId));
  if (record?.ingest) return { upload, of: 'unfinished' };
  context.warn(`An earlier attempt of this run uploaded to dataset ${upload.dataset}, at ${upload.at}.`);
  return { upload, of: 'lost' };
}

/**
 * Deals with an upload whose outcome is still unknown, before anything is read from the source. If it belongs to this
 * run, it is finished and not sent again; an earlier run's upload is closed.
 *
 * @returns how the run ends when nothing is left to do; undefined when it has its own work to do
 */
export async function settleEarlierUpload(
  context: JobContext,
  work: SyncWork,
  client: PolyteiaClient,
  { upload, of }: EarlierUpload,
): Promise<JobResult | undefined> {
  if (of !== 'another run') return finishOwn(context, work, client, upload, of);
  if (upload.settled) return closeSettled(context, work, upload);
  return context.phase('earlier upload', () => closeEarlier(context, work, client, upload));
}

async function finishOwn(
  context: JobContext,
  work: SyncWork,
  client: PolyteiaClient,
  upload: LastUpload,
  of: 'lost' | 'unfinished',
): Promise<JobResult | undefined> {
  // It was killed while it checked whether an earlier upload would replace its own. The outcome is unknown, so it
  // starts again.
  if (of === 'lost' && upload.contested) return undefined;
  if (isOfSync(work.sync, upload)) return finishUpload(context, work, client, upload);
  // The sync was given another dataset or target meanwhile: a lost upload starts again there, an unfinished one stays
  // where it is.
  if (of === 'lost') return undefined;
  if (upload.target === work.sync.polyteia) return finishUpload(context, work, client, upload);
  await keepLastUpload(context, work, { ...upload, settled: true });
  throw targetChanged();
}

/**
 * A run may also be killed between settling its upload and writing its record: then its baseline shows that it
 * succeeded.
 */
async function closeSettled(context: JobContext, { store, job }: SyncWork, upload: LastUpload) {
  const record = await context.retry(() => readOtherRun(store, job, upload.runId, context.warn));
  if (!record || !isUnknown(record)) return undefined;
  const baseline = await context.retry(() => store.readBaseline(job));
  if (baseline?.runId === upload.runId) await close(context, store, record, closeRecord(record, upload));
  return undefined;
}

/** A run that the next holder of its lease recorded as lost although its upload arrived. */
const isUnknown = (record: RunRecord) => !isFinished(record) || record.error?.class === 'LostError';

async function closeEarlier(
  context: JobContext,
  work: SyncWork,
  client: PolyteiaClient,
  upload: LastUpload,
): Promise<JobResult | undefined> {
  const { store, job, sync } = work;
  const record = await context.retry(() => readOtherRun(store, job, upload.runId, context.warn));
  const end = await findEnd(context, work, client, upload);
  if (end.state === 'unfinished') {
    context.warn(`Skipped: Polyteia is still reading the upload of run ${upload.runId}.`);
    return { state: 'skipped', heldBy: upload.runId };
  }
  if (record && isUnknown(record))
    await close(context, store, record, closeRecord(record, upload, end.error));
  if (end.state === 'done' && isOfSync(sync, upload)) await keepBaseline(context, { store, job }, upload);
  await context.retry(() => store.saveLastUpload(job, { ...upload, settled: true }));
  return undefined;
}

async function close(
  context: JobContext,
  store: SyncWork['store'],
  before: RunRecord,
  closed: RunRecord,
): Promise<void> {
  await context.retry(() => store.save(closed));
  // One that was taken for lost is counted as that.
  if (!isFinished(before)) measureRun(closed);
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
  if (target !== sync.polyteia) return { state: 'failed', error: targetChanged() };
  try {
    // Asked once: the next run asks again.
    const wait = { since: new Date(at), until: new Date(), signal: context.signal };
    const end = await context.retry(() => client.waitForIngest(ingest, wait));
    return { state: end === 'completed' ? 'done' : 'unfinished' };
  } catch (thrown) {
    const error = toFerryError(thrown);
    if (context.signal.aborted || error.retryable) throw error;
    return { state: 'failed', error };
  }
}

const targetChanged = () =>
  new LostError('The sync was given another target before Polyteia had read the file.', {
    hint: 'Look at its dataset in Polyteia.',
  });

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
