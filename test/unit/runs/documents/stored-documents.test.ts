import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { StateError } from '../../../../shared/errors.ts';
import type { DocumentStore } from '../../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import { type Acquisition, acquireLease, readHolder } from '../../../../shared/runs/leases/lease.ts';
import type { Baseline } from '../../../../shared/runs/records/baseline.ts';
import type { LastUpload } from '../../../../shared/runs/records/last-upload.ts';
import { createRunRequestStore } from '../../../../shared/runs/records/run-request-store.ts';
import { createRunStore, type RunStore } from '../../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../../shared/runs/run-id.ts';
import { runJob } from '../../../../shared/runs/run-job.ts';
import { createLogger } from '../../../../shared/telemetry/logger.ts';
import { readIncidents, writeIncident } from '../../../../shared/watchdog/alerts/incident.ts';
import { closeLostRun } from '../../../../shared/watchdog/repairs/close-run.ts';
import { rememberSchedules, scheduleMemorySchema } from '../../../../shared/watchdog/schedule-memory.ts';
import { runningRecord, runRecord } from '../../../support/api.ts';

const runId = newRunId();
const baseline: Baseline = {
  schemaVersion: 1,
  runId,
  at: '2026-11-20T04:30:00.000Z',
  rows: 1000,
  bytes: 1,
  schema: [{ name: 'id', type: 'INTEGER' }],
};
const upload: LastUpload = {
  ...baseline,
  target: 'default',
  dataset: 'ds_a',
  contentType: 'application/vnd.apache.parquet',
  settled: true,
};
const record = runRecord();
const request = { job: 'orders', runId, triggeredBy: 'anna' };

let documents: DocumentStore;
let store: RunStore;
beforeEach(() => {
  documents = createMemoryDocumentStore();
  store = createRunStore(documents);
});
const keysOf = async (prefix: string) => (await documents.list(prefix, 10)) as [string];
const contentOf = async (key: string) => JSON.parse((await documents.get(key)) ?? 'null');
const change = async (key: string, by: (text: string) => string) =>
  documents.put(key, by((await documents.get(key)) ?? ''));
const withField = (text: string) => JSON.stringify({ ...JSON.parse(text), ofALaterRelease: { is: 7 } });

/** Each document with how it is written, where it lies, and how it is read. */
const kinds: [string, () => Promise<unknown>, string, () => Promise<unknown>][] = [
  [
    'baseline',
    () => store.saveBaseline('orders', baseline),
    'jobs/orders/b',
    () => store.readBaseline('orders'),
  ],
  [
    'last upload',
    () => store.saveLastUpload('orders', upload),
    'jobs/orders/l',
    () => store.readLastUpload('orders'),
  ],
  ['record', () => store.save(record), 'jobs/orders/runs/', () => store.getOfJob('orders', record.id)],
  ['record, found by its id', () => store.save(record), 'jobs/orders/runs/', () => store.get(record.id)],
  ['pointer to a record', () => store.save(record), 'runs/', () => store.get(record.id)],
  [
    'request to cancel',
    () => store.requestCancel('orders', runId, 'anna'),
    'leases/',
    () => store.findCancelRequest('orders', runId),
  ],
  [
    'request for a run',
    () => createRunRequestStore(documents).save({ requestedAt: baseline.at, request }),
    'requests/',
    () => createRunRequestStore(documents).find(runId),
  ],
  [
    'request with a key',
    () => createRunRequestStore(documents).claimKey('k', { requestedAt: baseline.at, request }),
    'requests/',
    () => createRunRequestStore(documents).findByKey('orders', 'k'),
  ],
];

describe.each(kinds)('a %s that exists', (_name, write, prefix, read) => {
  it.each([
    ['empty', () => '', 'is empty'],
    ['blank', () => ' \n', 'is empty'],
    ['torn', (text: string) => text.slice(0, -9), 'is not complete JSON'],
    ['another thing', () => '[1]', 'does not have the form that this release of Ferry expects'],
    ['without a version', (text: string) => text.replace('"schemaVersion":1,', ''), '(schemaVersion'],
    [
      'of a later release',
      (text: string) => text.replace('"schemaVersion":1', '"schemaVersion":2'),
      'was written by a later release of Ferry (schemaVersion 2)',
    ],
  ])('and %s is an error that says where it is and what to do', async (_fault, damage, reason) => {
    expect(await read()).toBeUndefined();
    await write();
    const [key] = await keysOf(prefix);
    await change(key, damage);
    const error = await read().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StateError);
    expect(error).toMatchObject({ retryable: false, hint: expect.stringMatching(/\.$/) });
    expect((error as Error).message).toContain(`cannot be read: ${key} `);
    expect((error as Error).message).toContain(reason);
  });

  it('and begins with a byte-order mark, as some editors leave it, is read', async () => {
    await write();
    const before = await read();
    await change((await keysOf(prefix))[0], (text) => `\uFEFF${text}`);
    expect(await read()).toEqual(before);
  });

  it('with fields of a later minor release is read', async () => {
    await write();
    await change((await keysOf(prefix))[0], withField);
    expect(await read()).toBeDefined();
  });
});

describe('fields of a later minor release', () => {
  const later = { ofALaterRelease: { is: 7 } };

  it('stay in a record that is written again, also below its top', async () => {
    const running = runningRecord();
    await store.save(running);
    const [key] = await keysOf('jobs/orders/runs/');
    await change(key, (text) => withField(text).replace('"attempts":[{', '"attempts":[{"host":"a",'));
    await closeLostRun(store, 'orders', running.id, { now: new Date(), sleep: async () => {} });
    expect(await contentOf(key)).toMatchObject({ state: 'failed', ...later });
    const again = await store.getOfJob('orders', running.id);
    expect(again).toMatchObject(later);
    if (running.attempts) expect(again?.attempts).toMatchObject([{ host: 'a' }]);
  });

  it('stay in a record when another attempt continues', async () => {
    const running = runningRecord();
    await store.save(running);
    const [key] = await keysOf('jobs/orders/runs/');
    await change(key, withField);
    const job = { name: 'orders', kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default' } as const;
    await run({ ...job, config: {} }, running.id);
    expect(await contentOf(key)).toMatchObject({ state: 'succeeded', attempts: [{}, {}], ...later });
  });

  it('stay in a last upload that is settled, but only in a baseline of the same result', async () => {
    await store.saveLastUpload('orders', { ...upload, settled: false });
    await change('jobs/orders/last.json', withField);
    const found = await store.readLastUpload('orders');
    await store.saveLastUpload('orders', { ...(found as LastUpload), settled: true });
    expect(await contentOf('jobs/orders/last.json')).toMatchObject({ settled: true, ...later });

    await store.saveBaseline('orders', baseline);
    await change('jobs/orders/baseline.json', withField);
    await store.saveBaseline('orders', { ...baseline, at: '2026-11-20T04:31:00.000Z' });
    expect(await contentOf('jobs/orders/baseline.json')).toMatchObject(later);
    await store.saveBaseline('orders', { ...baseline, runId: newRunId() });
    expect(await contentOf('jobs/orders/baseline.json')).not.toHaveProperty('ofALaterRelease');
  });

  it('stay in a lease from holder to holder', async () => {
    const first = leaseOf(await acquire('a'));
    await first.renew({ phase: 'export', bytes: 5 });
    await first.release();
    const { body, version } = await readLease();
    await documents.replace('leases/orders.json', withField(body), version);
    const second = leaseOf(await acquire('b'));
    await second.renew({});
    expect(JSON.parse((await readLease()).body)).toEqual({
      schemaVersion: 1,
      job: 'orders',
      runId: 'b',
      term: 2,
      state: 'held',
      beat: 1,
      ...later,
    });
  });

  it('stay in what the watchdog remembers', async () => {
    const incident = {
      schemaVersion: 1,
      job: 'orders',
      source: 'erp',
      kind: 'failed',
      class: 'QueryError',
      subject: runId,
      since: baseline.at,
      state: 'telling',
      about: 'problem',
      sentTo: [],
    } as const;
    await writeIncident(documents, 'Ferry', { ...incident, sentTo: [], ...later } as never, undefined);
    const { seen } = await readIncidents(documents, 'Ferry');
    const found = seen.get('orders.failed.json');
    await writeIncident(
      documents,
      'Ferry',
      { ...(found?.incident as never as object), state: 'told' } as never,
      found?.version,
    );
    expect(await contentOf('alerts/Ferry/orders.failed.json')).toMatchObject({ state: 'told', ...later });

    const schedule = { cron: '30 4 * * *', timezone: 'UTC', windowMs: 0, enabled: true };
    const jobs = { orders: { kind: 'sync', function: 0, timeoutMs: 1, schedule } } as const;
    const at = new Date('2026-11-20T04:30:00.000Z');
    const memory = rememberSchedules({ schemaVersion: 1, jobs: {} }, jobs, at);
    const kept = scheduleMemorySchema.parse({ ...memory, ...later });
    expect(rememberSchedules(kept, jobs, new Date())).toEqual({ ...memory, ...later });
  });
});

it('a baseline of a later release is not overwritten', async () => {
  await store.saveBaseline('orders', baseline);
  await change('jobs/orders/baseline.json', (text) => text.replace('"schemaVersion":1', '"schemaVersion":2'));
  await expect(store.saveBaseline('orders', baseline)).rejects.toThrow('later release of Ferry');
  expect(await contentOf('jobs/orders/baseline.json')).toMatchObject({ schemaVersion: 2 });
});

const times = { heartbeatMs: 10, expiryMs: 30 };
const acquire = (id: string) =>
  acquireLease(documents, { job: 'orders', runId: id, times, sleep: async () => {} });
const leaseOf = (got: Acquisition) => {
  if (got.outcome !== 'acquired') throw new Error(got.outcome);
  return got.lease;
};
const readLease = async () => {
  const found = await documents.read('leases/orders.json');
  if (!found) throw new Error('There is no lease.');
  return found;
};

describe('a damaged lease', () => {
  it('is taken over with a term that nobody had, wherever it is truncated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 150 }), fc.integer({ min: 1, max: 1_000 }), async (end, term) => {
        documents = createMemoryDocumentStore();
        const held = JSON.stringify({ schemaVersion: 1, job: 'orders', runId, term, state: 'held', beat: 3 });
        const torn = held.slice(0, Math.min(end, held.length - 1));
        await documents.replace('leases/orders.json', torn, undefined);
        const taken = leaseOf(await acquire('b'));
        expect(taken.term).toBeGreaterThan(term);
        expect(taken.takenFrom).toEqual({ runId: undefined, phase: undefined });
        await taken.release();
        expect(leaseOf(await acquire('c')).term).toBe(taken.term + 1);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps counting if the last term can still be read', async () => {
    const held = JSON.stringify({ schemaVersion: 1, job: 'orders', runId, term: 41, state: 'held', beat: 3 });
    await documents.replace('leases/orders.json', held.slice(0, -8), undefined);
    expect(leaseOf(await acquire('b')).term).toBe(42);
  });

  it.each([
    ['further down', '{"schemaVersion":1,"fence":{"term":3},"job":"orders","term":41,"state":"he', 42],
    [
      'further down, before it was torn',
      '{"schemaVersion":1,"job":"orders","fence":[{"term":3}],"te',
      undefined,
    ],
    ['in a text', '{"schemaVersion":1,"note":"\\"term\\":3,","ter', undefined],
    ['as half a number', '{"schemaVersion":1,"term":4', undefined],
  ])('does not continue counting from a term %s', async (_, torn, next) => {
    await documents.replace('leases/orders.json', torn, undefined);
    const { term } = leaseOf(await acquire('b'));
    if (next === undefined) expect(term).toBeGreaterThan(1_000_000_000_000);
    else expect(term).toBe(next);
  });

  it('that begins with a byte-order mark is held by whom it names', async () => {
    const held = { schemaVersion: 1, job: 'orders', runId, term: 41, state: 'held', beat: 3 };
    await documents.replace('leases/orders.json', `\uFEFF${JSON.stringify(held)}`, undefined);
    expect(await readHolder(documents, 'orders', times)).toMatchObject({ runId });
    expect(leaseOf(await acquire('b')).term).toBe(42);
  });

  it('is mentioned in the record of the run that takes it over', async () => {
    await documents.replace('leases/orders.json', '', undefined);
    const ended = await run(
      { name: 'orders', kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default', config: {} },
      runId,
    );
    expect(ended).toMatchObject({
      state: 'succeeded',
      warnings: [expect.stringContaining('The lease of the job was damaged.')],
    });
  });

  it('may have a holder, who is unknown', async () => {
    await documents.replace('leases/orders.json', '{"schemaVersion"', undefined);
    expect(await readHolder(documents, 'orders', { heartbeatMs: 10, expiryMs: 60_000 })).toMatchObject({
      runId: undefined,
      alive: true,
    });
  });

  it('is refused when a later release has written it: the run ends before it began', async () => {
    const later = JSON.stringify({ schemaVersion: 2, job: 'orders', fence: { term: 7 } });
    await documents.replace('leases/orders.json', later, undefined);
    await expect(acquire('b')).rejects.toThrow(
      'The lease for the job orders cannot be read: leases/orders.json was written by a later release of Ferry (schemaVersion 2).',
    );
    expect((await readLease()).body).toBe(later);
  });
});

const run = (job: Parameters<typeof runJob>[0], id: string, work = async () => ({})) =>
  runJob(job, work, {
    trigger: { type: 'cli', triggeredBy: 'test' },
    scope: 'test',
    store,
    runId: id,
    workFolder: '/tmp',
    logger: createLogger({ level: 'silent' }),
    leaseTimes: times,
  });

describe('a record', () => {
  const orders = { name: 'orders', kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default' } as const;

  it('is not trusted where every function may write: the run of the job works anyway', async () => {
    const forged = JSON.stringify(record);
    await store.save(record);
    const [pointer] = await keysOf('runs/');
    const [own] = await keysOf('jobs/orders/runs/');
    await documents.remove(own);
    await documents.put(pointer, forged);
    let worked = false;
    const work = async () => {
      worked = true;
      return { rows: 1 };
    };
    expect(await run({ ...orders, config: {} }, record.id, work)).toMatchObject({
      state: 'succeeded',
      rows: 1,
    });
    expect(worked).toBe(true);
  });

  it('of a run that died and cannot be read does not stop the run that takes over', async () => {
    const dead = runningRecord();
    await store.save(dead);
    const [key] = await keysOf('jobs/orders/runs/');
    await change(key, (text) => text.slice(0, 20));
    leaseOf(await acquire(dead.id));
    const ended = await run({ ...orders, config: {} }, newRunId());
    expect(ended).toMatchObject({
      state: 'succeeded',
      warnings: [expect.stringContaining(`The record of run ${dead.id} cannot be read: ${key} `)],
    });
    expect(await documents.get(key)).toHaveLength(20);
  });

  it.each([
    ['job', { job: 'customers' }],
    ['run', { id: newRunId(new Date(record.startedAt)) }],
  ])('of another %s in its place is an error', async (_, other) => {
    await store.save(record);
    const [own] = await keysOf('jobs/orders/runs/');
    await documents.put(own, JSON.stringify({ ...record, ...other }));
    await expect(store.getOfJob('orders', record.id)).rejects.toThrow('is the record of another run or job');
    await expect(store.get(record.id)).rejects.toBeInstanceOf(StateError);
    await expect(run({ ...orders, config: {} }, record.id)).rejects.toBeInstanceOf(StateError);
  });

  it.each(['../customers', 'orders/runs/x', '', '.', 'a b'])(
    'is not looked for in a job "%s"',
    async (job) => {
      await store.save(record);
      const [pointer] = await keysOf('runs/');
      await documents.put(pointer, JSON.stringify({ ...record, job }));
      await expect(store.get(record.id)).rejects.toThrow(`${pointer} does not have the form`);
    },
  );

  it('that cannot be read does not hide others, nor is it silently missing from a list', async () => {
    const good = runRecord({ startedAt: '2026-11-20T04:31:00.000Z' });
    await store.save(record);
    await store.save(good);
    await change((await documents.list('jobs/orders/runs/', 10)).at(-1) ?? '', () => '');
    for (const job of [{}, { job: 'orders' }])
      expect(await store.listPage({ ...job, limit: 10 })).toEqual({
        runs: [good],
        unreadable: [{ id: record.id, message: expect.stringContaining('is empty') }],
      });
  });

  it('is found by a later delivery although the pointer to it was never written', async () => {
    await store.save(record);
    await documents.remove((await keysOf('runs/'))[0]);
    expect(await run({ ...orders, config: {} }, record.id)).toEqual(record);
  });
});

it('a request to cancel that cannot be read stops no run, and is mentioned in its record', async () => {
  await documents.put('leases/orders.cancel.json', '{"runId"');
  const ended = await run(
    { name: 'orders', kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default', config: {} },
    runId,
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return {};
    },
  );
  expect(ended).toMatchObject({
    state: 'succeeded',
    warnings: [expect.stringContaining('leases/orders.cancel.json is not complete JSON')],
  });
});
