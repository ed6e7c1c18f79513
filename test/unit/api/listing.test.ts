import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobIndex } from '../../../shared/api/jobs/job-index.ts';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { stateKeyOf } from '../../../shared/runs/records/job-states.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { runningRecord, runRecord, startTestApi } from '../../support/api.ts';

/** A store that counts requests as S3 would get them: a listing has pages of 1,000. */
function countRequests(documents: DocumentStore): { documents: DocumentStore; requests: () => number } {
  let requests = 0;
  const pages = (found: readonly unknown[]) => Math.max(1, Math.ceil(found.length / 1000));
  const counted: DocumentStore = {
    ...documents,
    get: (key) => {
      requests += 1;
      return documents.get(key);
    },
    read: (key) => {
      requests += 1;
      return documents.read(key);
    },
    list: async (...query) => {
      const found = await documents.list(...query);
      requests += pages(found);
      return found;
    },
    listWithAges: async (...query) => {
      const found = await documents.listWithAges(...query);
      requests += pages(found);
      return found;
    },
  };
  return { documents: counted, requests: () => requests };
}

const START = Date.parse('2026-01-01T00:00:00Z');
const names = Array.from({ length: 300 }, (_, n) => `job-${String(n).padStart(3, '0')}`);
const index: JobIndex = Object.fromEntries(
  names.map((name) => [name, { kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default' }]),
);

/**
 * What 1,000 runs of each of 300 jobs leave, all but the last three of each written straight: their states' names have been removed by
 * the runs that came after.
 */
async function storeOfManyRuns() {
  // Its time stands still: on a busy machine the leases would have expired before everything is written.
  const documents = createMemoryDocumentStore(() => 0);
  const runs = createRunStore(documents);
  for (const job of names) {
    // In the order of their keys: a store that keeps them sorted has nothing to move.
    for (let n = 996; n >= 0; n -= 1) {
      const inverted = (2 ** 48 - 1 - START - n * 60_000).toString(16);
      const id = `01a1fc88-01c9-775f-ad30-${String(n).padStart(12, '0')}`;
      await documents.put(`jobs/${job}/runs/${inverted}-${id}.json`, '{}');
    }
  }
  for (const job of names) {
    for (const [n, state] of (['succeeded', 'failed', 'running'] as const).entries()) {
      const startedAt = new Date(START + (997 + n) * 60_000).toISOString();
      await runs.save(
        state === 'running'
          ? runningRecord({ job, startedAt })
          : runRecord({
              job,
              startedAt,
              state,
              ...(state === 'failed' ? { error: { class: 'QueryError', message: 'no' } } : {}),
            }),
      );
    }
    await documents.replace(`leases/${job}.json`, '{}', undefined);
  }
  return documents;
}

describe('reading 300 jobs with 1,000 runs each', () => {
  it('takes a few requests to the bucket, even when all of them run', async () => {
    const { documents, requests } = countRequests(await storeOfManyRuns());
    const { call } = startTestApi({ documents, index });
    const { body } = await call('GET', '/jobs');
    expect(requests()).toBeLessThanOrEqual(3);
    expect(body.jobs.map(({ name }: { name: string }) => name)).toEqual(names);
    for (const job of body.jobs) {
      expect(job).toMatchObject({
        running: { state: 'running' },
        lastRun: { state: 'running' },
        lastGoodRun: { state: 'succeeded', rows: 12 },
      });
      expect(job.running.stale).toBeUndefined();
    }
    const before = requests();
    expect((await call('GET', '/jobs/job-150')).body.lastGoodRun).toMatchObject({ state: 'succeeded' });
    expect(requests() - before).toBeLessThanOrEqual(3);
    expect((await call('GET', '/jobs/job-150/runs?limit=5')).status).toBe(200);
  }, 60_000);

  it('leaves two or three names for a job, however many runs it had', async () => {
    const documents = createMemoryDocumentStore();
    const runs = createRunStore(documents);
    for (let n = 0; n < 50; n += 1) {
      const startedAt = new Date(START + n * 60_000).toISOString();
      const running = runningRecord({ startedAt });
      await runs.save(running);
      await runs.save(runRecord({ id: running.id, startedAt, state: n % 3 === 0 ? 'succeeded' : 'failed' }));
      expect((await documents.list('states/', 1000)).length).toBeLessThanOrEqual(2);
    }
  });

  it('does not count a failed removal against the run, and the next run removes what was left', async () => {
    const documents = createMemoryDocumentStore();
    const runs = createRunStore({ ...documents, remove: async () => Promise.reject(new Error('denied')) });
    for (const minute of ['30', '31', '32'])
      await runs.save(runRecord({ startedAt: `2026-11-20T04:${minute}:00.000Z` }));
    expect(await documents.list('states/', 10)).toHaveLength(3);
    expect((await runs.listJobStates()).get('orders')?.last.startedAt).toContain('04:32');
    await createRunStore(documents).save(runRecord({ startedAt: '2026-11-20T04:33:00.000Z' }));
    expect(await documents.list('states/', 10)).toHaveLength(1);
  });

  it('ignores names that this release does not know', async () => {
    const documents = createMemoryDocumentStore();
    await createRunStore(documents).save(runRecord());
    const later = stateKeyOf(runRecord(), `${'0'.repeat(12)}-${newRunId()}`);
    await documents.put(later.replace('.succeeded.', '.ascended.'), '');
    await documents.put('states/orders.json', '');
    const { call } = startTestApi({ documents });
    expect((await call('GET', '/jobs/orders')).body.lastRun).toMatchObject({ state: 'succeeded' });
  });
});

describe('pages of runs', () => {
  it('contain every run once, newest first, whatever their size, even while new runs begin', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.constantFrom('orders', 'customers')), {
          maxLength: 40,
        }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('/runs', '/jobs/orders/runs'),
        async (begun, limit, path) => {
          const { call, runs } = startTestApi();
          const expected: string[] = [];
          for (const [minute, job] of begun) {
            const record = runRecord({ job, startedAt: new Date(START + minute * 60_000).toISOString() });
            await runs.save(record);
            if (path === '/runs' || job === 'orders') expected.push(record.id);
          }
          const seen: { id: string; startedAt: string }[] = [];
          let cursor = '';
          do {
            const { body } = await call('GET', `${path}?limit=${limit}${cursor && `&cursor=${cursor}`}`);
            expect(body.runs.length).toBeLessThanOrEqual(limit);
            seen.push(...body.runs);
            cursor = body.next ?? '';
            if (cursor) expect(body.runs).toHaveLength(limit);
            // Newer than all that have been there: it belongs before the first page.
            await runs.save(runRecord({ startedAt: '2026-12-01T00:00:00.000Z' }));
          } while (cursor);
          expect(seen.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());
          const times = seen.map(({ startedAt }) => startedAt);
          expect(times).toEqual(times.toSorted().reverse());
        },
      ),
      { numRuns: 60 },
    );
  });

  it('take ids in capitals, as some clients write a UUID', async () => {
    const { call, runs } = startTestApi();
    const [older, newer] = ['30', '31'].map((minute) =>
      // With letters in its id, which some moments have none of.
      runRecord({
        startedAt: `2026-11-20T04:${minute}:00.000Z`,
        id: `019a9f0a-b${minute}0-7abc-8def-abcdefabcdef`,
      }),
    );
    if (!older || !newer) throw new Error('Two runs were made.');
    for (const run of [older, newer]) await runs.save(run);
    const page = await call('GET', `/runs?cursor=${newer.id.toUpperCase()}`);
    expect(page.body.runs.map(({ id }: { id: string }) => id)).toEqual([older.id]);
    expect((await call('GET', `/runs/${older.id.toUpperCase()}`)).body).toMatchObject({ id: older.id });
    expect((await call('GET', `/runs/NOPE`)).body.detail).toContain('NOPE');
  });

  it('continue after a damaged record', async () => {
    const { call, runs, documents } = startTestApi();
    for (const minute of ['30', '31', '32'])
      await runs.save(runRecord({ startedAt: `2026-11-20T04:${minute}:00.000Z` }));
    const [newest = ''] = await documents.list('jobs/orders/runs/', 1);
    await documents.put(newest, '{"half');
    const first = (await call('GET', '/runs?limit=1')).body;
    expect(first).toMatchObject({
      runs: [],
      unreadable: [{ id: first.next, message: expect.stringContaining(`${newest} is not complete JSON`) }],
    });
    const rest = (await call('GET', `/runs?limit=5&cursor=${first.next}`)).body;
    expect(rest.runs.map(({ startedAt }: { startedAt: string }) => startedAt.slice(14, 16))).toEqual([
      '31',
      '30',
    ]);
    expect(rest.next).toBeUndefined();
  });
});
