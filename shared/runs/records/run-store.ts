import { EventEmitter } from 'node:events';
import { posix } from 'node:path';
import * as z from 'zod';
import type { DocumentStore } from '../documents/document-store.ts';
import {
  type DocumentNote,
  inspectDocument,
  openObject,
  readDocument,
  schemaVersion,
  toStoredText,
  unknownFields,
  unreadable,
} from '../documents/stored-document.ts';
import {
  type AcquireOptions,
  type Acquisition,
  acquireLease,
  type Holder,
  type LeaseTimes,
  leaseTimes,
  listLeaseAges,
  listLivingJobs,
  readHolder,
} from '../leases/lease.ts';
import { queueForSlot, type SlotClaim, type Waiter } from '../leases/slots.ts';
import { announceFreeSlot, findParkedRun } from '../leases/tickets.ts';
import { type Baseline, baselineSchema } from './baseline.ts';
import { type JobState, readJobStates, stateKeysOf } from './job-states.ts';
import { type LastUpload, lastUploadSchema } from './last-upload.ts';
import { createRunRecords, type RunRecords } from './run-records.ts';
import { createRunTraces, type RunTraces } from './run-traces.ts';

/** How long a refused result waits for somebody to accept it. */
export const REFUSED_DAYS = 7;

/** The limits of an archive; at least one of the two is given. */
export interface ArchiveLimits {
  /** Number of files. */
  keep?: number | undefined;
  /** Age of the oldest. */
  days?: number | undefined;
}

const cancelSchema = openObject({ schemaVersion, runId: z.string(), requestedBy: z.string() });

/**
 * Stores run records, newest first, and who may run what. A document that exists and cannot be read is a StateError; it
 * never counts as absent.
 */
export interface RunStore extends RunRecords, RunTraces {
  /** Gets the right to run a job (lease.ts). */
  acquireLease(options: AcquireOptions): Promise<Acquisition>;
  /** Queues for a slot of a source that has a limit (slots.ts). */
  queueForSlot(claim: SlotClaim): Waiter;
  /** Announces a free slot to whoever starts parked runs, if there are any (tickets.ts). */
  announceFreeSlot(source: string): Promise<void>;
  /** The run of a job that waits for a slot outside of any process; undefined when there is none. */
  findParkedRun(job: string): Promise<string | undefined>;
  /** @throws StorageUnavailableError when the stored data cannot be read, or a folder not be written to */
  assertReachable(): Promise<void>;
  /** Who is running a job, or died while running it; undefined when nobody has its lease. */
  readHolder(job: string): Promise<Holder | undefined>;
  /** The jobs that are being run, with one listing for all. */
  listLivingJobs(): Promise<Set<string>>;
  /** How long ago somebody showed that they run a job, by job, with one listing for all. */
  listLeaseAges(): Promise<Map<string, number>>;
  /** The states of the newest runs, by job, with one listing for all; only of one job if that is given. */
  listJobStates(job?: string): Promise<Map<string, JobState>>;
  /** The last accepted result of a job; undefined before the first. */
  readBaseline(job: string): Promise<Baseline | undefined>;
  saveBaseline(job: string, baseline: Baseline): Promise<void>;
  /** The last upload of a job; undefined before the first. */
  readLastUpload(job: string): Promise<LastUpload | undefined>;
  saveLastUpload(job: string, upload: LastUpload): Promise<void>;
  /** Keeps the file of a refused result for {@link REFUSED_DAYS}. */
  keepRefused(job: string, runId: string, path: string, signal?: AbortSignal): Promise<void>;
  /** Whether it is still stored. */
  hasRefused(job: string, runId: string): Promise<boolean>;
  /** Whether the file of an earlier run is in the archive. */
  hasArchived(job: string, runId: string): Promise<boolean>;
  /** Fetches it to `path`; false if it does not exist, or no longer. */
  fetchRefused(job: string, runId: string, path: string): Promise<boolean>;
  /** Stores the file of an upload, and removes those beyond the limits. */
  keepArchived(
    job: string,
    runId: string,
    path: string,
    limits: ArchiveLimits,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Fetches it to `path`; false if it does not exist, or no longer. */
  fetchArchived(job: string, runId: string, path: string): Promise<boolean>;
  /** Asks the run of a job to stop; it notices at once in this process, and elsewhere with its next heartbeat. */
  requestCancel(job: string, runId: string, requestedBy: string): Promise<void>;
  /** Calls back when this process has asked a run to stop. */
  onCancelRequest(runId: string, act: () => void): Disposable;
  /** Who asked this run to stop; undefined when nobody did. */
  findCancelRequest(job: string, runId: string): Promise<string | undefined>;
}

// Two or three keys for each job.
const MAX_STATE_KEYS = 20_000;

const baselineKeyOf = (job: string) => `jobs/${job}/baseline.json`;
const baselineNote = (job: string) => ({
  what: `The last accepted result of ${job}`,
  remedy:
    'Restore an earlier version of it, or remove it: the next result is then compared with nothing, and later ones with that result.',
});
const refusedKeyOf = (job: string, runId: string) => `refused/${job}/${runId}.parquet`;
const archivedKeyOf = (job: string, runId: string) => `archive/${job}/${runId}.parquet`;
const lastUploadKeyOf = (job: string) => `jobs/${job}/last.json`;
const cancelKeyOf = (job: string) => `leases/${job}.cancel.json`;

const DAY_MS = 86_400_000;
// More than ever exist: each run removes what is beyond the limits.
const MAX_FILES = 10_000;

/** A run store over any document store; the layout is that of docs/architecture.md, "State in one bucket". */
export function createRunStore(documents: DocumentStore, times: LeaseTimes = leaseTimes): RunStore {
  const read = async <T>(key: string, schema: z.ZodType<T>, note: Omit<DocumentNote, 'at'>) => {
    const text = await documents.get(key);
    return text === undefined
      ? undefined
      : readDocument(schema, text, { ...note, at: documents.address(key) });
  };

  /**
   * Stores a file next to others, and removes those that are then too many or too old, but never the one that was just
   * stored. It uses the store's clock, because the time in a run's id is the scheduled one, or comes from a machine
   * whose clock may be wrong.
   */
  async function keepFile(
    key: string,
    path: string,
    { keep, days }: ArchiveLimits,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await documents.putFile(key, path, signal);
    const listed = await documents.listWithAges(`${posix.dirname(key)}/`, MAX_FILES);
    // S3 reports times in seconds: for two of the same age, the run's moment decides.
    const others = listed
      .filter((other) => other.key !== key)
      .sort((a, b) => a.ageMs - b.ageMs || (a.key < b.key ? 1 : -1));
    const places = (keep ?? MAX_FILES) - 1;
    const oldestMs = (days ?? Number.POSITIVE_INFINITY) * DAY_MS;
    const surplus = others.filter(({ ageMs }, index) => index >= places || ageMs > oldestMs);
    await Promise.all(surplus.map((other) => documents.remove(other.key)));
  }

  // Each run in this process listens for its own id.
  const cancelRequests = new EventEmitter().setMaxListeners(0);
  const has = async (key: string) => (await documents.list(key, 1)).includes(key);
  return {
    ...createRunRecords(documents),
    ...createRunTraces(documents),
    async assertReachable() {
      await documents.list(stateKeysOf(), 1);
      await documents.assertWritable?.();
    },
    readHolder: (job) => readHolder(documents, job, times),
    listLivingJobs: () => listLivingJobs(documents, times),
    listLeaseAges: () => listLeaseAges(documents),
    async listJobStates(job) {
      return readJobStates(await documents.list(stateKeysOf(job), MAX_STATE_KEYS));
    },
    acquireLease: (options) => acquireLease(documents, options),
    queueForSlot: (claim) => queueForSlot(documents, claim),
    announceFreeSlot: (source) => announceFreeSlot(documents, source),
    findParkedRun: (job) => findParkedRun(documents, job),
    readBaseline: (job) => read(baselineKeyOf(job), baselineSchema, baselineNote(job)),
    async saveBaseline(job, baseline) {
      const key = baselineKeyOf(job);
      const text = await documents.get(key);
      const earlier = text === undefined ? undefined : inspectDocument(baselineSchema, text);
      if (earlier && 'fault' in earlier && earlier.fault === 'later')
        throw unreadable({ ...baselineNote(job), at: documents.address(key) }, earlier);
      // A document about another result: unknown fields of the old one do not apply to it.
      const same = earlier && 'document' in earlier && earlier.document.runId === baseline.runId;
      const kept = same ? unknownFields(baselineSchema, earlier.document) : {};
      await documents.put(key, toStoredText({ ...kept, ...baselineSchema.parse(baseline) }));
    },
    readLastUpload: (job) =>
      read(lastUploadKeyOf(job), lastUploadSchema, {
        what: `The last upload of ${job}`,
        remedy:
          'Restore an earlier version of it, or remove it: the next run then uploads, whether or not anything has changed or Polyteia is still reading an earlier file.',
      }),
    async saveLastUpload(job, upload) {
      await documents.put(lastUploadKeyOf(job), toStoredText(lastUploadSchema.parse(upload)));
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
      cancelRequests.emit(runId);
    },
    onCancelRequest(runId, act) {
      cancelRequests.on(runId, act);
      return { [Symbol.dispose]: () => void cancelRequests.off(runId, act) };
    },
    async findCancelRequest(job, runId) {
      const request = await read(cancelKeyOf(job), cancelSchema, {
        what: `The last request to cancel a run of ${job}`,
        remedy: 'If it was meant for this run, repeat it: ferry cancel.',
      });
      return request?.runId === runId ? request.requestedBy : undefined;
    },
  };
}
