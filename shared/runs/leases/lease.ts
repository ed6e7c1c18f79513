import * as z from 'zod';
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

/** How often a holder shows that it is alive, and for how long others believe it without that. */
export interface LeaseTimes {
  heartbeatMs: number;
  expiryMs: number;
}

/** A run that was killed blocks its job for 45 s (docs/architecture.md, "State in one bucket"). */
export const leaseTimes: LeaseTimes = { heartbeatMs: 10_000, expiryMs: 45_000 };

/**
 * The phase in which a run sends its file. A run that stops here may have sent all of it, and nobody knows when it
 * arrives.
 */
export const UPLOAD_PHASE = 'upload';

/** How far a run has come, according to its heartbeat. */
export interface Progress {
  phase?: string;
  bytes?: number;
}

const leaseSchema = openObject({
  schemaVersion,
  job: z.string(),
  runId: z.string(),
  /** Counts the holders: each has a different number. */
  term: z.int().positive(),
  state: z.enum(['held', 'released']),
  /** Counts the attempted writes of a term, so that no two documents are the same. */
  beat: z.int().nonnegative(),
  phase: z.string().optional(),
  bytes: z.number().optional(),
  /**
   * A run that lost the lease during its upload, while nobody knows how that ended. Each holder passes it on to the
   * next.
   */
  rival: z.string().optional(),
});
type LeaseDocument = z.infer<typeof leaseSchema>;

// No connection and no server delays an upload for longer than this.
const LATEST_ARRIVAL_MS = 3_600_000;

// For each job its lease and a request to cancel, and the slots and tickets of sources.
const MAX_LEASES = 20_000;

const leaseKeyOf = (job: string) => `leases/${job}.json`;

/** The lease that a run wants. */
export interface LeaseClaim {
  /** Where its document is. */
  key: string;
  /** What it is the right to, for messages: `the job orders`. */
  right: string;
  job: string;
  runId: string;
}

/** A held lease: the right to run a job, or to a slot of a source. */
export interface Lease {
  runId: string;
  term: number;
  /** What the previous, dead holder was doing, and for which run; both unknown if its lease was damaged. */
  takenFrom?: { runId: string | undefined; phase: string | undefined };
  /** A run whose upload may still arrive, because an earlier holder lost the lease during it. */
  rival?: string | undefined;
  /** Reports that the rival's upload is dealt with; the next renewal writes that. */
  settleRival(): void;
  /** Says that this run's own upload may arrive yet although it gives the lease back; written with the release. */
  becomeRival(): void;
  /**
   * Shows that the holder is alive.
   *
   * @throws LeaseLostError when somebody else has the lease
   */
  renew(progress: Progress): Promise<void>;
  /** Releases it. If somebody else has it by now, it stays theirs. */
  release(): Promise<void>;
}

/** A lease as it was when it was looked at. */
export interface LeaseView {
  /** Nobody has it: it has no holder, was released, or its holder is dead by the store's clock. */
  free: boolean;
  /** Who has it, or had it last. */
  runId: string | undefined;
  version: string | undefined;
  ageMs: number;
  /**
   * Takes it from the holder seen here.
   *
   * @returns undefined when somebody else was faster
   */
  take(): Promise<Lease | undefined>;
}

/** Whether a lease that seemed lost, or could not be renewed for a while, still belongs to the run. */
export async function isStillHeld(lease: Lease): Promise<boolean> {
  try {
    await lease.renew({});
    return true;
  } catch {
    return false;
  }
}

/**
 * The outcome of trying to get a lease. `duplicate` is the same run, alive elsewhere; `busy` is another run of the job.
 */
export type Acquisition =
  | { outcome: 'acquired'; lease: Lease }
  | { outcome: 'duplicate' }
  | { outcome: 'busy'; runId: string };

export interface AcquireOptions {
  job: string;
  runId: string;
  times: LeaseTimes;
  /** Waits; tests use a faster clock. */
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
 * Looks at a lease, with one read. A damaged one counts as held by an unknown holder: nobody can renew it, so it
 * expires like any other.
 *
 * @throws StateError when a later release has written it, whose rules this one does not know
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
 * Gets the lease of a job. If its holder may be dead, it waits until that is known: at most one expiry.
 *
 * A holder is dead when its document is older than the expiry by the store's clock, or did not change for that long
 * while it was watched.
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
    // An earlier process of the same run, such as one that parked it a moment ago, is about to give the lease back.
    const stepMs = found.runId === runId ? times.heartbeatMs / 5 : times.heartbeatMs;
    const waitMs = Math.min(stepMs, Math.max(1, times.expiryMs - found.ageMs));
    await sleep(waitMs);
    watched = { version, forMs: (watched?.forMs ?? 0) + waitMs };
  }
}

/** Who has the right to run a job right now, according to the store. */
export interface Holder extends Progress {
  /** Unknown when the lease cannot be read. */
  runId: string | undefined;
  /** How long ago it showed that it is alive, in milliseconds. */
  heartbeatAgeMs: number;
  /** Whether it may still be alive. */
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

/** How long ago the lease of each job was written, in milliseconds, with one listing for all jobs. */
export async function listLeaseAges(store: DocumentStore): Promise<Map<string, number>> {
  const leases = await store.listWithAges('leases/', MAX_LEASES);
  return new Map(
    leases.flatMap(({ key, ageMs }) => {
      const job = /^leases\/([^./]+)\.json$/.exec(key)?.[1];
      return job === undefined ? [] : [[job, ageMs] as const];
    }),
  );
}

/** The jobs whose lease was written within one expiry. A run of any other job has died. */
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
  // The holder of a damaged lease may have been at any point.
  const uploading = damaged ? 'of unknown id' : dead?.phase === UPLOAD_PHASE ? dead.runId : current?.rival;
  const rival = late ? undefined : uploading;
  const document: LeaseDocument = {
    // What a later release stores about all holders.
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
 * A term that no holder had: the next one, if the damaged document still shows the last one, and otherwise one that
 * counting never reaches. Counting continues from there.
 */
function termAfterDamage(body: string): number {
  const last = topLevelTerm(body);
  return last === undefined ? Date.now() : last + 1;
}

/** The term in a truncated document. A later release may have terms of something else further down. */
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

// The first finds out that an earlier answer was lost, the second writes; the third is a reserve.
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
  /** @returns false when somebody else has it */
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
      // A write whose answer was lost has changed the version too: this write, or an earlier one, which does not show
      // that the holder is alive.
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
