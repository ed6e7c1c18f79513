import { PolyteiaRejectedError, PolyteiaUnavailableError } from '../../errors.ts';
import type { DatasetContent, PolyteiaClient } from '../../polyteia/polyteia-client.ts';
import { isSameType } from '../../polyteia/verify-upload.ts';
import type { JobContext } from '../../runs/job.ts';
import { leaseTimes } from '../../runs/leases/lease.ts';
import type { LastUpload } from '../../runs/records/last-upload.ts';
import { realClock } from '../../sleep.ts';
import type { SyncWork } from '../sync-work.ts';

/** What a dataset was seen to contain: the run's own upload, a later one, or it is unknown. */
type Found = { is: 'own' } | { is: 'other'; shown: DatasetContent } | { is: 'unknown' };

// Anything that comes after this is not a late upload.
const MAX_RESENDS = 2;

/**
 * Makes sure that the dataset ends up with this run's file although an earlier run was taken over during its upload,
 * which may arrive after this one. A suspended process that continues learns within a heartbeat that it has lost the
 * lease, and whatever the network or Polyteia still holds of its upload arrives soon. So this watches the dataset for
 * one expiry of the lease, and sends the file again if another upload appears. Where Polyteia does not report what a
 * dataset contains, it sends the file once more after that time in any case.
 *
 * @param send sends the file again; the dataset's content at that time is reported as `before`
 * @returns the last upload
 */
export async function lookAgain(
  context: JobContext,
  work: SyncWork,
  client: PolyteiaClient,
  first: LastUpload,
  send: (before: DatasetContent | undefined) => Promise<LastUpload>,
): Promise<LastUpload> {
  const { rival } = context;
  let upload = first;
  for (let resends = 0; ; resends += 1) {
    const last = upload;
    const found = await context.phase('look again', () => watch(context, work, client, last));
    if (found.is === 'own' || (found.is === 'unknown' && resends > 0)) break;
    if (resends === MAX_RESENDS) {
      context.warn(`Dataset ${upload.dataset} repeatedly shows another file: look at it in Polyteia.`);
      break;
    }
    if (found.is === 'unknown' && isOver(context, work)) {
      context.warn(
        `Run ${rival} was taken over in the middle of its upload, which may still replace this one: there was no time to check again.`,
      );
      break;
    }
    context.warn(
      found.is === 'other'
        ? `Run ${rival} was taken over in the middle of its upload, which arrived after this one, so the file was sent again.`
        : `Run ${rival} was taken over in the middle of its upload, and Polyteia does not report whether that arrived, so the file was sent twice.`,
    );
    upload = await send(found.is === 'other' ? found.shown : upload.before);
  }
  context.settleRival();
  const { contested: _contested, ...settled } = upload;
  return settled;
}

const clockOf = ({ clock }: SyncWork) => clock ?? realClock;
const isOver = ({ until }: JobContext, work: SyncWork) =>
  until !== undefined && clockOf(work).now() >= until.getTime();

/** Watches the dataset until something else appears, at most for one expiry. */
async function watch(
  context: JobContext,
  work: SyncWork,
  client: PolyteiaClient,
  upload: LastUpload,
): Promise<Found> {
  const { heartbeatMs, expiryMs } = work.leaseTimes ?? leaseTimes;
  const { sleep, now } = clockOf(work);
  const end = Math.min(now() + expiryMs, context.until?.getTime() ?? Number.POSITIVE_INFINITY);
  let own: DatasetContent | undefined;
  for (;;) {
    const seen = await look(context, client, upload.dataset);
    const { shown } = seen;
    if (isOther(shown, upload, own)) return { is: 'other', shown };
    if (!isSame(shown, upload.before)) own = shown;
    const left = end - now();
    if (left <= 0) return { is: seen.readable ? 'own' : 'unknown' };
    await sleep(Math.min(heartbeatMs, left), context.signal);
  }
}

async function look(
  context: JobContext,
  client: PolyteiaClient,
  dataset: string,
): Promise<{ readable: boolean; shown?: DatasetContent | undefined }> {
  if (client.getContent === undefined) return { readable: false };
  try {
    const shown = await context.retry(async () => client.getContent?.(dataset, context.signal));
    return { readable: true, shown };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof PolyteiaRejectedError || error instanceof PolyteiaUnavailableError)
      return { readable: false };
    throw error;
  }
}

/** A dataset may show an upload late: what it showed before is not another upload. */
function isOther(
  shown: DatasetContent | undefined,
  { before, bytes, contentType }: LastUpload,
  own: DatasetContent | undefined,
): shown is DatasetContent {
  if (shown === undefined || isSame(shown, before)) return false;
  if (own !== undefined) return !isSame(shown, own);
  return shown.size !== bytes || !isSameType(shown.contentType, contentType);
}

const isSame = (a: DatasetContent | undefined, b: DatasetContent | undefined) =>
  a?.size === b?.size && a?.uploadedAt === b?.uploadedAt;
