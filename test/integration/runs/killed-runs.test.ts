import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import type { LeaseTimes } from '../../../shared/runs/leases/lease.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunStore, type RunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { closeGate, throughGate } from '../../support/runs/gate.ts';
import { type SyncProcess, startSyncProcess } from '../../support/sync/start-sync-process.ts';
import type { SyncProcessInput } from '../../support/sync/sync-process.ts';
import { DATASET, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

const leaseTimes = { heartbeatMs: 300, expiryMs: 1_500 };
// Longer than any test lasts: anyone who runs it is killed or cancelled in it.
const LONG_QUERY = 'SELECT id, pg_sleep(30)::text AS s FROM orders';
const QUERY = 'SELECT id FROM orders';
const GATE = 4711;
const GATED_QUERY = `SELECT id, ${throughGate(GATE)} AS s FROM orders`;

let setup: SyncSetup;
let folder: string;
let store: RunStore;
const started: SyncProcess[] = [];
beforeAll(async () => {
  setup = await setUpSync();
  await setup.postgres.query('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 5) i');
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry killed ü '));
  store = createRunStore(createFolderDocumentStore(join(folder, 'state')));
});
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});
afterAll(() => setup[Symbol.asyncDispose]());

function start(
  options: Pick<SyncProcessInput, 'runId' | 'endAt'> & { query?: string; leaseTimes?: LeaseTimes } = {},
): SyncProcess {
  const run = startSyncProcess({ ...setup, query: QUERY, folder, leaseTimes, ...options });
  started.push(run);
  return run;
}

const uploads = () => setup.polyteia.datasets.get(DATASET)?.uploads ?? 0;
const leftovers = () => readdir(join(folder, 'work')).catch(() => []);
const killedIn = (moment: string) => ({ moment, signal: 'SIGKILL' as const });

describe('a killed run', () => {
  it.each([
    ['before its first heartbeat reported a phase', 'started connect', QUERY, 'start'],
    ['in phase export', 'renewed export', LONG_QUERY, 'export'],
  ])(
    '%s is taken over by the next delivery of the same trigger, once it is known to be dead',
    async (_when, moment, query, lostIn) => {
      const before = uploads();
      const runId = newRunId();
      const first = start({ runId, query, endAt: killedIn(moment) });
      expect(await first.ended()).toBe('SIGKILL');
      const second = await start({ runId }).record();
      expect(second).toMatchObject({ id: runId, state: 'succeeded', outcome: 'uploaded' });
      expect(second.attempts?.map((attempt) => attempt.lostIn)).toEqual([
        // The first phases may last longer than a heartbeat on a slow machine.
        lostIn === 'start' ? expect.stringMatching(/^(start|check target|connect)$/) : lostIn,
        undefined,
      ]);
      expect(uploads()).toBe(before + 1);
      // Nor is anything left of what the killed process had on its disk.
      expect(await leftovers()).toEqual([]);
      // A third delivery finds it finished.
      const third = await start({ runId }).record();
      expect(third).toEqual(second);
      expect(uploads()).toBe(before + 1);
    },
  );

  it('delays the next run of the job by at most one expiry, and is closed by it', async () => {
    const runId = newRunId();
    const first = start({ runId, query: LONG_QUERY, endAt: killedIn('started export') });
    expect(await first.ended()).toBe('SIGKILL');
    const next = await start().record();
    expect(next).toMatchObject({ state: 'succeeded', attempts: [{}] });
    expect(await store.get(runId)).toMatchObject({ state: 'failed', error: { class: 'LostError' } });
  });

  it('that was killed twice at the same point does not begin a third time', async () => {
    const before = uploads();
    const runId = newRunId();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await start({ runId, query: LONG_QUERY, endAt: killedIn('renewed export') }).ended();
    }
    const third = await start({ runId }).record();
    expect(third).toMatchObject({
      state: 'failed',
      error: { class: 'LostError', message: 'The run was killed twice in the phase "export".' },
    });
    expect(third.error?.hint).toMatch(/memory/);
    expect(uploads()).toBe(before);
  });
});

describe('two deliveries at once', () => {
  // So that a busy machine that stands still for a moment does not make the first one look dead.
  const leaseTimes = { heartbeatMs: 300, expiryMs: 30_000 };

  it('of the same trigger are one run', async () => {
    const before = uploads();
    const runId = newRunId();
    await using gate = await closeGate(setup.postgres, GATE);
    const first = start({ runId, query: GATED_QUERY, leaseTimes });
    await first.reach('started export');
    const second = await start({ runId, leaseTimes }).record();
    await gate.open();
    expect(second).toMatchObject({ id: runId, state: 'running' });
    expect(await first.record()).toMatchObject({ id: runId, state: 'succeeded', attempts: [{}] });
    expect(uploads()).toBe(before + 1);
  });

  it('of two triggers: the second is skipped, and says which run has the lease', async () => {
    const before = uploads();
    await using gate = await closeGate(setup.postgres, GATE);
    const first = start({ query: GATED_QUERY, leaseTimes });
    await first.reach('started export');
    const second = await start({ leaseTimes }).record();
    await gate.open();
    const done = await first.record();
    expect(second).toMatchObject({ state: 'skipped', heldBy: done.id });
    expect(await store.get(second.id)).toEqual(second);
    expect(done.state).toBe('succeeded');
    expect(uploads()).toBe(before + 1);
  });
});

describe('a run that is asked to stop', () => {
  it('notices it with its next heartbeat, and ends its query', async () => {
    const before = uploads();
    const run = start({ query: LONG_QUERY });
    await run.reach('started export');
    const [{ id, job }] = (await store.list({ limit: 1 })) as [RunRecord];
    await store.requestCancel(job, id, 'Anna');
    const record = await run.record();
    expect(record).toMatchObject({
      state: 'cancelled',
      error: { class: 'CancelledError', message: 'The run was cancelled by Anna.' },
    });
    expect(uploads()).toBe(before);
    expect(await leftovers()).toEqual([]);
  });
});
