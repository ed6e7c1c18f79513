import { describe, expect, it } from 'vitest';
import { duckdbMemoryLimit } from '../../../functions/jobs/job-function.ts';
import { createSyncFunction } from '../../../functions/sync/sync-function.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { leaseTimes } from '../../../shared/runs/leases/lease.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { runRecord } from '../../support/api.ts';

const config = {
  version: 1,
  sources: {
    erp: { type: 'postgres', host: '127.0.0.1', database: 'erp', auth: { type: 'password', secret: 'erp' } },
  },
  polyteia: { default: { token: 'polyteia', baseUrl: 'http://127.0.0.1:9' } },
  syncs: { orders: { source: 'erp', query: 'SELECT 1 AS a', dataset: 'ds_a' } },
};

function syncFunction(stored: string | undefined = JSON.stringify(config)) {
  const saved: RunRecord[] = [];
  const reported: string[] = [];
  const proxies: (string | undefined)[] = [];
  const state = createMemoryDocumentStore();
  const store = createRunStore(state);
  const run = createSyncFunction({
    environment: {
      STATE_BUCKET: 's',
      CONFIG_BUCKET: 'c',
      CONFIG_KEY: 'k',
      STACK_NAME: 'Ferry',
      LOG_LEVEL: 'error',
    },
    memoryMegabytes: 2048,
    config: { get: async () => stored },
    state,
    store: {
      ...store,
      save: async (record) => {
        saved.push(structuredClone(record));
        await store.save(record);
      },
    },
    // Ends the run before anything is connected to: a secret that is no key.
    openSecrets: ({ proxy }) => {
      proxies.push(proxy);
      return { read: async () => 'no key' };
    },
    extensionFolders: [],
    workFolder: '/tmp',
    logger: createLogger({ level: 'silent' }),
    report: async ({ id, state }) => {
      reported.push(`${id} ${state}`);
    },
  });
  return {
    saved,
    reported,
    proxies,
    store,
    state,
    run: async (event: unknown, timeMs = 60_000) => {
      const answer = await run(event, new Date(Date.now() + timeMs));
      if (!('state' in answer)) throw new Error('Something else was answered than a run.');
      return answer;
    },
    check: (event: unknown) => run(event, new Date(Date.now() + 60_000)),
  };
}

describe('the sync function', () => {
  it('answers a question about a query, and none about a catalog', async () => {
    const { check } = syncFunction();
    const question = { job: 'orders', source: 'erp' };
    const columns = { ...question, probe: 'columns', query: 'SELECT 1 AS a', types: 'exact' };
    // As far as the secret, which is no key.
    expect(await check(columns)).toMatchObject({
      refused: { class: 'ConfigError', message: expect.stringContaining('secret') },
    });
    expect(await check({ ...columns, source: 'epr' })).toMatchObject({
      refused: { message: 'There is no source "epr".' },
    });
    expect(await check({ ...question, probe: 'sign-in' })).toMatchObject({
      refused: { message: 'This function reads no catalog.' },
    });
  });

  it('returns the record of a failed run instead of throwing, so that the platform does not try again', async () => {
    const { run, saved, reported } = syncFunction();
    const answer = await run({ job: 'orders', scheduledTime: '2026-11-21T04:30:00Z' });
    expect(reported).toEqual([`${answer.id} failed`]);
    expect(answer).toMatchObject({ job: 'orders', state: 'failed', error: { class: 'ConfigError' } });
    expect(saved.map(({ state }) => state)).toEqual(['running', 'failed']);
    expect(saved[1]).toMatchObject({
      id: answer.id,
      trigger: 'schedule',
      scheduledTime: '2026-11-21T04:30:00.000Z',
    });
  });

  it('gives a scheduled moment the same run however often it is delivered, and the API’s run its known id', async () => {
    const { run, saved } = syncFunction();
    const event = { job: 'orders', scheduledTime: '2026-11-21T04:30:00Z' };
    const first = await run(event);
    expect(await run(event)).toEqual(first);
    // Delivered twice, begun once.
    expect(saved.map(({ state }) => state)).toEqual(['running', 'failed']);
    const runId = '01a1fc88-01c9-775f-ad30-4e002322510b';
    expect((await run({ job: 'orders', runId, triggeredBy: 'arn:x' })).id).toBe(runId);
  });

  it('sends a refused file on request, and starts nothing for a run that was not refused or a file of the archive', async () => {
    const { run, saved, store } = syncFunction();
    const refused = runRecord({ state: 'failed', error: { class: 'GuardError', message: 'no' } });
    const good = runRecord();
    await store.save(refused);
    await store.save(good);
    const runId = '01a1fc88-01c9-775f-ad30-4e002322510b';
    const request = { job: 'orders', runId, triggeredBy: 'arn:x' };
    expect(await run({ ...request, accept: { runId: good.id } })).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('was not refused by a guard') },
    });
    expect(await run({ ...request, resend: { runId: good.id } })).toMatchObject({
      error: { class: 'ConfigError' },
    });
    expect(await run({ ...request, accept: { runId: good.id }, resend: { runId: good.id } })).toMatchObject({
      error: { message: expect.stringContaining('does not recognise the event') },
    });
    expect(saved).toEqual([]);
    // Its file was never kept: the run has begun, and says so.
    expect(await run({ ...request, accept: { runId: refused.id, why: 'checked' } })).toMatchObject({
      id: runId,
      error: { message: expect.stringContaining('no longer kept') },
    });
    expect(saved.at(-1)).toMatchObject({ id: runId, trigger: 'api', triggeredBy: 'arn:x' });
  });

  it('opens its secrets once, through the proxy of its configuration', async () => {
    const { run, proxies } = syncFunction(JSON.stringify({ ...config, proxy: 'http://proxy:3128' }));
    for (const scheduledTime of ['2026-11-21T04:30:00Z', '2026-11-22T04:30:00Z'])
      await run({ job: 'orders', scheduledTime });
    expect(proxies).toEqual(['http://proxy:3128']);
  });

  it('ends at once without a free slot at its source, and leaves a ticket by which the run is started again', async () => {
    const limited = { ...config, sources: { erp: { ...config.sources.erp, maxConcurrentRuns: 1 } } };
    const { run, saved, store } = syncFunction(JSON.stringify(limited));
    const claim = { source: 'erp', slots: 1, job: 'other', runId: '0', times: leaseTimes };
    const holder = store.queueForSlot(claim);
    const held = await holder.look();
    await holder.leave();
    const event = { job: 'orders', scheduledTime: '2026-11-21T04:30:00Z' };
    expect(await run(event)).toEqual({ job: 'orders', state: 'queued' });
    expect(saved.map(({ state }) => state)).toEqual(['queued']);
    expect(await store.findParkedRun('orders')).toBe(saved[0]?.id);
    if ('slot' in held) await held.slot.release();
    // The end is that of a secret that is no key: the run had its turn.
    expect(await run(event)).toMatchObject({ id: saved[0]?.id, error: { class: 'ConfigError' } });
    expect(await store.findParkedRun('orders')).toBeUndefined();
  });

  it('answers an event of another form and an unknown job, and throws when its configuration is gone', async () => {
    const { run, saved } = syncFunction();
    const failed = (message: string) => ({
      state: 'failed',
      error: { class: 'ConfigError', message: expect.stringContaining(message) },
    });
    expect(await run({ job: 'orders' })).toEqual(failed('does not recognise the event'));
    expect(await run({ job: 'ordres', scheduledTime: 'x' })).toEqual(failed('did you mean "orders"?'));
    expect(saved).toEqual([]);
    await expect(syncFunction('').run({ job: 'orders', scheduledTime: 'x' })).rejects.toThrow(
      'This release of Ferry cannot read',
    );
  });
});

describe('duckdbMemoryLimit', () => {
  it('leaves a quarter of the function and the runtime’s share free', () => {
    expect(duckdbMemoryLimit(2048)).toBe(1_336_000_000);
    expect(duckdbMemoryLimit(256)).toBe(64_000_000);
  });

  it('checks what a run of a job would need, and says which hop fails', async () => {
    const { check, saved, state } = syncFunction();
    const answer = await check({ job: 'orders', check: true });
    const checks = 'checks' in answer ? answer.checks : [];
    expect(checks.map(({ check: name, status }) => [name, status])).toEqual([
      ['state: write', 'ok'],
      ['state: read', 'ok'],
      ['state: absent', 'ok'],
      ['secret', 'failed'],
      ...['DNS', 'TCP', 'login', 'encryption', 'permissions', 'sync orders'].map((name) => [name, 'skipped']),
      ['Polyteia DNS', 'ok'],
      ['Polyteia TCP', 'failed'],
    ]);
    expect(checks[3]).toMatchObject({ class: 'ConfigError', detail: 'The secret erp is not JSON.' });
    expect(checks.at(-1)).toMatchObject({
      class: 'PolyteiaUnavailableError',
      hint: expect.stringContaining('NAT gateway'),
    });
    expect(saved).toEqual([]);
    expect(await state.get('jobs/orders/check.json')).toContain('checkedAt');
  });

  it('does not begin a check twice, nor beside another of the job', async () => {
    const { check, state } = syncFunction();
    const ids = ['019aa401-7c1e-7d0e-9c53-0b3f0c1d2e4f', '019aa402-7c1e-7d0e-9c53-0b3f0c1d2e4f'];
    const stored = () => state.get('jobs/orders/last-check.json');
    const event = { job: 'orders', check: true, id: ids[0], requestedBy: 'jürgen' };
    expect(await check(event)).toMatchObject({ checks: expect.arrayContaining([expect.anything()]) });
    // Lambda delivers one again that was killed.
    const first = await stored();
    expect(await check(event)).toEqual({ checks: [] });
    expect(await stored()).toBe(first);
    const { endedAt: _endedAt, ...killed } = JSON.parse(first ?? '');
    const startedAt = new Date().toISOString();
    await state.put('jobs/orders/last-check.json', JSON.stringify({ ...killed, startedAt }));
    expect(await check({ ...event, id: ids[1] })).toEqual({ checks: [] });
    await state.put('jobs/orders/last-check.json', JSON.stringify(killed).replace(/2\d{3}-/, '2020-'));
    await check({ ...event, id: ids[1] });
    expect(await stored()).toContain(ids[1]);
  });

  it.each([
    ['a configuration of another release', '{}', 'orders', 'cannot read the deployed configuration'],
    ['a job that does not exist', JSON.stringify(config), 'nothing', 'There is no sync "nothing".'],
  ])('answers a check of %s with a failed one', async (_what, stored, job, detail) => {
    const answer = await syncFunction(stored).check({ job, check: true });
    expect(answer).toEqual({
      checks: [
        expect.objectContaining({
          check: 'configuration',
          status: 'failed',
          detail: expect.stringContaining(detail),
        }),
      ],
    });
  });
});
