import * as z from 'zod';
import { checkedJobName, NAME_FORM } from '../../config/job-name.ts';
import { StateError, toFerryError } from '../../errors.ts';
import type { DocumentStore } from '../documents/document-store.ts';
import { openObject, readDocument, schemaVersion, toStoredText } from '../documents/stored-document.ts';
import { isRunId, timeOfRunId } from '../run-id.ts';
import { stateKeyOf, stateKeysOf, supersededKeys } from './job-states.ts';
import { createRecentRuns, type RecentRuns } from './recent-runs.ts';
import { isFinished, type RunRecord, runRecordSchema } from './run-record.ts';

/** A run whose record exists and cannot be read. */
export interface UnreadableRun {
  id: string;
  /** Why, where it is, and what to do. */
  message: string;
}

/** A part of a list of runs. */
export interface RunPage {
  runs: RunRecord[];
  /** Those of this part that are not in `runs`: one damaged record does not hide the others. */
  unreadable: UnreadableRun[];
  /** The id to continue from; absent at the end. */
  next?: string;
}

/** Stores the records of runs. */
export interface RunRecords extends Pick<RecentRuns, 'readRecent'> {
  /** Writes the record, replacing an earlier version of it. */
  save(record: RunRecord): Promise<void>;
  /**
   * Writes the record of a run that nobody has a lease for yet, unless there is one: that shows how far it has come.
   */
  create(record: RunRecord): Promise<void>;
  /**
   * One run of a job; undefined if there is none. Decisions about a job use this, because only the job's own function
   * writes there.
   *
   * @throws StateError when the record exists and cannot be read, or belongs to another run
   */
  getOfJob(job: string, id: string): Promise<RunRecord | undefined>;
  /**
   * One run, of any job: for people, who only know its id.
   *
   * @throws StateError as {@link getOfJob}
   */
  get(id: string): Promise<RunRecord | undefined>;
  /** The newest runs of one job or of all, without those that cannot be read. */
  list(options: { job?: string; limit: number }): Promise<RunRecord[]>;
  /** The newest runs that are older than the run `after`. */
  listPage(options: { job?: string; limit: number; after?: string }): Promise<RunPage>;
}

// Keys sort ascending everywhere (S3 has no other order), so the time is inverted to put the newest first.
const LAST_MILLISECOND = 2 ** 48 - 1;
const orderedId = (id: string) => {
  const inverted = (LAST_MILLISECOND - timeOfRunId(id).getTime()).toString(16).padStart(12, '0');
  return `${inverted}-${id}`;
};
const nameOf = (id: string) => `${orderedId(id)}.json`;
const pointersPrefix = 'runs/';
/** Where the records of a job are. */
export const recordsPrefix = (job: string) => `jobs/${checkedJobName(job)}/runs/`;
/** Where the record of a run is. */
export const recordKeyOf = (job: string, id: string) => `${recordsPrefix(job)}${nameOf(id)}`;
/** Where the pointer to it is. */
export const pointerKeyOf = (id: string) => `${pointersPrefix}${nameOf(id)}`;
/** The run of a key; undefined for anything that does not belong to Ferry. */
export const idOfKey = (key: string) => /\/[0-9a-f]{12}-([0-9a-f-]{36})\.json$/.exec(key)?.[1];

/** The ids of the newest runs of all jobs. */
export async function listRunIds(documents: Pick<DocumentStore, 'list'>, limit: number): Promise<string[]> {
  return (await documents.list(pointersPrefix, limit)).flatMap((key) => idOfKey(key) ?? []);
}

/**
 * What `runs/` contains for each run, so that all can be listed: its job. Every function may write there, so it proves
 * nothing; the record below the job says what happened. This is a copy of that record, for the previous release, which
 * reads nothing else.
 */
const pointerSchema = openObject({
  schemaVersion,
  // Like a name in ferry.yaml: anything else must not lead out of the job's folder.
  job: z.string().regex(NAME_FORM),
});

const REMEDY = 'Restore an earlier version of it, or remove it: Ferry then knows nothing about that run.';

/** Records over any document store, in the layout of docs/architecture.md, "State in one bucket". */
export function createRunRecords(documents: DocumentStore): RunRecords {
  const removeSuperseded = async (job: string) => {
    try {
      const keys = await documents.list(stateKeysOf(job), 1000);
      await Promise.all(supersededKeys(keys).map((key) => documents.remove(key)));
    } catch {
      // They do not change what is read, and the next run removes them.
    }
  };

  async function getOfJob(job: string, id: string): Promise<RunRecord | undefined> {
    if (!isRunId(id)) return undefined;
    const key = recordKeyOf(job, id);
    const text = await documents.get(key);
    if (text === undefined) return undefined;
    const what = `The record of run ${id}`;
    const at = documents.address(key);
    const record = readDocument(runRecordSchema, text, { what, at, remedy: REMEDY });
    if (record.job === job && record.id === id) return record;
    throw new StateError(`${what} cannot be read: ${at} is the record of another run or job.`, {
      hint: REMEDY,
    });
  }

  async function get(id: string): Promise<RunRecord | undefined> {
    if (!isRunId(id)) return undefined;
    const key = pointerKeyOf(id);
    const text = await documents.get(key);
    if (text === undefined) return undefined;
    const { job } = readDocument(pointerSchema, text, {
      what: `The document that names the job of run ${id}`,
      at: documents.address(key),
      remedy: 'Restore an earlier version of it. The record itself is stored with its job.',
    });
    return getOfJob(job, id);
  }

  /** Names that are not Ferry's take no place on a page. */
  async function listIds(prefix: string, most: number, after: string | undefined): Promise<string[]> {
    const ids: string[] = [];
    for (let start = after; ; ) {
      const keys = await documents.list(prefix, most, start);
      ids.push(...keys.flatMap((key) => idOfKey(key) ?? []));
      start = keys.at(-1);
      if (ids.length >= most || keys.length < most) return ids.slice(0, most);
    }
  }

  async function listPage({ job, limit, after }: Parameters<RunRecords['listPage']>[0]): Promise<RunPage> {
    const prefix = job === undefined ? pointersPrefix : recordsPrefix(job);
    const start = after === undefined ? undefined : `${prefix}${nameOf(after)}`;
    // One more than is shown reveals whether there is a next page.
    const found = await listIds(prefix, limit + 1, start);
    const ids = found.slice(0, limit);
    const page: RunPage = { runs: [], unreadable: [] };
    const read = await Promise.all(
      ids.map((id) =>
        (job === undefined ? get(id) : getOfJob(job, id)).catch((error) => asUnreadable(id, error)),
      ),
    );
    for (const one of read) {
      if (one === undefined) continue;
      if ('message' in one) page.unreadable.push(one);
      else page.runs.push(one);
    }
    const last = ids.at(-1);
    if (found.length > limit && last !== undefined) page.next = last;
    return page;
  }

  /** What leads to a record that has been written. */
  async function writeNames(record: RunRecord, body: string): Promise<void> {
    await documents.put(pointerKeyOf(record.id), body);
    // Without content: the name says everything.
    await documents.put(stateKeyOf(record, orderedId(record.id)), '');
  }

  const list: RunRecords['list'] = async (options) => (await listPage(options)).runs;
  const recent = createRecentRuns(documents, (job, limit) => list({ job, limit }));

  return {
    get,
    getOfJob,
    listPage,
    list,
    readRecent: recent.readRecent,
    async save(record) {
      const body = toStoredText(runRecordSchema.parse(record));
      // The record first: a pointer to it is of no use without it.
      await documents.put(recordKeyOf(record.job, record.id), body);
      await writeNames(record, body);
      if (isFinished(record)) await Promise.all([removeSuperseded(record.job), recent.noteRecent(record)]);
    },
    async create(record) {
      const body = toStoredText(runRecordSchema.parse(record));
      const created = await documents.create(recordKeyOf(record.job, record.id), body);
      // A process that was killed after that has left it without its names.
      if (created || (await getOfJob(record.job, record.id))?.state === record.state)
        await writeNames(record, body);
    },
  };
}

function asUnreadable(id: string, thrown: unknown): UnreadableRun {
  const error = toFerryError(thrown);
  if (!(error instanceof StateError)) throw error;
  return { id, message: `${error.message} ${error.hint ?? ''}`.trim() };
}
