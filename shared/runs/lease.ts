import { z } from 'zod';
import { LeaseLostError } from '../errors.ts';
import type { DocumentStore, VersionedDocument } from './document-store.ts';

/** How often a holder shows that it lives, and how long it is believed without that. */
export interface LeaseTimes {
  heartbeatMs: number;
  expiryMs: number;
}

/** What design.md promises: a run that was killed blocks its job for 45 s. */
export const leaseTimes: LeaseTimes = { heartbeatMs: 10_000, expiryMs: 45_000 };

/** How far a run has come, as its heartbeat tells. */
export interface Progress {
  phase?: string;
  bytes?: number;
}

const leaseSchema = z.object({
  schemaVersion: z.literal(1),
  job: z.string(),
  runId: z.string(),
  /** Counts the holders: each one has another. */
  term: z.int().positive(),
  state: z.enum(['held', 'released']),
  /** Counts the heartbeats of a term, so that no two documents are the same. */
  beat: z.int().nonnegative(),
  phase: z.string().optional(),
  bytes: z.number().optional(),
});
type LeaseDocument = z.infer<typeof leaseSchema>;

// Of each job its lease and a request to cancel.
const MOST_LEASES = 5_000;

const keyOf = (job: string) => `leases/${job}.json`;

/** The right to run a job, held. */
export interface Lease {
  job: string;
  runId: string;
  term: number;
  /** What the dead holder that it was taken from had been doing, and for which run. */
  takenFrom?: { runId: string; phase: string | undefined };
  /**
   * Shows that the holder lives.
   *
   * @throws LeaseLostError when somebody else has it by now
   */
  renew(progress: Progress): Promise<void>;
  /** Gives it back; when somebody else has it by now, it stays theirs. */
  release(): Promise<void>;
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

function parse(document: VersionedDocument | undefined): LeaseDocument | undefined {
  if (!document) return undefined;
  try {
    return leaseSchema.parse(JSON.parse(document.body));
  } catch {
    // Of another release, or damaged: nobody can renew it, so that it expires like any other.
    return undefined;
  }
}

/**
 * Gets the lease of a job, waiting for a holder that may be dead until that is known: at most one expiry.
 *
 * A holder is dead when its document is older than the expiry by the store's clock, or when it did not change for that long while it
 * was watched.
 */
export async function acquireLease(store: DocumentStore, options: AcquireOptions): Promise<Acquisition> {
  const { job, runId, times, sleep } = options;
  let watched: { version: string; forMs: number } | undefined;
  for (;;) {
    const found = await store.read(keyOf(job));
    const current = parse(found);
    const free = found === undefined || current?.state === 'released' || found.ageMs >= times.expiryMs;
    if (free || (watched !== undefined && watched.forMs >= times.expiryMs)) {
      const lease = await take(store, options, found, current);
      if (lease) return { outcome: 'acquired', lease };
      watched = undefined;
      continue;
    }
    if (watched && watched.version !== found.version) {
      return current?.runId === runId
        ? { outcome: 'duplicate' }
        : { outcome: 'busy', runId: current?.runId ?? 'unknown' };
    }
    const waitMs = Math.min(times.heartbeatMs, Math.max(1, times.expiryMs - found.ageMs));
    await sleep(waitMs);
    watched = { version: found.version, forMs: (watched?.forMs ?? 0) + waitMs };
  }
}

/** Who has the right to run a job, as the store tells at this moment. */
export interface Holder extends Progress {
  runId: string;
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
  const found = await store.read(keyOf(job));
  const current = parse(found);
  if (!found || current?.state !== 'held') return undefined;
  const { runId, phase, bytes } = current;
  return {
    runId,
    heartbeatAgeMs: Math.round(found.ageMs),
    alive: found.ageMs < expiryMs,
    ...(phase === undefined ? {} : { phase }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

/** The jobs whose lease was written within one expiry: a run of any other job has died. */
export async function listLivingJobs(store: DocumentStore, { expiryMs }: LeaseTimes): Promise<Set<string>> {
  const leases = await store.listReplaced('leases/', MOST_LEASES);
  const young = leases.filter(({ ageMs }) => ageMs < expiryMs);
  return new Set(young.flatMap(({ key }) => /^leases\/([^.]+)\.json$/.exec(key)?.[1] ?? []));
}

/** @returns undefined when somebody else was faster */
async function take(
  store: DocumentStore,
  { job, runId }: AcquireOptions,
  found: VersionedDocument | undefined,
  current: LeaseDocument | undefined,
): Promise<Lease | undefined> {
  const document: LeaseDocument = {
    schemaVersion: 1,
    job,
    runId,
    term: (current?.term ?? 0) + 1,
    state: 'held',
    beat: 0,
  };
  const version = await store.replace(keyOf(job), JSON.stringify(document), found?.version);
  if (version === undefined) return undefined;
  const lease = createLease(store, document, version);
  const dead = current?.state === 'held' ? { runId: current.runId, phase: current.phase } : undefined;
  return dead ? { ...lease, takenFrom: dead } : lease;
}

function createLease(store: DocumentStore, taken: LeaseDocument, takenVersion: string): Lease {
  let document = taken;
  let version = takenVersion;
  const { job, runId, term } = taken;
  const write = async (next: LeaseDocument): Promise<boolean> => {
    const written = await store.replace(keyOf(job), JSON.stringify(next), version);
    if (written === undefined) {
      // A write whose answer was lost has changed the version too.
      const found = await store.read(keyOf(job));
      const stored = parse(found);
      if (!found || stored?.term !== term || stored.runId !== runId) return false;
      document = stored;
      version = found.version;
      return true;
    }
    document = next;
    version = written;
    return true;
  };
  return {
    job,
    runId,
    term,
    async renew({ phase, bytes }) {
      const next: LeaseDocument = {
        ...document,
        beat: document.beat + 1,
        ...(phase === undefined ? {} : { phase }),
        ...(bytes === undefined ? {} : { bytes }),
      };
      if (!(await write(next))) {
        throw new LeaseLostError(`Another run of ${job} has taken over while this one did not react.`, {
          hint: 'Nothing was uploaded after that. The newer run carries on.',
        });
      }
    },
    async release() {
      await write({ ...document, state: 'released', beat: document.beat + 1 });
    },
  };
}
