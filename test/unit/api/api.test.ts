import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { acquireLease } from '../../../shared/runs/leases/lease.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { CALLER, jobs, runningRecord, runRecord, startTestApi } from '../../support/api.ts';

const NOBODY = '01a1fc88-01c9-775f-ad30-4e002322510b';
const times = { heartbeatMs: 10_000, expiryMs: 45_000 };
const noSleep = async () => {};

/** A store whose clock is the test's. */
function clockedStore() {
  let now = 0;
  const documents = createMemoryDocumentStore(() => now);
  return { documents, pass: (ms: number) => (now += ms) };
}

describe('health', () => {
  it('reports that it is alive without checking anything, and that it is ready when its state can be read', async () => {
    const down = async () => Promise.reject(new StorageUnavailableError('bucket internals'));
    const { call } = startTestApi({
      readJobs: down,
      documents: { ...createMemoryDocumentStore(), list: down },
    });
    expect(await call('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const unready = await call('GET', '/readyz');
    expect(unready.status).toBe(503);
    expect(unready.headers.get('retry-after')).toBe('5');
    expect(JSON.stringify(unready.body)).not.toContain('internals');
    expect(await startTestApi().call('GET', '/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
  });
});

describe('what is wrong with a request', () => {
  it.each([
    ['GET', '/jobs/ordres', 404, 'There is no job "ordres"; did you mean "orders"?'],
    ['GET', '/jobs/constructor', 404, 'There is no job "constructor".'],
    ['GET', '/jobs/__proto__/runs', 404, 'There is no job "__proto__".'],
    ['GET', '/jobs/a%2Fb', 404, 'There is no job "a/b".'],
    ['GET', '/jobs/gr%C3%B6%C3%9Fe', 404, 'There is no job "größe".'],
    ['POST', '/jobs/ordres/runs', 404, 'did you mean "orders"?'],
    ['GET', `/runs/${NOBODY}`, 404, `There is no run "${NOBODY}".`],
    ['GET', '/runs/..%2Forders', 404, 'There is no run "../orders".'],
    ['POST', `/runs/${NOBODY}/cancel`, 404, 'There is no run'],
    ['POST', `/runs/${NOBODY}/accept`, 404, 'There is no run'],
    ['POST', `/runs/${NOBODY}/resend`, 404, 'There is no run'],
    ['GET', '/', 404, 'openapi.json'],
    ['GET', '/jobs/', 404, 'openapi.json'],
    ['GET', '//jobs', 404, 'openapi.json'],
    ['GET', '/jobs/%E0%A4%A/runs', 400, 'percent-encoding'],
    ['GET', '/jobs?limit=1', 400, 'limit'],
    ['GET', '/runs?limit=0', 400, 'query.limit'],
    ['GET', '/runs?limit=101', 400, 'query.limit'],
    ['GET', '/runs?limit=ten', 400, 'query.limit'],
    ['GET', '/runs?limit=1&limit=2', 400, 'query.limit'],
    ['GET', '/jobs/orders/runs?cursor=x', 400, 'query.cursor'],
    ['DELETE', '/healthz', 405, 'supports GET, HEAD'],
    ['PUT', '/jobs/orders/runs', 405, 'supports POST, GET, HEAD'],
    ['GET', `/runs/${NOBODY}/cancel`, 405, 'supports POST'],
    ['OPTIONS', '/jobs', 405, 'supports GET, HEAD'],
  ])('answers %s %s with %i', async (method, path, status, detail) => {
    const { call, started } = startTestApi();
    const answer = await call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toContain(detail);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('allow') !== null).toBe(status === 405);
    expect(started).toEqual([]);
  });

  it.each([
    ['text', 'why=x', { 'content-type': 'text/plain' }, 415, 'application/json'],
    ['no type', '{}', { 'content-type': '' }, 415, 'application/json'],
    ['broken JSON', '{"why": ', {}, 400, 'body: expected JSON'],
    ['an unknown field', { wyh: 'x' }, {}, 400, 'wyh'],
    ['a number', { why: 7 }, {}, 400, 'body.why'],
    ['a list', [], {}, 400, 'body'],
    ['an empty reason', { why: ' ' }, {}, 400, 'body.why'],
    ['a long reason', { why: 'x'.repeat(501) }, {}, 400, 'body.why'],
    ['a huge body', { why: 'x'.repeat(20_000) }, {}, 413, '16384'],
    ['a key with a space', {}, { 'idempotency-key': 'a b' }, 400, 'header.idempotency-key'],
    ['a long key', {}, { 'idempotency-key': 'x'.repeat(256) }, 400, 'header.idempotency-key'],
  ])('refuses %s', async (_, body, headers, status, detail) => {
    const { call, runs, started } = startTestApi();
    const refused = runRecord({ state: 'failed', error: { class: 'GuardError', message: 'no' } });
    await runs.save(refused);
    const answer = await call('POST', `/runs/${refused.id}/accept`, { body, headers });
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toContain(detail);
    expect(started).toEqual([]);
  });

  it('reveals nothing about an internal failure, and logs it', async () => {
    const broken = startTestApi({ start: async () => Promise.reject(new Error('secret internals')) });
    const answer = await broken.call('POST', '/jobs/orders/runs');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body) + broken.logged.join()).not.toContain('internals');
    expect(broken.logged.join()).toContain('UnexpectedError');
  });

  it('answers HEAD like GET, without a body', async () => {
    const { call } = startTestApi();
    expect(await call('HEAD', '/jobs')).toMatchObject({ status: 200, body: undefined });
    expect(await call('HEAD', '/jobs/ordres')).toMatchObject({ status: 404, body: undefined });
  });
});

describe('a job', () => {
  it('is shown with its next runs, its newest ones and its baseline', async () => {
    const { call, runs } = startTestApi();
    const good = runRecord();
    const failed = runRecord({
      startedAt: '2026-11-21T03:30:00.000Z',
      state: 'failed',
      error: { class: 'QueryError', message: 'no' },
    });
    await runs.save(good);
    await runs.save(failed);
    const baseline = {
      runId: good.id,
      at: '2026-11-20T04:31:00Z',
      rows: 12,
      bytes: 345,
      schema: [{ name: 'id', type: 'INTEGER' }],
    };
    await runs.saveBaseline('orders', { schemaVersion: 1, ...baseline });
    const { body } = await call('GET', '/jobs/orders');
    expect(body).toMatchObject({
      name: 'orders',
      source: 'erp',
      dataset: 'ds_a',
      schedule: { expression: 'cron(30 4 * * ? *)', timezone: 'Europe/Berlin', enabled: true },
      lastRun: { id: failed.id, state: 'failed', error: 'QueryError' },
      lastEndedRun: { id: failed.id, state: 'failed', error: 'QueryError' },
      lastGoodRun: { id: good.id, state: 'succeeded', rows: 12 },
      baseline,
    });
    // What never began says nothing about how the job is doing.
    const skipped = runRecord({ startedAt: '2026-11-22T04:30:00.000Z', state: 'skipped' });
    await runs.save(skipped);
    expect((await call('GET', '/jobs/orders')).body).toMatchObject({
      lastRun: { id: skipped.id, state: 'skipped' },
      lastEndedRun: { id: failed.id, state: 'failed' },
    });
    expect(body.nextRuns).toHaveLength(5);
    for (const run of body.nextRuns) expect(Date.parse(run)).toBeGreaterThan(Date.now());
    expect(body.running).toBeUndefined();
  });

  it.each([
    ['', 'is empty\\. Restore an earlier version of it, or remove it: '],
    ['{"rows":', 'is not complete JSON\\. Restore an earlier version of it, or remove it: '],
    ['{"schemaVersion":1,"runId":7}', 'does not have the form [^.]* \\(runId, at, rows\\)\\. Restore '],
    [
      '{"schemaVersion":2}',
      'was written by a later release of Ferry \\(schemaVersion 2\\)\\. Use the release ',
    ],
  ])('with the baseline %j is shown all the same, with why that cannot be read', async (text, reason) => {
    const { call, runs, documents } = startTestApi();
    const good = runRecord();
    await runs.save(good);
    await documents.put('jobs/orders/baseline.json', text);
    const { status, body } = await call('GET', '/jobs/orders');
    expect([status, body.lastRun.id, body.nextRuns.length, body.baseline]).toEqual([
      200,
      good.id,
      5,
      undefined,
    ]);
    const where = 'jobs/orders/baseline.json';
    expect(body.unreadable).toMatch(
      new RegExp(`^The last accepted result of orders cannot be read: ${where} ${reason}`),
    );
  });

  it('whose record cannot be read is an error that says where, and what to do', async () => {
    const { call, runs, documents } = startTestApi();
    const good = runRecord();
    await runs.save(good);
    const [key = ''] = await documents.list('jobs/orders/runs/', 1);
    await documents.put(key, '{"half');
    expect(await call('GET', `/runs/${good.id}`)).toMatchObject({
      status: 500,
      body: { detail: expect.stringMatching(/ cannot be read: .* is not complete JSON\. \w/) },
    });
  });

  it('is shown before it ever ran, and by its encoded name', async () => {
    const { call } = startTestApi({
      index: { größe: { ...jobs.customers, kind: 'sync', source: 'erp', dataset: 'ds', target: 't' } },
    });
    expect((await call('GET', '/jobs/gr%C3%B6%C3%9Fe')).body).toEqual({
      name: 'größe',
      kind: 'sync',
      source: 'erp',
      dataset: 'ds',
      target: 't',
      nextRuns: [],
    });
  });

  it.each([
    ['switched off', { cron: '0 5 * * *', timezone: 'UTC', enabled: false }, false],
    ['counted in minutes', { cron: '@every 1h', timezone: 'UTC', enabled: true }, false],
    ['never again', { cron: '0 5 1 1 ? 2020', timezone: 'UTC', enabled: true }, false],
    ['daily', { cron: '@daily', timezone: 'UTC', enabled: true }, true],
  ])('shows the next run of a schedule that is %s', async (_, schedule, told) => {
    const index = { orders: { kind: 'sync' as const, source: 's', dataset: 'd', target: 't', schedule } };
    const { call } = startTestApi({ index });
    expect((await call('GET', '/jobs')).body.jobs[0].nextRun !== undefined).toBe(told);
    expect((await call('GET', '/jobs/orders')).body.nextRuns).toHaveLength(told ? 5 : 0);
  });
});

describe('a run', () => {
  it('is shown as in its record', async () => {
    const { call, runs } = startTestApi();
    const record = runRecord();
    await runs.save(record);
    const { schemaVersion: _, ...shown } = record;
    expect((await call('GET', `/runs/${record.id}`)).body).toEqual({ ...shown, actions: [] });
  });

  it('is only shown as running while it has a heartbeat, wherever it is shown', async () => {
    const { documents, pass } = clockedStore();
    const { call, runs } = startTestApi({ documents });
    const record = runningRecord();
    const taken = await acquireLease(documents, { job: 'orders', runId: record.id, times, sleep: noSleep });
    if (taken.outcome !== 'acquired') throw new Error('the lease is free');
    await runs.save(record);
    await taken.lease.renew({ phase: 'upload', bytes: 77 });
    pass(5_000);
    const shown = async () => ({
      run: (await call('GET', `/runs/${record.id}`)).body,
      listed: (await call('GET', '/jobs/orders/runs')).body.runs[0],
      job: (await call('GET', '/jobs/orders')).body.running,
      ofAll: (await call('GET', '/jobs')).body.jobs.find(({ name }: { name: string }) => name === 'orders')
        .running,
    });
    const alive = await shown();
    expect(alive.run).toMatchObject({
      state: 'running',
      stale: false,
      progress: { phase: 'upload', bytes: 77, heartbeatAgeMs: 5_000 },
    });
    expect({ ...alive.listed, actions: ['cancel'] }).toEqual(alive.run);
    expect(alive.job).toMatchObject({ id: record.id, state: 'running' });
    expect([alive.job.stale, alive.ofAll.stale]).toEqual([undefined, undefined]);
    pass(45_000);
    const dead = await shown();
    expect(dead.run.progress).toBeUndefined();
    expect([dead.run, dead.listed, dead.job, dead.ofAll].map(({ stale }) => stale)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('can be cancelled while it runs or waits, and not when it has ended', async () => {
    const { call, runs } = startTestApi();
    const record = runningRecord();
    await runs.save(record);
    expect(await call('POST', `/runs/${record.id}/cancel`)).toMatchObject({
      status: 202,
      body: { runId: record.id, job: 'orders', cancelRequested: true },
    });
    expect(await runs.findCancelRequest('orders', record.id)).toBe(CALLER);
    await runs.save({ ...runRecord(), id: record.id });
    expect(await call('POST', `/runs/${record.id}/cancel`)).toMatchObject({
      status: 409,
      body: { detail: `Run ${record.id} has already ended (succeeded).` },
    });
    const { body: queued } = await call('POST', '/jobs/customers/runs');
    expect((await call('POST', `/runs/${queued.runId}/cancel`)).status).toBe(202);
    expect(await runs.findCancelRequest('customers', queued.runId)).toBe(CALLER);
  });

  it('is unknown if only its id is well-formed', async () => {
    expect((await startTestApi().call('GET', `/runs/${newRunId()}`)).status).toBe(404);
  });
});
