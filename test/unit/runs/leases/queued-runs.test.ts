import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { beforeEach, describe, expect, it } from 'vitest';
import { QueryError, QueuedError } from '../../../../shared/errors.ts';
import type { DocumentStore } from '../../../../shared/runs/documents/document-store.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import type { JobContext, RunOptions } from '../../../../shared/runs/job.ts';
import type { RunRecord } from '../../../../shared/runs/records/run-record.ts';
import { createRunStore, type RunStore } from '../../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../../shared/runs/run-id.ts';
import { runJob } from '../../../../shared/runs/run-job.ts';
import { createLogger } from '../../../../shared/telemetry/logger.ts';
import { waitFor } from '../../../support/processes/wait-for.ts';

// Short enough to wait for, long enough for a machine that is busy.
const leaseTimes = { heartbeatMs: 100, expiryMs: 5_000 };

let documents: DocumentStore;
let store: RunStore;
let skewMs: number;
beforeEach(() => {
  skewMs = 0;
  documents = createMemoryDocumentStore(() => performance.now() + skewMs);
  store = createRunStore(documents);
});

/** A run of a job on a source with one slot. */
function run(job: string, work: (context: JobContext) => Promise<object>, options: Partial<RunOptions> = {}) {
  const description = {
    name: job,
    kind: 'sync' as const,
    source: 'erp',
    slots: { erp: 1 },
    dataset: 'ds_a',
    target: 'default',
    config: {},
  };
  return runJob(description, work, {
    trigger: { type: 'cli', triggeredBy: 'test' },
    scope: 'test',
    store,
    workFolder: tmpdir(),
    logger: createLogger({ level: 'silent' }),
    leaseTimes,
    ...options,
  });
}

/** A run that keeps the slot until it is let go. */
async function occupy(job = 'holder') {
  const held = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const record = run(job, async () => {
    held.resolve();
    await letGo.promise;
    return {};
  });
  await held.promise;
  return {
    end: () => {
      letGo.resolve();
      return record;
    },
  };
}

const nothing = async () => ({});
const queued = (id: string) =>
  waitFor(
    'the run to be queued',
    async () => ((await store.get(id))?.state === 'queued' ? true : undefined),
    5_000,
  );
const tickets = () => documents.list('leases/queue/', 10);

/** A run that was killed while it waited: its lease and its record are left. */
async function killedWhileQueued(job: string, id: string, earlier: Partial<RunRecord> = {}) {
  const startedAt = new Date().toISOString();
  const acquired = await store.acquireLease({ job, runId: id, times: leaseTimes, sleep: async () => {} });
  if (acquired.outcome !== 'acquired') throw new Error('The lease is held.');
  await acquired.lease.renew({ phase: 'queued' });
  await store.save({
    schemaVersion: 1,
    id,
    job,
    kind: 'sync',
    state: 'queued',
    trigger: 'cli',
    startedAt,
    attempts: [{ startedAt }],
    source: 'erp',
    dataset: 'ds_a',
    target: 'default',
    phases: [],
    warnings: [],
    configHash: 'x',
    ...earlier,
  });
  skewMs += leaseTimes.expiryMs;
}

describe('a run without a slot', () => {
  it('waits as queued, and works when one is free; the wait is a phase and does not count towards its duration', async () => {
    const holder = await occupy();
    const id = newRunId();
    const events: object[] = [];
    const waiting = run('waiter', nothing, { runId: id, onProgress: (event) => events.push(event) });
    await queued(id);
    expect((await holder.end()).state).toBe('succeeded');
    const record = await waiting;
    expect(record).toMatchObject({ id, state: 'succeeded', attempts: [{}], phases: [{ name: 'queued' }] });
    const waitedMs = record.phases[0]?.durationMs ?? 0;
    expect(waitedMs).toBeGreaterThan(0);
    const wholeMs = Date.parse(record.endedAt ?? '') - Date.parse(record.startedAt);
    expect(record.durationMs).toBeLessThanOrEqual(wholeMs - waitedMs + 20);
    expect(events).toContainEqual({ type: 'queued', source: 'erp', slots: 1, before: 0 });
    expect(await tickets()).toEqual([]);
    expect(await store.get(id)).toEqual(record);
  });

  it('that finds one at once is not queued', async () => {
    expect(await run('alone', nothing)).toMatchObject({ state: 'succeeded', phases: [] });
  });

  it('keeps its job’s lease: a second run of the job is skipped, the same run again a duplicate', async () => {
    const holder = await occupy();
    const id = newRunId();
    const waiting = run('waiter', nothing, { runId: id });
    await queued(id);
    expect(await run('waiter', nothing)).toMatchObject({ state: 'skipped', heldBy: id });
    expect(await run('waiter', nothing, { runId: id })).toMatchObject({ id, state: 'queued' });
    await holder.end();
    expect((await waiting).state).toBe('succeeded');
  });

  it.each([
    ['a request', 'The run was cancelled by Anna.'],
    ['the caller’s signal', 'The run was cancelled.'],
  ])('is cancelled by %s, and did no work', async (how, message) => {
    const holder = await occupy();
    const id = newRunId();
    const controller = new AbortController();
    const waiting = run('waiter', nothing, { runId: id, signal: controller.signal });
    await queued(id);
    if (how === 'a request') await store.requestCancel('waiter', id, 'Anna');
    else controller.abort();
    const error = { class: 'CancelledError', message, phase: 'queued' };
    expect(await waiting).toMatchObject({ state: 'cancelled', durationMs: 0, error });
    expect(await store.get(id)).toMatchObject({ state: 'cancelled' });
    expect(await tickets()).toEqual([]);
    await holder.end();
  });

  it.each(['waits', 'works'])('is cancelled at once by its own process while it %s', async (what) => {
    const holder = what === 'waits' ? await occupy() : undefined;
    const id = newRunId();
    const working = Promise.withResolvers<void>();
    const work = async ({ signal }: JobContext) => {
      working.resolve();
      await once(signal, 'abort');
      throw signal.reason;
    };
    // No heartbeat comes to look.
    const cancelled = run('waiter', work, {
      runId: id,
      leaseTimes: { heartbeatMs: 3_600_000, expiryMs: 7_200_000 },
    });
    await (holder ? queued(id) : working.promise);
    await store.requestCancel('another', newRunId(), 'Anna');
    await store.requestCancel('waiter', id, 'Jörg');
    expect((await cancelled).error?.message).toBe('The run was cancelled by Jörg.');
    await holder?.end();
  });

  it('throws when time gets short, so that the platform starts it again, and continues with the same attempt', async () => {
    const holder = await occupy();
    const id = newRunId();
    // Ten seconds are kept for the end of the run, and a third of the rest may be waited.
    const deadline = new Date(Date.now() + 13_000);
    await expect(run('waiter', nothing, { runId: id, deadline })).rejects.toThrow(QueuedError);
    const left = await store.get(id);
    expect(left).toMatchObject({ state: 'queued', phases: [], attempts: [{}] });
    expect(await tickets()).toEqual([]);
    const again = run('waiter', nothing, { runId: id });
    await holder.end();
    const record = await again;
    expect(record).toMatchObject({
      state: 'succeeded',
      attempts: left?.attempts,
      startedAt: left?.startedAt,
    });
    // The whole time in the queue, not that of the last delivery.
    expect(record.phases[0]?.durationMs).toBeGreaterThanOrEqual(800);
  });

  it('and was killed has lost no attempt, however often', async () => {
    const id = newRunId();
    for (let times = 0; times < 3; times += 1) await killedWhileQueued('waiter', id);
    const record = await run('waiter', nothing, { runId: id });
    expect(record).toMatchObject({ state: 'succeeded', attempts: [{ startedAt: expect.any(String) }] });
    expect(record.attempts?.[0]).not.toHaveProperty('lostIn');
  });

  it('and was killed is skipped when another run of the job takes its place', async () => {
    const id = newRunId();
    await killedWhileQueued('waiter', id);
    const record = await run('waiter', nothing);
    expect(record.state).toBe('succeeded');
    const skipped = await store.get(id);
    expect(skipped).toMatchObject({ state: 'skipped', heldBy: record.id });
    expect(skipped).not.toHaveProperty('error');
  });
});

describe('a run that had to wait', () => {
  it('no longer counts as waiting once it works, even if it is killed', async () => {
    const holder = await occupy();
    const id = newRunId();
    let phase: string | undefined;
    const waiting = run(
      'waiter',
      async () => {
        phase = JSON.parse((await documents.get('leases/waiter.json')) ?? '{}').phase;
        return {};
      },
      { runId: id },
    );
    await queued(id);
    await holder.end();
    await waiting;
    expect(phase).toBe('start');
  });
});

describe('a slot', () => {
  it('is released by a run that fails', async () => {
    const failed = await run('fails', async () => {
      throw new QueryError('No such table.');
    });
    expect(failed.state).toBe('failed');
    expect(await run('next', nothing)).toMatchObject({ state: 'succeeded', phases: [] });
  });

  it('that is lost ends the run, which still writes its record', async () => {
    const record = await run('sleeper', async ({ confirmLease, signal }) => {
      const seen = await documents.read('leases/slots/erp/0.json');
      await documents.replace('leases/slots/erp/0.json', '{"of": "another run"}', seen?.version);
      await confirmLease().finally(() => signal.throwIfAborted());
      return {};
    });
    expect(record).toMatchObject({ state: 'failed', error: { class: 'LeaseLostError' } });
    expect(record.error?.message).toContain('a slot of the source erp');
    expect(await store.get(record.id)).toEqual(record);
  });
});
