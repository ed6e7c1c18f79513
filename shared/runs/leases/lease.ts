import { z } from 'zod';
import { LeaseLostError, StorageUnavailableError } from '../../errors.ts';
import type { DocumentStore, VersionedDocument } from '../documents/document-store.ts';
import {
  inspectDocument,
  openObject,
  type Reading,
  schemaVersion,
  unknownFields,
  unreadable,
} from '../documents/stored-document.ts';

/** How often a holder shows that it lives, and how long it is believed without that. */
export interface LeaseTimes {
  heartbeatMs: number;
  expiryMs: number;
}

/** A run that was killed blocks its job for 45 s (docs/architecture.md, "State in one bucket"). */
export const leaseTimes: LeaseTimes = { heartbeatMs: 10_000, expiryMs: 45_000 };

/** The phase in which a run sends its file: anyone who stops then may have sent all of it, and nobody knows when it arrives. */
export const UPLOAD_PHASE = 'upload';

/** How far a run has got, according to its heartbeat. */
export interface Progress {
  phase?: string;
  bytes?: number;
}

const leaseSchema = openObject({
  schemaVersion,
  job: z.string(),
  runId: z.string(),
  /** Counts the holders: each one has another. */
  term: z.int().positive(),
  state: z.enum(['held', 'released']),
  /** Counts the writes that were tried in a term, so that no two documents are the same. */
  beat: z.int().nonnegative(),
  phase: z.string().optional(),
  bytes: z.number().optional(),
  /** A run that the lease was taken from in its upload, while it is not known what became of that: kept from holder to holder. */
  rival: z.string().optional(),
});
type LeaseDocument = z.infer<typeof leaseSchema>;

// No connection and no server holds an upload back for longer.
const LATEST_ARRIVAL_MS = 3_600_000;

// Of each job its lease and a request to cancel, and slots and tickets of sources.
const MAX_LEASES = 20_000;

const leaseKeyOf = (job: string) => `leases/${job}.json`;

/** Which lease a run wants. */
export interface LeaseClaim {
  /** Where its document is. */
  key: string;
  /** What it is the right to, for messages: `the job orders`. */
  right: string;
  job: string;
  runId: string;
}

/** The right to run a job, or to one of the slots of a source, held. */
export interface Lease {
  runId: string;
  term: number;
  /** What the dead holder that it was taken from had been doing, and for which run; both unknown where its lease was damaged. */
  takenFrom?: { runId: string | undefined; phase: string | undefined };
  /** A run whose upload may arrive yet, as an earlier holder was taken over in the middle of it. */
  rival?: string | undefined;
  /** Says that the rival's upload is seen to; written with the next renewal. */
  settleRival(): void;
  /** Says that this run's own upload may arrive yet although it gives the lease back; written with the release. */
  becomeRival(): void;
  /**
   * Shows that the holder lives.
   *
   * @throws LeaseLostError when somebody else has it by now
   */
  renew(progress: Progress): Promise<void>;
  /** Gives it back; when somebody else has it by now, it stays theirs. */
  release(): Promise<void>;
}

/** A lease as it was at the moment that it was looked at. */
export interface LeaseView {
  /** Nobody has it: there is no holder, it was given back, or its holder is dead by the store's clock. */
  free: boolean;
  /** Who has it, or had it last. */
  runId: string | undefined;
  version: string | undefined;
  ageMs: number;
  /**
   * Takes it from anyone who is seen here.
   *
   * @returns undefined when somebody else was faster
   */
  take(): Promise<Lease | undefined>;
}

/** Whether a lease that was lost, or could not be renewed for a while, is the run's own after all. */
export async function isStillHeld(lease: Lease): Promise<boolean> {
  try {
    await lease.renew({});
    return true;
  } catch {
    return false;
  }
}

/** How an attempt to get a lease ended: `duplicate` is the same run, alive elsewhere; `busy` another run of the job. */
export type Acquisition =
  | { outcome: 'acquired'; lease: Lease }
  | { outcome: 'duplicate' }
  | { outcome: 'busy'; runId: string };

export interface AcquireOptions {
  job: string;
  runId: string;
  times: LeaseTimes;
  /** Waits; a test's clock is faster. */
  sleep: (ms: number) => Promise<void>;
}

function inspect(document: VersionedDocument | undefined): Reading<LeaseDocument> | undefined {
  return document && inspectDocument(leaseSchema, document.body);
}

function parse(document: VersionedDocument | undefined): LeaseDocument | undefined {
  const read = inspect(document);
  return read && 'document' in read ? read.document : undefined;
}

/**
 * Looks at a lease: one read. A damaged one is held, by nobody knows whom: nobody can renew it, so that it expires like any other.
 *
 * @throws StateError when a later release has written it, whose terms this one does not know
 */
export async function lookAtLease(
  store: DocumentStore,
  claim: LeaseClaim,
  { expiryMs }: LeaseTimes,
): Promise<LeaseView> {
  const found = await store.read(claim.key);
  const read = inspect(found);
  if (read && 'fault' in read && read.fault === 'later') {
    const note = { what: `The lease for ${claim.right}`, at: store.address(claim.key), remedy: '' };
    throw unreadable(note, read);
  }
  const current = parse(found);
  return {
    free: found === undefined || current?.state === 'released' || found.ageMs >= expiryMs,
    runId: current?.runId,
    version: found?.version,
    ageMs: found?.ageMs ?? 0,
    take: () => take(store, claim, found, current),
  };
}

/**
 * Gets the lease of a job, waiting for a holder that may be dead until that is known: at most one expiry.
 *
 * A holder is dead when its document is older than the expiry by the store's clock, or when it did not change for that long while it
 * was watched.
 */
export async function acquireLease(store: DocumentStore, options: AcquireOptions): Promise<Acquisition> {
  const { job, runId, times, sleep } = options;
  const claim = { key: leaseKeyOf(job), right: `the job ${job}`, job, runId };
  let watched: { version: string; forMs: number } | undefined;
  for (;;) {
    const found = await lookAtLease(store, claim, times);
    if (found.free || (watched !== undefined && watched.forMs >= times.expiryMs)) {
      const lease = await found.take();
      if (lease) return { outcome: 'acquired', lease };
      watched = undefined;
      continue;
    }
    const { version = '' } = found;
    if (watched && watched.version !== version) {
      return found.runId === runId
        ? { outcome: 'duplicate' }
        : { outcome: 'busy', runId: found.runId ?? 'unknown' };
    }
    const waitMs = Math.min(times.heartbeatMs, Math.max(1, times.expiryMs - found.ageMs));
    await sleep(waitMs);
    watched = { version, forMs: (watched?.forMs ?? 0) + waitMs };
  }
}

/** Who has the right to run a job, according to the store at this moment. */
export interface Holder extends Progress {
  /** Unknown where the lease cannot be read. */
  runId: string | undefined;
  /** How long ago it showed that it lives, in milliseconds. */
  heartbeatAgeMs: number;
  /** Whether it may be believed to live. */
  alive: boolean;
}

/** @returns undefined when nobody has the lease of the job */
export async function readHolder(
  store: DocumentStore,
  job: string,
  { expiryMs }: LeaseTimes,
): Promise<Holder | undefined> {
  const found = await store.read(leaseKeyOf(job));
  const current = parse(found);
  if (!found || current?.state === 'released') return undefined;
  const { phase, bytes } = current ?? {};
  return {
    runId: current?.runId,
    heartbeatAgeMs: Math.round(found.ageMs),
    alive: found.ageMs < expiryMs,
    ...(phase === undefined ? {} : { phase }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

/** How long ago the lease of each job was written, in milliseconds, with one listing for all. */
export async function listLeaseAges(store: DocumentStore): Promise<Map<string, number>> {
  const leases = await store.listWithAges('leases/', MAX_LEASES);
  return new Map(
    leases.flatMap(({ key, ageMs }) => {
      const job = /^leases\/([^./]+)\.json$/.exec(key)?.[1];
      return job === undefined ? [] : [[job, ageMs] as const];
    }),
  );
}

/** The jobs whose lease was written within one expiry: a run of any other job has died. */
export async function listLivingJobs(store: DocumentStore, { expiryMs }: LeaseTimes): Promise<Set<string>> {
  const ages = await listLeaseAges(store);
  return new Set([...ages].filter(([, ageMs]) => ageMs < expiryMs).map(([job]) => job));
}

/** @returns undefined when somebody else was faster */
async function take(
  store: DocumentStore,
  claim: LeaseClaim,
  found: VersionedDocument | undefined,
  current: LeaseDocument | undefined,
): Promise<Lease | undefined> {
  const damaged = found !== undefined && current === undefined;
  const dead =
    damaged || current?.state === 'held' ? { runId: current?.runId, phase: current?.phase } : undefined;
  const late = (found?.ageMs ?? 0) > LATEST_ARRIVAL_MS;
  // The holder of a damaged lease may have been anywhere.
  const uploading = damaged ? 'of unknown id' : dead?.phase === UPLOAD_PHASE ? dead.runId : current?.rival;
  const rival = late ? undefined : uploading;
  const document: LeaseDocument = {
    // What a later release keeps of all holders.
    ...(current ? unknownFields(leaseSchema, current) : {}),
    schemaVersion: 1,
    job: claim.job,
    runId: claim.runId,
    term: damaged ? termAfterDamage(found.body) : (current?.term ?? 0) + 1,
    state: 'held',
    beat: 0,
    ...(rival === undefined ? {} : { rival }),
  };
  const version = await store.replace(claim.key, JSON.stringify(document), found?.version);
  if (version === undefined) return undefined;
  const lease = createLease(store, claim, document, version);
  return dead ? { ...lease, takenFrom: dead } : lease;
}

/**
 * A term that no holder had: the next one, where the damage has left the last one to read, and otherwise one that no counting reaches. It
 * counts on from there.
 */
function termAfterDamage(body: string): number {
  const last = topLevelTerm(body);
  return last === undefined ? Date.now() : last + 1;
}

/** The term that a torn document shows. A later release may have terms of something else further down. */
function topLevelTerm(body: string): number | undefined {
  const tokens = body.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g) ?? [];
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    const [colon, value = '', end = ''] = tokens.slice(at + 1, at + 4);
    const isWhole = colon === ':' && /^\d{1,15}$/.test(value) && /^[,}]$/.test(end);
    if (depth === 1 && token === '"term"' && isWhole) return Number(value);
  }
  return undefined;
}

// One finds out that an earlier answer was lost, the next one writes; the third is for bad luck.
const WRITE_TRIES = 3;

function createLease(
  store: DocumentStore,
  { key, right, runId }: LeaseClaim,
  taken: LeaseDocument,
  takenVersion: string,
): Lease {
  let document = taken;
  let version = takenVersion;
  const { term } = taken;
  /** @returns false when somebody else has it by now */
  const write = async (changes: Partial<LeaseDocument>): Promise<boolean> => {
    for (let tries = 0; tries < WRITE_TRIES; tries += 1) {
      document = { ...document, ...changes, beat: document.beat + 1 };
      const body = JSON.stringify(document);
      const written = await store.replace(key, body, version);
      if (written !== undefined) {
        version = written;
        return true;
      }
      const found = await store.read(key);
      const stored = parse(found);
      if (!found || stored?.term !== term || stored.runId !== runId) return false;
      // A write whose answer was lost has changed the version too: this one, or an earlier one, which does not show that the holder lives.
      version = found.version;
      if (found.body === body) return true;
    }
    throw new StorageUnavailableError(`The lease for ${right} could not be renewed.`);
  };
  return {
    runId,
    term,
    rival: taken.rival,
    settleRival() {
      const { rival: _rival, ...rest } = document;
      document = rest;
    },
    becomeRival() {
      document = { ...document, rival: runId };
    },
    async renew({ phase, bytes }) {
      const held = await write({
        ...(phase === undefined ? {} : { phase }),
        ...(bytes === undefined ? {} : { bytes }),
      });
      if (!held) {
        throw new LeaseLostError(`Another run took over ${right} while this one did not respond.`, {
          hint: 'The newer run continues.',
        });
      }
    },
    async release() {
      await write({ state: 'released' });
    },
  };
}
