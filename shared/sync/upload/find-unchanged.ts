import type { DatasetContent, PolyteiaClient } from '../../polyteia/polyteia-client.ts';
import { contentTypes } from '../../polyteia/upload-format.ts';
import type { JobContext } from '../../runs/job.ts';
import type { LastUpload } from '../../runs/records/last-upload.ts';
import { areComparable } from '../../source/query/row-fingerprint.ts';
import type { SyncWork } from '../sync-work.ts';
import { isOfSync } from './finish-upload.ts';

/**
 * Whether a result need not be sent: its content is the same as in the job's last upload, and the dataset still shows
 * that upload.
 *
 * @returns that upload; undefined when the result must be sent, also if this is not known
 */
export async function findUnchanged(
  context: JobContext,
  { sync, target, store, job }: SyncWork,
  client: PolyteiaClient,
  fingerprint: string | undefined,
): Promise<LastUpload | undefined> {
  if (sync.whenUnchanged !== 'skip' || fingerprint === undefined) return undefined;
  if (!client.getContent || target.verify === 'off') return undefined;
  // The upload of a run that was taken over may still replace the dataset's content.
  if (context.rival !== undefined) return undefined;
  const last = await context.retry(() => store.readLastUpload(job));
  if (!last?.settled || last.contentType !== contentTypes[target.format]) return undefined;
  if (!isOfSync(sync, last) || !last.shown || !isSameContent(context, last, fingerprint)) return undefined;
  // Asked now, and not before the query: somebody else may have uploaded since.
  const shown = await context.retry(async () => client.getContent?.(sync.dataset, context.signal));
  return shown && isSame(shown, last.shown) ? last : undefined;
}

/**
 * Whether a result has the content of the last upload. If that was fingerprinted in another way, nobody knows, and the
 * run says so.
 */
export function isSameContent(
  { tell }: Pick<JobContext, 'tell'>,
  { fingerprint: last }: Pick<LastUpload, 'fingerprint'>,
  fingerprint: string | undefined,
): boolean {
  if (last === undefined || fingerprint === undefined) return false;
  if (!areComparable(last, fingerprint))
    tell(
      'The last upload has the fingerprint of another release, which cannot be compared: nobody knows whether anything has changed, so a run sends the result once more.',
    );
  return last === fingerprint;
}

function isSame(a: DatasetContent, b: DatasetContent): boolean {
  return a.size === b.size && a.contentType === b.contentType && a.uploadedAt === b.uploadedAt;
}
