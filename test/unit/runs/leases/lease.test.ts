import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LeaseLostError } from '../../../../shared/errors.ts';
import type { DocumentStore } from '../../../../shared/runs/documents/document-store.ts';
import { createFolderDocumentStore } from '../../../../shared/runs/documents/folder-document-store.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import { type Acquisition, acquireLease, type Lease } from '../../../../shared/runs/leases/lease.ts';

const times = { heartbeatMs: 10_000, expiryMs: 45_000 };

/** A store whose time passes only by waiting. */
function clockedStore() {
  let now = 0;
  const store = createMemoryDocumentStore(() => now);
  const sleep = async (ms: number) => {
    now += ms;
  };
  const acquire = (runId: string, wait = sleep) =>
    acquireLease(store, { job: 'orders', runId, times, sleep: wait });
  const pass = (ms: number) => {
    now += ms;
  };
  return { store, acquire, pass, now: () => now };
}

function leaseOf(acquisition: Acquisition): Lease {
  if (acquisition.outcome !== 'acquired') throw new Error(`Expected a lease, got ${acquisition.outcome}`);
  return acquisition.lease;
}

describe('a lease', () => {
  it('is given to the first, and to the next one when it was released', async () => {
    const { acquire } = clockedStore();
    const first = leaseOf(await acquire('a'));
    await first.release();
    const second = leaseOf(await acquire('b'));
    expect([first.term, second.term]).toEqual([1, 2]);
    expect(second.takenFrom).toBeUndefined();
  });

  it.each([
    ['another run of the job', 'b', { outcome: 'busy', runId: 'a' }],
    ['the same run delivered twice', 'a', { outcome: 'duplicate' }],
  ])('is not given to %s while its holder is alive', async (_name, runId, expected) => {
    const { acquire, pass } = clockedStore();
    const lease = leaseOf(await acquire('a'));
    const sleep = async (ms: number) => {
      pass(ms);
      await lease.renew({});
    };
    expect(await acquire(runId, sleep)).toEqual(expected);
  });

  it('is taken from a dead holder after one expiry, with what that was doing', async () => {
    const { acquire, pass, now } = clockedStore();
    await leaseOf(await acquire('a')).renew({ phase: 'export', bytes: 5 });
    const diedAt = now();
    const taken = leaseOf(await acquire('b'));
    expect(now() - diedAt).toBeGreaterThanOrEqual(times.expiryMs);
    expect(now() - diedAt).toBeLessThanOrEqual(times.expiryMs + times.heartbeatMs);
    expect(taken).toMatchObject({ term: 2, takenFrom: { runId: 'a', phase: 'export' } });
    pass(1);
  });

  it('cannot be renewed by a holder that slept too long, nor released for the new one', async () => {
    const { acquire } = clockedStore();
    const sleeper = leaseOf(await acquire('a'));
    const taker = leaseOf(await acquire('b'));
    await expect(sleeper.renew({})).rejects.toThrow(LeaseLostError);
    await sleeper.release();
    await expect(taker.renew({})).resolves.toBeUndefined();
  });

  it('survives a renewal whose answer was lost', async () => {
    const { store, acquire } = clockedStore();
    const lease = leaseOf(await acquire('a'));
    const { replace } = store;
    store.replace = async (...args) => {
      await replace(...args);
      store.replace = replace;
      return undefined;
    };
    await lease.renew({});
    await expect(lease.renew({})).resolves.toBeUndefined();
  });

  it('that nobody can read expires like any other', async () => {
    const { store, acquire } = clockedStore();
    await store.replace('leases/orders.json', '{"of": "another release"}', undefined);
    expect((await acquire('b')).outcome).toBe('acquired');
  });
});

/** Contenders that get, renew, sleep through and give back in any order: at no time do two hold the same term. */
function contend(
  store: DocumentStore,
  pass: (ms: number) => void,
  steps: readonly (readonly [number, string])[],
) {
  const held = new Map<number, Lease>();
  const terms: number[] = [];
  return steps
    .reduce(async (before, [who, action]) => {
      await before;
      const lease = held.get(who);
      if (action === 'acquire' && !lease) {
        const sleep = async (ms: number) => pass(ms);
        const got = await acquireLease(store, { job: 'j', runId: `run-${who}`, times, sleep });
        if (got.outcome === 'acquired') {
          held.set(who, got.lease);
          terms.push(got.lease.term);
        }
      } else if (action === 'renew') await lease?.renew({}).catch(() => held.delete(who));
      else if (action === 'release' && lease) {
        await lease.release();
        held.delete(who);
      } else if (action === 'sleep') pass(2 * times.expiryMs);
    }, Promise.resolve())
    .then(() => terms);
}

const steps = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 4 }),
    fc.constantFrom('acquire', 'acquire', 'renew', 'release', 'sleep'),
  ),
  { maxLength: 60 },
);

describe('terms of a lease', () => {
  it('are never given twice, whatever contenders do', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (actions) => {
        let now = 0;
        const terms = await contend(
          createMemoryDocumentStore(() => now),
          (ms) => {
            now += ms;
          },
          actions,
        );
        expect(terms).toEqual(terms.map((_, index) => index + 1));
      }),
    );
  });
});

describe('a folder as the store', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry leases ü '));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('lets one of many contenders win, again and again', async () => {
    const store = createFolderDocumentStore(folder);
    for (let round = 0; round < 20; round += 1) {
      const seen = (await store.read('leases/j.json'))?.version;
      const written = await Promise.all(
        Array.from({ length: 25 }, (_, n) => store.replace('leases/j.json', `${round} ${n}`, seen)),
      );
      const winners = written.flatMap((version, n) => (version === undefined ? [] : [n]));
      expect(winners).toHaveLength(1);
      expect((await store.read('leases/j.json'))?.body).toBe(`${round} ${winners[0]}`);
    }
  });

  it('does not let an old version be replaced', async () => {
    const store = createFolderDocumentStore(folder);
    const first = await store.replace('k', '1', undefined);
    const second = await store.replace('k', '2', first);
    expect(await store.replace('k', 'late', first)).toBeUndefined();
    expect(await store.replace('k', 'late', undefined)).toBeUndefined();
    await store.replace('k', '3', second);
    expect(await store.replace('k', 'very late', first)).toBeUndefined();
    expect(await store.read('k')).toMatchObject({ body: '3' });
  });

  it('reports the age of a document by its own clock', async () => {
    const store = createFolderDocumentStore(folder);
    await store.replace('k', '1', undefined);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const { now } = Date;
    // This machine is three hours ahead.
    Date.now = () => now() + 3 * 3_600_000;
    try {
      const found = await store.read('k');
      expect(found?.ageMs).toBeGreaterThanOrEqual(50);
      expect(found?.ageMs).toBeLessThan(5_000);
    } finally {
      Date.now = now;
    }
  });
});
