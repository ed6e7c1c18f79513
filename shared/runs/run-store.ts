import { posix } from 'node:path';
import { z } from 'zod';
import { printableOutput } from '../text/printable.ts';
import { type Baseline, baselineSchema } from './baseline.ts';
import type { DocumentStore } from './document-store.ts';
import { type JobState, readJobStates, stateKeyOf, stateKeysOf, supersededKeys } from './job-states.ts';
import { type LastUpload, lastUploadSchema } from './last-upload.ts';
import {
  type AcquireOptions,
  type Acquisition,
  acquireLease,
  type Holder,
  leaseTimes,
  listLeaseAges,
  listLivingJobs,
  readHolder,
} from './lease.ts';
import { timeOfRunId } from './run-id.ts';
import { isFinished, type RunRecord, runRecordSchema } from './run-record.ts';
import { queueForSlot, type SlotClaim, type Waiter } from './slots.ts';

/** How long a refused result waits for somebody to accept it. */
export const REFUSED_DAYS = 7;

/** What an archive holds at most; at least one of the two is given. */
export interface ArchiveLimits {
  /** Number of files. */
  keep?: number | undefined;
  /** Age of the oldest. */
  days?: number | undefined;
}

const cancelSchema = z.object({ runId: z.string(), requestedBy: z.string() });

/** Keeps run records, newest first, and who may run what. */
export interface RunStore {
  /** One run; undefined when there is none. */
  get(id: string): Promise<RunRecord | undefined>;
  /** Gets the right to run a job (lease.ts). */
  acquireLease(options: AcquireOptions): Promise<Acquisition>;
  /** Queues for a slot of a source that has a limit (slots.ts). */
  queueForSlot(claim: SlotClaim): Waiter;
  /** @throws StorageUnavailableError when what is kept cannot be read */
  assertReachable(): Promise<void>;
  /** Who runs a job now, or died while it did; undefined when nobody has its lease. */
  readHolder(job: string): Promise<Holder | undefined>;
  /** The jobs that somebody runs, with one listing for all. */
  listLivingJobs(): Promise<Set<string>>;
  /** How long ago somebody showed that he runs a job, by job, with one listing for all. */
  listLeaseAges(): Promise<Map<string, number>>;
  /** What became of the newest runs, by job, with one listing for all; of one job only where it is given. */
  listJobStates(job?: string): Promise<Map<string, JobState>>;
  /** The last accepted result of a job; undefined before the first. */
  readBaseline(job: string): Promise<Baseline | undefined>;
  saveBaseline(job: string, baseline: Baseline): Promise<void>;
  /** The last upload of a job; undefined before the first. */
  readLastUpload(job: string): Promise<LastUpload | undefined>;
  saveLastUpload(job: string, upload: LastUpload): Promise<void>;
  /** Keeps the file of a refused result for {@link REFUSED_DAYS}. */
  keepRefused(job: string, runId: string, path: string, signal?: AbortSignal): Promise<void>;
  /** Whether it still is kept. */
  hasRefused(job: string, runId: string): Promise<boolean>;
  /** Whether the file of an earlier run is in the archive. */
  hasArchived(job: string, runId: string): Promise<boolean>;
  /** Fetches it back to `path`; false when there is none, or no longer. */
  fetchRefused(job: string, runId: string, path: string): Promise<boolean>;
  /** Keeps the file of an upload, and removes those that the limits leave no place for. */
  keepArchived(
    job: string,
    runId: string,
    path: string,
    limits: ArchiveLimits,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Fetches it back to `path`; false when there is none, or no longer. */
  fetchArchived(job: string, runId: string, path: string): Promise<boolean>;
  /** Asks the run of a job to stop; it hears that with its next heartbeat. */
  requestCancel(job: string, runId: string, requestedBy: string): Promise<void>;
  /** Who asked this run to stop; undefined when nobody did. */
  findCancelRequest(job: string, runId: string): Promise<string | undefined>;
  /** Writes the record, replacing an earlier version of it. */
  save(record: RunRecord): Promise<void>;
  /** The newest runs, of one job or of all. */
  list(options: { job?: string; limit: number }): Promise<RunRecord[]>;
  /** The newest runs that are older than the run `after`, and the id to go on from; there is none at the end. */
  listPage(options: { job?: string; limit: number; after?: string }): Promise<RunPage>;
}

/** A part of a list of runs. */
export interface RunPage {
  runs: RunRecord[];
  next?: string;
}

// Keys sort ascending everywhere (S3 lists no other way): the time is inverted so that the newest comes first.
const LAST_MILLISECOND = 2 ** 48 - 1;
const orderedId = (id: string) => {
  const inverted = (LAST_MILLISECOND - timeOfRunId(id).getTime()).toString(16).padStart(12, '0');
  return `${inverted}-${id}`;
};
const keyOf = (id: string) => `${orderedId(id)}.json`;
const idOfKey = (key: string) => key.slice(-41, -5);
const runsPrefix = (job: string | undefined) => (job === undefined ? 'runs/' : `jobs/${job}/runs/`);
// Two or three keys of each job.
const MOST_STATE_KEYS = 20_000;

const baselineKeyOf = (job: string) => `jobs/${job}/baseline.json`;
const refusedKeyOf = (job: string, runId: string) => `refused/${job}/${runId}.parquet`;
const archivedKeyOf = (job: string, runId: string) => `archive/${job}/${runId}.parquet`;
const lastUploadKeyOf = (job: string) => `jobs/${job}/last.json`;
const cancelKeyOf = (job: string) => `leases/${job}.cancel.json`;

/** Names are kept as they are, and do nothing to the terminal of a person who looks at a document. */
const toJson = (document: unknown) => printableOutput(JSON.stringify(document));

const DAY_MS = 86_400_000;
// More than ever are there: each run removes what is beyond the limits.
const MOST_FILES = 10_000;

/** A run store over any document store; the layout is that of design.md, “State in one S3 bucket”. */
export function createRunStore(documents: DocumentStore): RunStore {
  async function readJson<T>(key: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const text = await documents.get(key);
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      // As if there were none: the run says so, and writes a new one.
      return undefined;
    }
  }

  /**
   * Stores a file beside others, and removes those that are too many or too old by then: never the one that was just stored. By the store's
   * clock, as the time in a run's id is the one that its schedule meant, or that of a machine whose clock is wrong.
   */
  async function keepFile(
    key: string,
    path: string,
    { keep, days }: ArchiveLimits,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await documents.putFile(key, path, signal);
    const listed = await documents.listWithAges(`${posix.dirname(key)}/`, MOST_FILES);
    // S3 tells times in seconds: of two that are as old, the run's moment decides.
    const others = listed
      .filter((other) => other.key !== key)
      .sort((a, b) => a.ageMs - b.ageMs || (a.key < b.key ? 1 : -1));
    const places = (keep ?? MOST_FILES) - 1;
    const oldestMs = (days ?? Number.POSITIVE_INFINITY) * DAY_MS;
    const surplus = others.filter(({ ageMs }, index) => index >= places || ageMs > oldestMs);
    await Promise.all(surplus.map((other) => documents.remove(other.key)));
  }

  const has = async (key: string) => (await documents.list(key, 1)).includes(key);
  const removeSuperseded = async (job: string) => {
    try {
      const keys = await documents.list(stateKeysOf(job), 1000);
      await Promise.all(supersededKeys(keys).map((key) => documents.remove(key)));
    } catch {
      // They change nothing in what is read, and the next run removes them.
    }
  };
  const readRuns = async (keys: readonly string[]) => {
    const texts = await Promise.all(keys.map((key) => documents.get(key)));
    return texts.flatMap((text) => parseRecord(text) ?? []);
  };
  return {
    async save(record) {
      const body = toJson(runRecordSchema.parse(record));
      const key = keyOf(record.id);
      await documents.put(`runs/${key}`, body);
      await documents.put(`jobs/${record.job}/runs/${key}`, body);
      // Without content: the name says it all.
      await documents.put(stateKeyOf(record, orderedId(record.id)), '');
      if (isFinished(record)) await removeSuperseded(record.job);
    },
    async get(id) {
      return parseRecord(await documents.get(`runs/${keyOf(id)}`));
    },
    async assertReachable() {
      await documents.list(stateKeysOf(), 1);
    },
    readHolder: (job) => readHolder(documents, job, leaseTimes),
    listLivingJobs: () => listLivingJobs(documents, leaseTimes),
    listLeaseAges: () => listLeaseAges(documents),
    async listJobStates(job) {
      return readJobStates(await documents.list(stateKeysOf(job), MOST_STATE_KEYS));
    },
    acquireLease: (options) => acquireLease(documents, options),
    queueForSlot: (claim) => queueForSlot(documents, claim),
    readBaseline: (job) => readJson(baselineKeyOf(job), baselineSchema),
    async saveBaseline(job, baseline) {
      await documents.put(baselineKeyOf(job), toJson(baselineSchema.parse(baseline)));
    },
    readLastUpload: (job) => readJson(lastUploadKeyOf(job), lastUploadSchema),
    async saveLastUpload(job, upload) {
      await documents.put(lastUploadKeyOf(job), toJson(lastUploadSchema.parse(upload)));
    },
    hasRefused: (job, runId) => has(refusedKeyOf(job, runId)),
    hasArchived: (job, runId) => has(archivedKeyOf(job, runId)),
    keepRefused: (job, runId, path, signal) =>
      keepFile(refusedKeyOf(job, runId), path, { days: REFUSED_DAYS }, signal),
    keepArchived: (job, runId, path, limits, signal) =>
      keepFile(archivedKeyOf(job, runId), path, limits, signal),
    fetchArchived: (job, runId, path) => documents.getFile(archivedKeyOf(job, runId), path),
    fetchRefused: (job, runId, path) => documents.getFile(refusedKeyOf(job, runId), path),
    async requestCancel(job, runId, requestedBy) {
      await documents.put(cancelKeyOf(job), JSON.stringify({ schemaVersion: 1, runId, requestedBy }));
    },
    async findCancelRequest(job, runId) {
      const text = await documents.get(cancelKeyOf(job));
      if (text === undefined) return undefined;
      const request = cancelSchema.safeParse(JSON.parse(text)).data;
      return request?.runId === runId ? request.requestedBy : undefined;
    },
    async list({ job, limit }) {
      return readRuns(await documents.list(runsPrefix(job), limit));
    },
    async listPage({ job, limit, after }) {
      const prefix = runsPrefix(job);
      const start = after === undefined ? undefined : `${prefix}${keyOf(after)}`;
      // One more than is shown tells whether there is a next page.
      const keys = await documents.list(prefix, limit + 1, start);
      const shown = keys.slice(0, limit);
      const last = shown.at(-1);
      const runs = await readRuns(shown);
      return keys.length > limit && last !== undefined ? { runs, next: idOfKey(last) } : { runs };
    },
  };
}

/** One damaged document must not hide all others: it is passed over. */
function parseRecord(text: string | undefined): RunRecord | undefined {
  if (text === undefined) return undefined;
  try {
    return runRecordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
