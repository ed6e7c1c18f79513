import { describe, expect, it } from 'vitest';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import { pruneRequests, pruneRuns } from '../../../../shared/runs/records/prune-runs.ts';
import { createRunRequestStore } from '../../../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../../shared/runs/run-id.ts';
import { runningRecord, runRecord } from '../../../support/api.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2027-03-01T12:00:00Z');

/** A state with runs that are this many days old, and what is left of them. */
async function createRuns(days: readonly number[], job = 'orders') {
  const documents = createMemoryDocumentStore();
  const runs = createRunStore(documents);
  const ids: string[] = [];
  for (const age of days) {
    const id = newRunId(new Date(NOW - age * DAY));
    ids.push(id);
    await runs.save({ ...runRecord(), id, job });
  }
  const prune = (kept: { least: number; most: number; ageMs: number }, unfinished: string[] = []) =>
    pruneRuns(documents, job, { ...kept, now: NOW, unfinished: new Set(unfinished) });
  const left = async () => (await runs.list({ limit: 100 })).map(({ id }) => ids.indexOf(id));
  return { documents, runs, ids, prune, left };
}

describe('the records of a job', () => {
  it('are kept for a time, the newest forever', async () => {
    const { prune, left, documents } = await createRuns([200, 100, 95, 80, 1]);
    expect(await prune({ least: 3, most: 100, ageMs: 90 * DAY })).toBe(2);
    expect(await left()).toEqual([4, 3, 2]);
    expect(await documents.list('jobs/orders/runs/', 100)).toHaveLength(3);
    expect(await documents.list('runs/', 100)).toHaveLength(3);
    expect(await prune({ least: 3, most: 100, ageMs: 90 * DAY })).toBe(0);
  });

  it('are no more than so many', async () => {
    const { prune, left } = await createRuns([5, 4, 3, 2, 1]);
    expect(await prune({ least: 1, most: 2, ageMs: 90 * DAY })).toBe(3);
    expect(await left()).toEqual([4, 3]);
  });

  it('stay of runs that have not ended, or whose file is kept, and of other jobs', async () => {
    const { prune, left, documents, runs, ids } = await createRuns([400, 300, 200, 100]);
    await documents.put(`archive/orders/${ids[0]}.parquet`, '');
    await documents.put(`refused/orders/${ids[1]}.parquet`, '');
    await runs.save({ ...runningRecord(), id: newRunId(new Date(NOW - 500 * DAY)), job: 'other' });
    expect(await prune({ least: 0, most: 100, ageMs: DAY }, [ids[2] ?? ''])).toBe(1);
    expect(await left()).toEqual([2, 1, 0, -1]);
  });
});

describe('requests of callers', () => {
  it('are kept for a week', async () => {
    let now = 0;
    const documents = createMemoryDocumentStore(() => now);
    const requests = createRunRequestStore(documents);
    const store = async (runId: string) => {
      const request = { job: 'orders', runId, triggeredBy: 'anna' };
      const stored = { requestedAt: new Date(NOW).toISOString(), request };
      await requests.claimKey(runId, stored);
      await requests.save(stored);
    };
    const [old, young] = [newRunId(), newRunId()];
    await store(old);
    now += 8 * DAY;
    await store(young);
    await pruneRequests(documents);
    expect(await requests.find(old)).toBeUndefined();
    expect(await requests.findByKey('orders', old)).toBeUndefined();
    expect(await requests.find(young)).toBeDefined();
    expect(await requests.findByKey('orders', young)).toBeDefined();
  });
});
