import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../../shared/runs/documents/folder-document-store.ts';
import { createRunRequestStore } from '../../../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../../shared/runs/run-id.ts';
import { runJob } from '../../../../shared/runs/run-job.ts';
import { inSpan } from '../../../../shared/telemetry/in-span.ts';
import { createLogger } from '../../../../shared/telemetry/logger.ts';
import { contextOf } from '../../../../shared/telemetry/trace-context.ts';
import { readIncidents, writeIncident } from '../../../../shared/watchdog/alerts/incident.ts';
import * as earlier from '../../../fixtures/earlier-release/code.js';
import { startTestApi } from '../../../support/api.ts';
import { ordersJob } from '../../../support/runs/orders-job.ts';
import { recordSpans } from '../../../support/telemetry/record-spans.ts';

// The state folder of the release before, and its own code for going back to it. What is sent and finished of its runs is in
// test/integration/sync/unfinished-uploads.test.ts.

const STATE = new URL('../../../fixtures/earlier-release/state/', import.meta.url);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry releases ü '));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ours = () => createFolderDocumentStore(folder);
const sleep = async () => {};
const times = { heartbeatMs: 10, expiryMs: 30 };

describe('what the previous release has left', () => {
  beforeEach(() => cp(STATE, folder, { recursive: true }));

  it('is listed completely', async () => {
    const store = createRunStore(ours());
    const all = await store.listPage({ limit: 50 });
    expect(all.unreadable).toEqual([]);
    expect(all.runs.map(({ job: name, state }) => `${name} ${state}`)).toEqual([
      'events ingesting',
      'nightly partial',
      'customers running',
      'orders failed',
      'orders succeeded',
    ]);
    expect(all.runs).toEqual(
      await earlier.createRunStore(earlier.createFolderDocumentStore(folder)).list({ limit: 50 }),
    );
    expect((await store.listPage({ job: 'orders', limit: 50 })).runs).toEqual(all.runs.slice(3));
  });

  it('is what runs, the API and the watchdog continue from', async () => {
    const store = createRunStore(ours());
    expect(await store.readBaseline('orders')).toMatchObject({ rows: 1000 });
    expect(await store.readLastUpload('orders')).toMatchObject({ rows: 1000, settled: true });
    const [, , killed] = await store.list({ limit: 3 });
    expect(await store.findCancelRequest('customers', killed?.id ?? '')).toBe('anna');
    const requests = createRunRequestStore(ours());
    const request = await requests.findByKey('orders', 'key-1');
    expect(request).toMatchObject({ job: 'orders', triggeredBy: 'anna' });
    expect((await requests.find(request?.runId ?? ''))?.request).toEqual(request);
    const { seen, unreadable } = await readIncidents(ours(), 'test');
    expect([...seen.values()]).toMatchObject([{ incident: { job: 'orders', class: 'GuardError' } }]);
    expect(unreadable).toEqual([]);
    const taken = await store.acquireLease({ job: 'customers', runId: newRunId(), times, sleep });
    expect(taken).toMatchObject({
      outcome: 'acquired',
      lease: { term: 7, takenFrom: { runId: killed?.id, phase: 'export' } },
    });
  });
});

describe('going back one release', () => {
  const theirs = () => earlier.createFolderDocumentStore(folder);
  const run = (release: typeof runJob, store: ReturnType<typeof createRunStore>, id: string) => {
    let worked = 0;
    const work = async () => {
      worked += 1;
      return { outcome: 'uploaded' as const, rows: 7 };
    };
    return release(ordersJob, work, {
      trigger: { type: 'api', triggeredBy: 'test' },
      scope: 'test',
      store,
      runId: id,
      workFolder: join(folder, 'work'),
      logger: createLogger({ level: 'silent' }),
      leaseTimes: times,
    }).then((record) => ({ record, worked }));
  };

  it('finds the runs of this one: listed, by id, and finished when they are delivered again', async () => {
    const id = newRunId();
    const { record } = await run(runJob, createRunStore(ours()), id);
    const store = earlier.createRunStore(theirs());
    expect(await store.get(id)).toEqual(record);
    expect(await store.list({ limit: 5 })).toEqual([record]);
    expect(await store.list({ job: 'orders', limit: 5 })).toEqual([record]);
    expect(await run(earlier.runJob, store, id)).toEqual({ record, worked: 0 });
    expect((await store.listJobStates()).get('orders')?.last).toMatchObject({ runId: id, rows: 7 });
  });

  it('and forward again loses nothing of what was done meanwhile', async () => {
    const [before, meanwhile] = [newRunId(new Date('2026-11-20T04:30:00Z')), newRunId()];
    await run(runJob, createRunStore(ours()), before);
    const { record } = await run(earlier.runJob, earlier.createRunStore(theirs()), meanwhile);
    const store = createRunStore(ours());
    expect(await store.get(meanwhile)).toEqual(record);
    expect((await store.list({ limit: 5 })).map(({ id }) => id)).toEqual([meanwhile, before]);
    const next = await store.acquireLease({ job: 'orders', runId: newRunId(), times, sleep });
    expect(next).toMatchObject({ outcome: 'acquired', lease: { term: 3 } });
  });

  it('finds the run that a traced request has started, and what is known of its lost attempt', async () => {
    await using spans = recordSpans();
    const { call, started } = startTestApi({ documents: ours() });
    const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const answer = await inSpan('request', { parent: contextOf(headers.traceparent) }, () =>
      call('POST', '/jobs/orders/runs', { headers }),
    );
    expect(answer.status).toBe(202);
    // What a function of that release is started with, and what its watchdog starts again.
    const stored = await earlier.createRunRequestStore(theirs()).find(answer.body.runId);
    expect(stored?.request).toEqual(started[0]);
    expect(stored?.request).toEqual({
      job: 'orders',
      runId: answer.body.runId,
      triggeredBy: expect.any(String),
    });

    const store = createRunStore(ours());
    const { record } = await run(runJob, store, answer.body.runId);
    expect(spans.named('attempt').spanContext().traceId).toBe('a'.repeat(32));
    expect((await store.readTraces('orders'))[0]).toMatchObject({
      runId: record.id,
      traceId: 'a'.repeat(32),
    });
    const theirStore = earlier.createRunStore(theirs());
    expect(await theirStore.get(record.id)).toEqual(record);
    expect([...(await theirStore.listLeaseAges()).keys()]).toEqual(['orders']);
  });

  it('finds the lease, requests and incidents of this one', async () => {
    const got = await createRunStore(ours()).acquireLease({ job: 'orders', runId: newRunId(), times, sleep });
    if (got.outcome !== 'acquired') throw new Error(got.outcome);
    await got.lease.renew({ phase: 'export' });
    const taken = await earlier
      .createRunStore(theirs())
      .acquireLease({ job: 'orders', runId: newRunId(), times, sleep });
    expect(taken).toMatchObject({ lease: { term: 2, takenFrom: { phase: 'export' } } });

    const request = { job: 'orders', runId: newRunId(), triggeredBy: 'anna' };
    await createRunRequestStore(ours()).claimKey('k', { requestedAt: new Date().toISOString(), request });
    expect(await earlier.createRunRequestStore(theirs()).findByKey('orders', 'k')).toEqual(request);
    const incident = {
      schemaVersion: 1,
      job: 'orders',
      source: 'erp',
      kind: 'failed',
      class: 'QueryError',
      subject: request.runId,
      since: new Date().toISOString(),
      state: 'told',
      about: 'problem',
    } as const;
    await writeIncident(ours(), 'test', { ...incident, sentTo: [] }, undefined);
    expect((await earlier.readIncidents(theirs(), 'test')).size).toBe(1);
  });
});
