import type { DocumentStore } from '../documents/document-store.ts';
import { timeOfRunId } from '../run-id.ts';
import { idOfKey, pointerKeyOf, recordKeyOf, recordsPrefix } from './run-records.ts';
import { requestKeyOf } from './run-request-store.ts';
import { REFUSED_DAYS } from './run-store.ts';

/** What is kept of the runs of a job. */
export interface KeptRuns {
  /** The newest of them, however old. */
  least: number;
  /** At most as many. */
  most: number;
  /** For how long, in ms. */
  ageMs: number;
}

const DAY_MS = 86_400_000;
// As the lifecycle of Ferry's bucket on AWS.
const REQUEST_AGE_MS = 7 * DAY_MS;
const MAX_REQUESTS = 10_000;
const MAX_FILES = 10_000;

interface OldRuns extends KeptRuns {
  now: number;
  /** Ids of runs that have not ended. */
  unfinished: ReadonlySet<string>;
  /** Ids of runs whose file is about to be removed. @default none */
  losingFile?: ReadonlySet<string>;
}

/**
 * The old runs of a job, newest first. Those are none that have not ended, nor those whose file is still kept: it can
 * be sent again.
 */
export async function findOldRuns(
  documents: Pick<DocumentStore, 'list'>,
  job: string,
  { least, most, ageMs, now, unfinished, losingFile }: OldRuns,
): Promise<string[]> {
  // Newest first.
  const keys = await documents.list(recordsPrefix(job), most + MAX_FILES);
  const old = keys.flatMap((key, place) => {
    const id = idOfKey(key);
    if (id === undefined || place < least || unfinished.has(id)) return [];
    return place >= most || now - timeOfRunId(id).getTime() > ageMs ? [id] : [];
  });
  if (old.length === 0) return [];
  const files = await Promise.all(
    ['archive', 'refused'].map((folder) => documents.list(`${folder}/${job}/`, MAX_FILES)),
  );
  const withFile = new Set(files.flat().map((key) => /([^/]+)\.parquet$/.exec(key)?.[1]));
  return old.filter((id) => !withFile.has(id) || losingFile?.has(id));
}

/** What the store has of a run. The pointer first: without the record it is of no use. */
export const keysOfRun = (job: string, id: string): string[] => [
  pointerKeyOf(id),
  recordKeyOf(job, id),
  requestKeyOf(id),
];

/**
 * Removes the records of old runs of a job.
 *
 * @returns how many were removed
 */
export async function pruneRuns(documents: DocumentStore, job: string, kept: OldRuns): Promise<number> {
  const removed = await findOldRuns(documents, job, kept);
  for (const id of removed) for (const key of keysOfRun(job, id)) await documents.remove(key);
  return removed.length;
}

/** The files of a job that guards refused, which nobody has accepted in time. */
export async function findOldRefused(
  documents: Pick<DocumentStore, 'listWithAges'>,
  job: string,
): Promise<string[]> {
  const files = await documents.listWithAges(`refused/${job}/`, MAX_FILES);
  return files.filter(({ ageMs }) => ageMs > REFUSED_DAYS * DAY_MS).map(({ key }) => key);
}

/** Removes requests whose runs have long ended, and keys of callers that nobody repeats after so long. */
export async function pruneRequests(documents: DocumentStore): Promise<void> {
  for (const prefix of ['requests/runs/', 'requests/keys/'])
    for (const { key, ageMs } of await documents.listWithAges(prefix, MAX_REQUESTS))
      if (ageMs > REQUEST_AGE_MS) await documents.remove(key);
}
