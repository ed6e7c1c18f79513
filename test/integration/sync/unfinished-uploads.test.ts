import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { sleep } from '../../../shared/sleep.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import type { RunSyncOptions } from '../../../shared/sync/sync-work.ts';
import { acceptRefused } from '../../../shared/sync/upload/accept-refused.ts';
import { resendArchived } from '../../../shared/sync/upload/resend-archived.ts';
import * as earlierRelease from '../../fixtures/earlier-release/code.js';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { IngestPlan, PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { keepRenewing } from '../../support/runs/keep-renewing.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { withoutLoginWarning } from '../../support/source/login-warning.ts';
import { type InProcessSync, setUpInProcessSync } from '../../support/sync/in-process-sync.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

const OTHER = 'ds_meldungen2';

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let here: InProcessSync;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.query('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 5) i');
});
beforeEach(async () => {
  polyteia = await startPolyteiaStandIn({ api: 'session', datasets: [DATASET, OTHER] });
  here = await setUpInProcessSync(postgres, polyteia);
});
afterEach(async () => {
  polyteia.assertNoViolations();
  await polyteia.stop();
  await here[Symbol.asyncDispose]();
});
afterAll(() => postgres.stop());

const TARGET = { organization: 'stadt-test', ingest: { pollInterval: '1s', timeout: '30m' } };
const run = (changes: Partial<RunSyncOptions> = {}, timeout = '30m') =>
  runSync({
    ...here.options({}, { ...TARGET, ingest: { ...TARGET.ingest, timeout } }),
    ...changes,
  });
const AHEAD_MS = 20 * 60_000;
/**
 * A run that has no time to wait for Polyteia, and any for its work, which takes long on a busy machine: the clock that it waits by is
 * ahead.
 */
const withoutWait = () => ({
  deadline: new Date(Date.now() + 15_000 + AHEAD_MS),
  clock: { sleep, now: () => Date.now() + AHEAD_MS },
});
const uploads = () => polyteia.calls.filter(({ on }) => on === 'upload').length;

/** A run that has uploaded, and whose time ended before Polyteia had read the file. */
async function leaveIngesting(plan: IngestPlan) {
  polyteia.planIngest(plan);
  const runId = newRunId();
  // None is left for waiting, however fast the machine is.
  const record = await run({ runId, ...withoutWait() });
  expect(record).toMatchObject({
    state: 'ingesting',
    rows: 5,
    ingest: { id: expect.stringMatching(/^dsig_/) },
  });
  expect(record.endedAt).toBeUndefined();
  expect(await here.store.get(runId)).toEqual(record);
  expect(await here.store.readBaseline('orders')).toBeUndefined();
  return runId;
}

describe('an upload that Polyteia is still reading when the run has no more time', () => {
  it('is finished by the next delivery of the same trigger, which sends nothing again', async () => {
    const runId = await leaveIngesting({ polls: 2 });
    const finished = await run({ runId });
    expect(finished).toMatchObject({ id: runId, state: 'succeeded', outcome: 'uploaded', rows: 5 });
    expect(finished.attempts).toEqual([{ startedAt: expect.any(String) }, { startedAt: expect.any(String) }]);
    expect(finished.ingest).toBeUndefined();
    expect(await here.store.get(runId)).toEqual(finished);
    expect(await here.store.readBaseline('orders')).toMatchObject({ runId, rows: 5 });
    expect(uploads()).toBe(1);
  });

  it.each<[string, IngestPlan, object]>([
    ['read', { polls: 1 }, { state: 'succeeded', outcome: 'uploaded' }],
    [
      'refused',
      { polls: 1, outcome: 'failed' },
      { state: 'failed', error: { class: 'PolyteiaRejectedError', phase: 'ingest' } },
    ],
  ])('is closed by the next run if it was %s by then, which then does its own work', async (_, plan, end) => {
    const runId = await leaveIngesting(plan);
    const next = await run();
    expect(next).toMatchObject({ state: 'succeeded', outcome: 'uploaded' });
    expect(next.id).not.toBe(runId);
    expect(await here.store.get(runId)).toMatchObject({ rows: 5, endedAt: expect.any(String), ...end });
    expect(uploads()).toBe(2);
  });

  it('keeps the next run from uploading at the same time', async () => {
    const runId = await leaveIngesting({ outcome: 'hanging' });
    const next = await run();
    expect(next).toMatchObject({ state: 'skipped', heldBy: runId });
    expect(next.warnings).toContain(`Skipped: Polyteia is still reading the upload of run ${runId}.`);
    expect(uploads()).toBe(1);
  });

  it('does so no longer than the target allows', async () => {
    const runId = await leaveIngesting({ outcome: 'hanging' });
    const { ingest } = (await here.store.get(runId)) ?? {};
    const over = Date.parse(ingest?.since ?? '') + 1_000;
    await waitFor('the end of the time-out', () => Date.now() > over || undefined, 5_000);
    const next = await run({}, '1s');
    expect(await here.store.get(runId)).toMatchObject({ state: 'failed', error: { class: 'DeadlineError' } });
    expect(next).toMatchObject({ state: 'succeeded', outcome: 'uploaded' });
    expect(uploads()).toBe(2);
  });
});

describe('an upload whose end could not be asked about yet', () => {
  const holding = { heartbeatMs: 100, expiryMs: 5_000 };

  it('is also ingesting when the question about it is not answered until the run has no more time', async () => {
    polyteia.failNext({ on: 'getDatasetIngestStatus', how: { kind: 'hang' } });
    const record = await run({ deadline: new Date(Date.now() + 15_100) });
    expect(record).toMatchObject({ state: 'ingesting', ingest: { id: expect.stringMatching(/^dsig_/) } });
    expect(await run({ runId: record.id })).toMatchObject({ state: 'succeeded', outcome: 'uploaded' });
    expect(uploads()).toBe(1);
  });

  it('stays ingesting when its next delivery comes while another run of the job is working', async () => {
    const runId = await leaveIngesting({ polls: 2 });
    const before = await here.store.get(runId);
    const job = { job: 'orders', times: holding, sleep };
    const other = await here.store.acquireLease({ ...job, runId: newRunId() });
    if (other.outcome !== 'acquired') throw new Error('Nobody else had the lease.');
    await using beating = keepRenewing([other.lease], 30);
    expect(await run({ runId, leaseTimes: holding })).toEqual(before);
    await beating.end();
    expect(await here.store.get(runId)).toEqual(before);
  });

  it('is known to the next run even if its own was cancelled at the moment when Polyteia accepted it', async () => {
    polyteia.planIngest({ outcome: 'hanging' });
    const stop = new AbortController();
    const cancelled = await run({
      signal: stop.signal,
      onProgress: (event) => {
        if (event.type === 'phase-ended' && event.phase === 'upload') stop.abort();
      },
    });
    expect(cancelled).toMatchObject({ state: 'cancelled' });
    expect(await run()).toMatchObject({ state: 'skipped', heldBy: cancelled.id });
    expect(uploads()).toBe(1);
  });

  it.each([
    ['dataset', { dataset: OTHER }, {}, { state: 'succeeded', outcome: 'uploaded', dataset: DATASET }],
    ['target', {}, { polyteia: 'second' }, { state: 'failed', error: { class: 'LostError' } }],
  ])('is finished when the sync was given another %s meanwhile', async (_, sync, target, end) => {
    const runId = await leaveIngesting({ polls: 2 });
    const { config } = here.options({ ...sync }, TARGET);
    const orders = { ...config.syncs.orders, ...target };
    const second = { ...config, polyteia: { ...config.polyteia, second: config.polyteia.default } };
    expect(await run({ runId, config: { ...second, syncs: { orders } } as typeof config })).toMatchObject(
      end,
    );
    expect(uploads()).toBe(1);
    // What the next result is compared with is of the dataset that it is for.
    expect(await here.store.readBaseline('orders')).toBeUndefined();
  });
});

describe('a run that was killed after its upload', () => {
  /** As it is after a SIGKILL: the record says running, and its last words are the ones of the upload. */
  async function killAfterUpload(): Promise<string> {
    const runId = newRunId();
    const killed: RunStore = {
      ...here.store,
      save: async (record) => {
        if (record.state === 'running') await here.store.save(record);
      },
      saveLastUpload: async (job, upload) => {
        if (!upload.settled) await here.store.saveLastUpload(job, upload);
      },
    };
    expect(await run({ runId, store: killed })).toMatchObject({ state: 'succeeded' });
    expect(await here.store.get(runId)).toMatchObject({ state: 'running' });
    return runId;
  }

  it('is finished by the next delivery, which sends nothing again', async () => {
    const runId = await killAfterUpload();
    expect(await run({ runId })).toMatchObject({
      id: runId,
      state: 'succeeded',
      outcome: 'uploaded',
      rows: 5,
    });
    expect(uploads()).toBe(1);
  });

  it('is recorded as uploaded by the next run, and not as lost', async () => {
    const runId = await killAfterUpload();
    expect(await run()).toMatchObject({ state: 'succeeded' });
    expect(await here.store.get(runId)).toMatchObject({ state: 'succeeded', outcome: 'uploaded', rows: 5 });
  });
});

describe('an earlier run whose record cannot be read', () => {
  it.each([
    ['seen to', true],
    ['open', false],
  ])('does not stop the next run when its upload is %s, which reports it', async (_, settled) => {
    const { id } = await run();
    const upload = await here.store.readLastUpload('orders');
    if (!upload) throw new Error('Nothing was uploaded.');
    await here.store.saveLastUpload('orders', { ...upload, settled });
    const folder = join(here.stateFolder, 'jobs/orders/runs');
    const [name = ''] = await readdir(folder);
    await writeFile(join(folder, name), '{"torn');

    const next = await run();
    expect(next).toMatchObject({ state: 'succeeded' });
    expect(withoutLoginWarning(next.warnings)).toEqual([
      expect.stringContaining(
        `The record of run ${id} cannot be read: ${join(folder, name)} is not complete JSON.`,
      ),
    ]);
    expect(await here.store.readLastUpload('orders')).toMatchObject({ settled: true });
    // Somebody may still repair it by hand.
    expect(await readFile(join(folder, name), 'utf8')).toBe('{"torn');
  });
});

describe('what the release before has left', () => {
  const STATE = new URL('../../fixtures/earlier-release/state/', import.meta.url);
  const REFUSED = '01a21b44-7140-73a9-92d0-42e649fcaa28';
  const ARCHIVED = '01a2161e-1540-7047-9b71-7650e655af1d';
  const INGESTING = '01a22467-f52d-7637-a3c8-c11ff5c8ac46';
  const KILLED = '01a2206a-cd40-7dee-8c84-2c20b129de8f';
  const options = (job: string, sync: Record<string, unknown> = {}) => {
    const { config, ...rest } = here.options(sync, TARGET);
    return { ...rest, job, config: { ...config, syncs: { [job]: config.syncs.orders } } as typeof config };
  };
  beforeEach(() => cp(STATE, here.stateFolder, { recursive: true }));

  it('is accepted where a guard refused it, and compared with from then on', async () => {
    const accepted = await acceptRefused(options('orders'), REFUSED, 'it is right');
    expect(accepted).toMatchObject({
      state: 'succeeded',
      outcome: 'uploaded',
      rows: 40,
      sentFrom: { runId: REFUSED, why: 'it is right' },
    });
    expect(await here.store.readBaseline('orders')).toMatchObject({ runId: accepted.id, rows: 40 });
    expect(uploads()).toBe(1);
  });

  it('is sent again from the archive', async () => {
    const sent = await resendArchived(options('orders'), ARCHIVED, undefined);
    expect(sent).toMatchObject({ state: 'succeeded', rows: 1000, sentFrom: { runId: ARCHIVED } });
    expect(uploads()).toBe(1);
  });

  it('guards the next result', async () => {
    const next = await runSync(options('orders', { guards: { maxRowChange: '50%' } }));
    expect(next).toMatchObject({ state: 'failed', error: { class: 'GuardError' } });
    expect(uploads()).toBe(0);
  });

  it('is finished where Polyteia still read it', async () => {
    await rm(here.stateFolder, { recursive: true });
    await leaveIngesting({ polls: 2 });
    // An ingest is known by the id that Polyteia gave it, here this stand-in; and it is waited for as long as the target allows.
    const ingest = (await here.store.readLastUpload('orders'))?.ingest?.id ?? '';
    const now = new Date().toISOString();
    await rm(here.stateFolder, { recursive: true });
    await cp(STATE, here.stateFolder, { recursive: true });
    const runs = join(here.stateFolder, 'jobs/events/runs');
    for (const path of [
      join(here.stateFolder, 'jobs/events/last.json'),
      join(runs, ...(await readdir(runs))),
    ])
      await writeFile(
        path,
        (await readFile(path, 'utf8'))
          .replaceAll(/dsig_\w+/g, ingest)
          .replaceAll(/(?<="(at|since)":")[^"]+/g, now),
      );

    expect(await runSync({ ...options('events'), runId: INGESTING })).toMatchObject({
      id: INGESTING,
      state: 'succeeded',
      outcome: 'uploaded',
      rows: 40,
      attempts: [{}, {}],
    });
    expect(uploads()).toBe(1);
  });

  it('is cancelled where it was asked to stop, and killed before it heard that', async () => {
    const leaseTimes = { heartbeatMs: 50, expiryMs: 300 };
    const sync = { query: 'SELECT id, pg_sleep(1)::text AS s FROM orders' };
    expect(await runSync({ ...options('customers', sync), runId: KILLED, leaseTimes })).toMatchObject({
      state: 'cancelled',
      attempts: [{ lostIn: 'export' }, {}],
    });
  });

  it('is taken over where it was killed', async () => {
    await rm(join(here.stateFolder, 'leases/customers.cancel.json'));
    const leaseTimes = { heartbeatMs: 50, expiryMs: 300 };
    expect(await runSync({ ...options('customers'), runId: KILLED, leaseTimes })).toMatchObject({
      id: KILLED,
      state: 'succeeded',
      attempts: [{ lostIn: 'export' }, {}],
    });
  });
});

it('is read by the release before, when that is gone back to: record, baseline, last upload', async () => {
  const record = await run();
  const before = earlierRelease.createRunStore(earlierRelease.createFolderDocumentStore(here.stateFolder));
  expect(await before.get(record.id)).toEqual(record);
  expect(await before.readBaseline('orders')).toEqual(await here.store.readBaseline('orders'));
  expect(await before.readLastUpload('orders')).toMatchObject({ runId: record.id, settled: true });
});
