import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CancelledError } from '../../../shared/errors.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { type FaultRun, runWithFault, TRIES, undisturbedFile } from '../../support/runs/fault-bench.ts';
import type { StoreFault } from '../../support/runs/fault-store.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

const query = (version: number) => `SELECT id, ${version} AS version FROM orders ORDER BY id`;

let postgres: PostgresServer;
let common: Pick<FaultRun, 'source' | 'query' | 'before' | 'replacement'>;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.query('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 100) i');
  const before = await undisturbedFile({ source: postgres, query: query(1) });
  const replacement = await undisturbedFile({ source: postgres, query: query(2) });
  common = { source: postgres, query: query(2), before, replacement };
});
afterAll(() => postgres.stop());

const run = (store: readonly StoreFault[], options: Partial<FaultRun> = {}) =>
  runWithFault({ ...common, store, ...options });

const RECORD = /^jobs\/orders\/runs\//;
const POINTER = /^runs\//;
const LEASE = /^leases\/orders\.json$/;
const LAST = /^jobs\/orders\/last\.json$/;
// It is taken, renewed before the run begins, before the upload, before each of the three documents about it, and at the end.
const LEASE_WRITES = { beforeUpload: 2, all: 7 };
const BASELINE = /^jobs\/orders\/baseline\.json$/;

describe.concurrent('a store that is unreachable for a moment', () => {
  const cases: readonly (StoreFault & { what: string; tries?: number })[] = [
    { what: 'the record at the start', on: 'put', key: RECORD },
    { what: 'what points to the record at the start', on: 'put', key: POINTER },
    { what: 'the lease before the run', on: 'replace', key: LEASE, after: 1 },
    { what: 'the lease before the upload', on: 'replace', key: LEASE, after: LEASE_WRITES.beforeUpload },
    {
      what: 'the lease before the upload, written though',
      on: 'replace',
      key: LEASE,
      after: LEASE_WRITES.beforeUpload,
      apply: true,
    },
    { what: 'the last upload when it is read', on: 'get', key: LAST },
    { what: 'the last upload when it is written', on: 'put', key: LAST },
    { what: 'its end when that is written', on: 'put', key: LAST, after: 1 },
    { what: 'the baseline when it is read', on: 'get', key: BASELINE },
    { what: 'the baseline when it is written', on: 'put', key: BASELINE },
    { what: 'the record at the end', on: 'put', key: RECORD, after: 1 },
    { what: 'what points to the record at the end', on: 'put', key: POINTER, after: 1 },
  ];
  it.each(cases)('$what: tried again, and nobody notices', async ({ what: _, ...fault }) => {
    const outcome = await run([{ ...fault, times: 1 }]);
    expect(outcome.storeCalls.filter(({ failed }) => failed)).toHaveLength(1);
    expect(outcome.record).toMatchObject({ state: 'succeeded', outcome: 'uploaded', warnings: [] });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });
});

describe.concurrent('a store that is unreachable for good', () => {
  it.each<StoreFault & { what: string }>([
    { what: 'when the run is looked for', on: 'get', key: RECORD },
    { what: 'when the lease is read', on: 'read', key: LEASE },
    { what: 'when the lease is taken', on: 'replace', key: LEASE },
    { what: 'when the lease is taken, which happens though', on: 'replace', key: LEASE, apply: true },
  ])('$what: nothing begins, and the caller gets the error', async ({ what: _, ...fault }) => {
    const outcome = await run([fault]);
    expect(outcome.record).toBeUndefined();
    expect(outcome.error).toMatchObject({ class: 'StorageUnavailableError' });
    expect(outcome).toMatchObject({ saved: undefined, phases: [], calls: [], dataset: 'unchanged' });
  });

  it.each<StoreFault & { what: string }>([
    { what: 'the record', on: 'put', key: RECORD },
    { what: 'what points to the record', on: 'put', key: POINTER },
  ])('$what, from the start: failed before anything is touched', async ({ what: _, ...fault }) => {
    const outcome = await run([fault]);
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'StorageUnavailableError' },
      warnings: [expect.stringContaining('The record of this run could not be saved')],
    });
    expect(outcome.retries).toHaveLength(TRIES - 1);
    expect(outcome).toMatchObject({ phases: [], calls: [], dataset: 'unchanged', uploads: 0 });
    // Given back, so that the next run need not wait until it expires.
    expect(outcome.storeCalls.at(-1)).toMatchObject({
      on: 'replace',
      key: 'leases/orders.json',
      failed: false,
    });
  });

  it('the baseline, when it is read: failed, because a guard needs something to compare with', async () => {
    const outcome = await run([{ on: 'get', key: BASELINE }]);
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'StorageUnavailableError', phase: 'guards' },
    });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.calls).not.toContain('upload');
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });

  it.each([
    ['not renewed', false],
    ['renewed without an answer', true],
  ])('the lease right before the upload, %s: nothing is uploaded', async (_, apply) => {
    const outcome = await run([{ on: 'replace', key: LEASE, after: LEASE_WRITES.beforeUpload, apply }]);
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'StorageUnavailableError', phase: 'upload' },
    });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.storeCalls.filter(({ on, failed }) => on === 'replace' && failed)).toHaveLength(
      // And once before the record, once when it is given back.
      TRIES + 2,
    );
    expect(outcome.calls).not.toContain('upload');
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });

  it('every heartbeat: the run ends before another one can believe that it is dead', async () => {
    let exporting = false;
    const outcome = await run([{ on: 'replace', key: LEASE, when: () => exporting }], {
      onProgress: (event) => {
        exporting ||= event.type === 'phase-started' && event.phase === 'export';
      },
      // Longer than a test may take.
      query: 'SELECT id, pg_sleep(30)::text AS s FROM orders',
      leaseTimes: { heartbeatMs: 100, expiryMs: 1_000 },
    });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'LeaseLostError', phase: 'export' },
    });
    // It is the next holder's to write.
    expect(outcome.saved).toMatchObject({ state: 'running' });
    expect(outcome.calls).toEqual(['get_dataset']);
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });

  it('every heartbeat while Polyteia receives the file: the upload is interrupted', async () => {
    let standIn: PolyteiaStandIn | undefined;
    const sending = () => standIn?.calls.some(({ on }) => on === 'upload') ?? false;
    const outcome = await run([{ on: 'replace', key: LEASE, when: sending }], {
      leaseTimes: { heartbeatMs: 100, expiryMs: 1_000 },
      plan: (one) => {
        standIn = one;
        one.failNext({ on: 'upload', how: { kind: 'hang' } });
      },
    });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'LeaseLostError', phase: 'upload' },
    });
    expect(outcome.calls.filter((on) => on === 'upload')).toHaveLength(1);
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });

  it('the lease, when it is released: it expires on its own', async () => {
    const outcome = await run([{ on: 'replace', key: LEASE, after: LEASE_WRITES.all }]);
    expect(outcome.storeCalls.at(-1)).toMatchObject({ on: 'replace', failed: true });
    expect(outcome.record).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });

  it('whether somebody asked the run to stop: heartbeats continue, and the run ends normally', async () => {
    const outcome = await run([{ on: 'get', key: /^leases\/orders\.cancel/ }], {
      query: `${common.query} LIMIT (SELECT 100 FROM pg_sleep(1))`,
      replacement: (await run([], { query: `${common.query} LIMIT 100` })).content,
      leaseTimes: { heartbeatMs: 100, expiryMs: 60_000 },
    });
    expect(outcome.record).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(outcome.storeCalls.filter(({ failed }) => failed).length).toBeGreaterThan(1);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });

  it('the baseline, when it is written: uploaded, with a warning', async () => {
    const outcome = await run([{ on: 'put', key: BASELINE }]);
    expect(outcome.record).toMatchObject({
      state: 'succeeded',
      outcome: 'uploaded',
      warnings: [expect.stringContaining('compared with an older one')],
    });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });

  it('the last upload, when it is read: failed before anything is read', async () => {
    const outcome = await run([{ on: 'get', key: LAST }]);
    expect(outcome.record).toMatchObject({ state: 'failed', error: { class: 'StorageUnavailableError' } });
    expect(outcome.phases).toEqual([]);
    expect(outcome.calls).toEqual([]);
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });

  it('the last upload, when it is written: uploaded, with a warning', async () => {
    const outcome = await run([{ on: 'put', key: LAST }]);
    expect(outcome.record).toMatchObject({
      state: 'succeeded',
      outcome: 'uploaded',
      warnings: [expect.stringContaining('it will upload the file again')],
    });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });

  it.each<StoreFault & { what: string }>([
    { what: 'the record', on: 'put', key: RECORD, after: 1 },
    { what: 'what points to the record', on: 'put', key: POINTER, after: 1 },
  ])('$what, at the end: uploaded, and the caller gets the error', async ({ what: _, ...fault }) => {
    const outcome = await run([fault]);
    expect(outcome.record).toMatchObject({
      state: 'succeeded',
      outcome: 'uploaded',
      warnings: [expect.stringContaining('The record of this run could not be saved')],
    });
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });

  it('everything, from the upload on: uploaded, and everything missing is reported', async () => {
    let away = false;
    const outcome = await run(
      [
        { on: 'put', key: /./, when: () => away },
        { on: 'replace', key: /./, when: () => away },
        { on: 'get', key: /./, when: () => away },
      ],
      {
        onProgress: (event) => {
          if (event.type === 'phase-ended' && event.phase === 'upload') away = true;
        },
      },
    );
    expect(outcome.record).toMatchObject({ state: 'succeeded', outcome: 'uploaded' });
    expect(outcome.record?.warnings).toEqual([
      expect.stringContaining('it will upload the file again'),
      expect.stringContaining('compared with an older one'),
      expect.stringContaining('The record of this run could not be saved'),
    ]);
    expect(outcome.saved).toMatchObject({ state: 'running' });
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });

  it('the refused file: the guard decides anyway, and no command is suggested that cannot work', async () => {
    const outcome = await run([{ on: 'putFile', key: /^refused\// }], { sync: { guards: { minRows: 101 } } });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'GuardError', phase: 'guards' },
      warnings: [expect.stringContaining('could not be kept')],
    });
    expect(JSON.stringify(outcome.record)).not.toContain('ferry accept');
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });
});

describe.concurrent('a document that exists and has another form than this release writes', () => {
  const kept = {
    schemaVersion: 1,
    runId: newRunId(),
    at: new Date().toISOString(),
    rows: 1_000,
    bytes: 9,
    schema: [],
  };
  const last = { target: 'default', dataset: 'ds_a', contentType: 'text/csv', settled: true };
  const guards = { maxRowChange: '50%' };

  it.each([
    ['the baseline, empty', 'jobs/orders/baseline.json', '', 'guards'],
    ['the baseline, torn', 'jobs/orders/baseline.json', JSON.stringify(kept).slice(0, -5), 'guards'],
    ['the baseline of a later release', 'jobs/orders/baseline.json', '{"schemaVersion":2}', 'guards'],
    [
      'the last upload, torn',
      'jobs/orders/last.json',
      JSON.stringify({ ...kept, ...last }).slice(0, -5),
      undefined,
    ],
    ['the last upload of a later release', 'jobs/orders/last.json', '{"schemaVersion":2}', undefined],
  ])('%s: nothing is uploaded, and the record says what to do', async (_, key, text, phase) => {
    const outcome = await run([], { sync: { guards }, kept: { [key]: text } });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'StateError', message: expect.stringContaining(key), hint: expect.any(String) },
    });
    expect(outcome.record?.error?.phase).toBe(phase);
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.retries).toEqual([]);
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });

  it('the baseline, with a field that a later minor release added: guards compare with it', async () => {
    const text = JSON.stringify({ ...kept, ofALaterRelease: { is: 7 } });
    // The bench takes the command that a kept file is accepted by for its password.
    const outcome = await run([{ on: 'putFile', key: /^refused\// }], {
      sync: { guards },
      kept: { 'jobs/orders/baseline.json': text },
    });
    expect(outcome.record).toMatchObject({ state: 'failed', error: { class: 'GuardError' } });
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });
});

describe.concurrent('a run that is stopped', () => {
  it.each([
    ['before the upload', 'phase-started', 'upload', 'unchanged', 0],
    ['after the upload', 'phase-ended', 'upload', 'replaced', 1],
  ] as const)('%s, while the store is unreachable: the record says how far it had come', async (...row) => {
    const [, type, phase, dataset, uploads] = row;
    const cancel = new AbortController();
    const outcome = await run([{ on: 'put', key: RECORD, after: 1, times: 2 }], {
      signal: cancel.signal,
      onProgress: (event) => {
        if (event.type === type && event.phase === phase) cancel.abort(new CancelledError('Stopped.'));
      },
    });
    expect(outcome.record).toMatchObject({ state: 'cancelled', error: { class: 'CancelledError' } });
    expect(outcome.saved).toEqual(outcome.record);
    const done = outcome.record?.phases.map(({ name }) => name) ?? [];
    expect(done.includes('upload')).toBe(uploads === 1);
    expect(outcome).toMatchObject({ dataset, uploads });
  });
});
