import { PolyteiaRejectedError, PolyteiaUnavailableError } from '../../errors.ts';
import type { DatasetContent, PolyteiaClient } from '../../polyteia/polyteia-client.ts';
import { isSameType } from '../../polyteia/verify-upload.ts';
import type { JobContext } from '../../runs/job.ts';
import { leaseTimes } from '../../runs/leases/lease.ts';
import type { LastUpload } from '../../runs/records/last-upload.ts';
import { sleep as sleepByClock } from '../../sleep.ts';
import type { SyncWork } from '../sync-work.ts';

/** What a dataset was seen to hold: the run's own upload, another one that came later, or it is unknown. */
type Found = { is: 'own' } | { is: 'other'; shown: DatasetContent } | { is: 'unknown' };

// Whatever comes after that is no late upload of one run.
const MAX_RESENDS = 2;

/**
 * Sees to it that the dataset ends with this run's file though an earlier run was taken over in the middle of its upload, which may
 * arrive after this one's. A stopped process that goes on hears within a heartbeat that it has lost the lease, and what the network or
 * Polyteia still holds of its upload comes soon: the dataset is looked at for one expiry of the lease, and the file sent again when
 * another one stands there. Where Polyteia does not report what a dataset holds, it is sent once more after that time in any case.
 *
 * @param send sends the file again; what stands there then is reported as `before`
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

const clockOf = ({ clock }: SyncWork) => clock ?? { sleep: sleepByClock, now: Date.now };
const isOver = ({ until }: JobContext, work: SyncWork) =>
  until !== undefined && clockOf(work).now() >= until.getTime();

/** Looks at the dataset until something else stands there, for one expiry at most. */
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

/** A dataset may show an upload late: what it showed before is no other upload. */
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
