import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { acquireLease } from '../../../shared/runs/leases/lease.ts';
import { CALLER, jobs, runningRecord, runRecord, startTestApi, type TestApi } from '../../support/api.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-api-'));
  file = join(folder, 'result.parquet');
  await writeFile(file, 'PAR1');
});
afterAll(() => rm(folder, { recursive: true }));

const withKey = (key: string) => ({ headers: { 'idempotency-key': key } });

describe('starting a run', () => {
  it('starts the job for anyone who signed, and shows the run as queued until it has begun', async () => {
    const { call, started, runs, logged } = startTestApi();
    const answer = await call('POST', '/jobs/orders/runs');
    const { runId } = answer.body;
    expect(answer).toMatchObject({ status: 202, body: { job: 'orders', state: 'queued' } });
    const location = new URL(
      answer.headers.get('location') ?? '',
      'https://api.example.org/v1/jobs/orders/runs',
    );
    expect(location.pathname).toBe(`/v1/runs/${runId}`);
    expect(started).toEqual([{ job: 'orders', runId, triggeredBy: CALLER }]);
    expect(logged.join()).toContain(CALLER);
    expect((await call('GET', `/runs/${runId}`)).body).toMatchObject({
      id: runId,
      state: 'queued',
      dataset: 'ds_a',
      triggeredBy: CALLER,
      stale: false,
    });
    await runs.save(runRecord({ id: runId }));
    expect((await call('GET', `/runs/${runId}`)).body.state).toBe('succeeded');
  });

  it('accepts an empty body of any type, and an empty object', async () => {
    const { call } = startTestApi();
    expect((await call('POST', '/jobs/orders/runs', { body: '' })).status).toBe(202);
    expect((await call('POST', '/jobs/orders/runs', { body: {} })).status).toBe(202);
  });

  it('says that a start is stale if it was not delivered within six hours', async () => {
    const { call } = startTestApi();
    const { runId } = (await call('POST', '/jobs/orders/runs')).body;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6.1 * 3_600_000 });
    try {
      expect((await call('GET', `/runs/${runId}`)).body).toMatchObject({ state: 'queued', stale: true });
    } finally {
      vi.useRealTimers();
    }
  });

  it('names the run in progress, and starts one when that has died', async () => {
    let now = 0;
    const documents = createMemoryDocumentStore(() => now);
    const { call, started } = startTestApi({ documents });
    const { id } = runningRecord();
    await acquireLease(documents, {
      job: 'orders',
      runId: id,
      times: { heartbeatMs: 10_000, expiryMs: 45_000 },
      sleep: async () => {},
    });
    expect(await call('POST', '/jobs/orders/runs')).toMatchObject({ status: 409, body: { runId: id } });
    expect((await call('POST', '/jobs/customers/runs')).status).toBe(202);
    now = 46_000;
    expect((await call('POST', '/jobs/orders/runs')).status).toBe(202);
    expect(started).toHaveLength(2);
  });

  it('starts one when the run in progress has ended, and just has not released the lease yet', async () => {
    const documents = createMemoryDocumentStore();
    const { call, runs } = startTestApi({ documents });
    const record = runningRecord();
    const times = { heartbeatMs: 10_000, expiryMs: 45_000 };
    await acquireLease(documents, { job: 'orders', runId: record.id, times, sleep: async () => {} });
    await runs.save(record);
    expect((await call('POST', '/jobs/orders/runs')).status).toBe(409);
    await runs.save(runRecord({ id: record.id }));
    expect((await call('POST', '/jobs/orders/runs')).status).toBe(202);
  });
});

describe('an idempotency key', () => {
  it.each([
    ['in memory', () => createMemoryDocumentStore()],
    ['in a folder', () => createFolderDocumentStore(join(folder, 'state'))],
  ])('is one run, however many send it at once (%s)', async (_, createStore) => {
    const { call, started } = startTestApi({ documents: createStore() });
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => call('POST', '/jobs/orders/runs', withKey('nightly/1'))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(1);
    expect(new Set(started.map(({ runId }) => runId))).toEqual(new Set([answers[0]?.body.runId]));
    const other = await call('POST', '/jobs/orders/runs', withKey('nightly/2'));
    const otherJob = await call('POST', '/jobs/customers/runs', withKey('nightly/1'));
    expect(new Set([answers[0], other, otherJob].map((answer) => answer?.body.runId)).size).toBe(3);
  });

  it('finds its run while that is in progress and when it has ended, and does not start it again', async () => {
    const { call, started, runs, documents } = startTestApi();
    const { runId } = (await call('POST', '/jobs/orders/runs', withKey('k'))).body;
    await acquireLease(documents, {
      job: 'orders',
      runId,
      times: { heartbeatMs: 10_000, expiryMs: 45_000 },
      sleep: async () => {},
    });
    await runs.save(runningRecord({ id: runId }));
    const repeated = await call('POST', '/jobs/orders/runs', withKey('k'));
    expect(repeated).toMatchObject({ status: 202, body: { runId, state: 'running' } });
    expect(repeated.headers.get('location')).toBe(`../../runs/${runId}`);
    await runs.save(runRecord({ id: runId }));
    expect((await call('POST', '/jobs/orders/runs', withKey('k'))).body).toMatchObject({
      runId,
      state: 'succeeded',
    });
    expect(started).toHaveLength(1);
  });

  it('starts its run when the first delivery failed', async () => {
    let fails = true;
    const { call, started } = startTestApi({
      start: async () => {
        if (fails) throw new Error('throttled');
      },
    });
    expect((await call('POST', '/jobs/orders/runs', withKey('k'))).status).toBe(500);
    fails = false;
    const { runId } = (await call('POST', '/jobs/orders/runs', withKey('k'))).body;
    expect(started).toEqual([expect.objectContaining({ runId })]);
  });

  it('is good for one request only', async () => {
    const { call, runs } = startTestApi();
    const refused = runRecord({ state: 'failed', error: { class: 'GuardError', message: 'no' } });
    await runs.save(refused);
    await runs.keepRefused('orders', refused.id, file);
    const accept = (why: string) =>
      call('POST', `/runs/${refused.id}/accept`, { body: { why }, ...withKey('k') });
    const first = await accept('checked');
    const location = new URL(
      first.headers.get('location') ?? '',
      `https://api.example.org/v1/runs/${refused.id}/accept`,
    );
    expect(location.pathname).toBe(`/v1/runs/${first.body.runId}`);
    expect((await accept('checked')).body.runId).toBe(first.body.runId);
    expect((await accept('something else')).status).toBe(422);
    expect((await call('POST', '/jobs/orders/runs', withKey('k'))).status).toBe(422);
  });
});

describe.each([
  ['accept', (api: TestApi, id: string) => api.runs.keepRefused('orders', id, file)],
  ['resend', (api: TestApi, id: string) => api.documents.putFile(`archive/orders/${id}.parquet`, file)],
] as const)('%s', (operation, keep) => {
  const refused = () => runRecord({ state: 'failed', error: { class: 'GuardError', message: 'no' } });

  it('starts a run that sends the earlier one’s file, with who and why', async () => {
    const api = startTestApi();
    const record = refused();
    await api.runs.save(record);
    await keep(api, record.id);
    const answer = await api.call('POST', `/runs/${record.id}/${operation}`, { body: { why: 'year’s end' } });
    const { runId } = answer.body;
    expect(answer.status).toBe(202);
    expect(runId).not.toBe(record.id);
    expect(api.started).toEqual([
      { job: 'orders', runId, triggeredBy: CALLER, [operation]: { runId: record.id, why: 'year’s end' } },
    ]);
    await api.call('POST', `/runs/${record.id}/${operation}`);
    expect(api.started[1]?.[operation]).toEqual({ runId: record.id });
  });

  it('says so when there is no file, when the job is gone, and when a run is in progress', async () => {
    const without = startTestApi();
    const record = refused();
    await without.runs.save(record);
    expect(await without.call('POST', `/runs/${record.id}/${operation}`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/no longer kept|no archived file/) },
    });
    const { customers } = jobs;
    const gone = startTestApi({ documents: without.documents, index: customers ? { customers } : {} });
    await keep(gone, record.id);
    expect((await gone.call('POST', `/runs/${record.id}/${operation}`)).body.detail).toContain(
      'no longer configured',
    );
    const { id } = runningRecord();
    await without.runs.acquireLease({
      job: 'orders',
      runId: id,
      times: { heartbeatMs: 10_000, expiryMs: 45_000 },
      sleep: async () => {},
    });
    expect(await without.call('POST', `/runs/${record.id}/${operation}`)).toMatchObject({
      status: 409,
      body: { runId: id },
    });
    expect([...without.started, ...gone.started]).toEqual([]);
  });
});

it('accepts nothing that no guard refused', async () => {
  const { call, runs, started } = startTestApi();
  const record = runRecord();
  await runs.save(record);
  expect(await call('POST', `/runs/${record.id}/accept`)).toMatchObject({
    status: 409,
    body: { detail: `Run ${record.id} was not refused by a guard.` },
  });
  expect(started).toEqual([]);
});
