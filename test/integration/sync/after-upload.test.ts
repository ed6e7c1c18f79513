import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../../shared/runs/job.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import type { RunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { sleep } from '../../../shared/sleep.ts';
import { runSync } from '../../../shared/sync/run-sync.ts';
import type { RunSyncOptions } from '../../../shared/sync/sync-work.ts';
import { acceptRefused } from '../../../shared/sync/upload/accept-refused.ts';
import { resendArchived } from '../../../shared/sync/upload/resend-archived.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { LOGIN_WARNING, withoutLoginWarning } from '../../support/source/login-warning.ts';
import { type InProcessSync, setUpInProcessSync } from '../../support/sync/in-process-sync.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

// Nobody renews in the middle of a test.
const leaseTimes = { heartbeatMs: 500, expiryMs: 600 };
const OTHER = 'ds_meldungen2';

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let here: InProcessSync;
beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  polyteia = await startPolyteiaStandIn({ datasets: [DATASET, OTHER] });
  here = await setUpInProcessSync(postgres, polyteia);
  await postgres.query(
    'DROP TABLE IF EXISTS orders; CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 5) i',
  );
});
afterEach(async () => {
  polyteia.assertNoViolations();
  await polyteia.stop();
  await here[Symbol.asyncDispose]();
});
afterAll(() => postgres.stop());

const run = (changes: Partial<RunSyncOptions> = {}, sync: Record<string, unknown> = {}, target = {}) =>
  runSync({ ...here.options(sync, target), leaseTimes, ...changes });
const uploads = (dataset = DATASET) => polyteia.datasets.get(dataset)?.uploads ?? 0;

type Write = 'last upload' | 'baseline' | 'settled upload' | 'record';

/** The store of a process that is killed when it is about to write something: that write and all later ones never happen. */
function killedAt(write: Write): RunStore {
  let dead = false;
  const unless = async (now: boolean, save: () => Promise<void>) => {
    dead ||= now;
    if (!dead) await save();
  };
  return {
    ...here.store,
    async acquireLease(options) {
      const acquisition = await here.store.acquireLease(options);
      if (acquisition.outcome === 'acquired') acquisition.lease.release = async () => {};
      return acquisition;
    },
    save: (record) => unless(write === 'record' && record.state !== 'running', () => here.store.save(record)),
    saveLastUpload: (job, upload) =>
      unless(write === (upload.settled ? 'settled upload' : 'last upload'), () =>
        here.store.saveLastUpload(job, upload),
      ),
    saveBaseline: (job, baseline) =>
      unless(write === 'baseline', () => here.store.saveBaseline(job, baseline)),
  };
}

async function killRunAt(write: Write): Promise<string> {
  const runId = newRunId();
  await run({ runId, store: killedAt(write) });
  expect(await here.store.get(runId)).toMatchObject({ state: 'running' });
  return runId;
}

describe.each<Write>(['baseline', 'settled upload', 'record'])(
  'a run that was killed before it wrote its %s',
  (write) => {
    it('is recorded as uploaded by the next run, whose result is compared with its own', async () => {
      const runId = await killRunAt(write);
      await postgres.query('TRUNCATE orders');
      expect(await run()).toMatchObject({ error: { class: 'GuardError' } });
      expect(await here.store.get(runId)).toMatchObject({ state: 'succeeded', outcome: 'uploaded', rows: 5 });
      expect(await here.store.readBaseline('orders')).toMatchObject({ runId, rows: 5 });
      expect(uploads()).toBe(1);
    });

    it('uploads to the new dataset if the sync was given one before its next delivery', async () => {
      const runId = await killRunAt(write);
      const next = await run({ runId }, { dataset: OTHER });
      expect(next).toMatchObject({ state: 'succeeded', outcome: 'uploaded', dataset: OTHER });
      expect(next.warnings[0]).toMatch(
        /^An earlier attempt of this run uploaded to dataset ds_meldungen1, at /,
      );
      expect([uploads(), uploads(OTHER)]).toEqual([1, 1]);
    });

    it('reports that even if its next delivery fails at once', async () => {
      const runId = await killRunAt(write);
      polyteia.failNext({ on: 'get_dataset', how: { kind: 'status', status: 401 } });
      const next = await run({ runId });
      expect(next).toMatchObject({ state: 'failed', error: { class: 'PolyteiaRejectedError' } });
      expect(next.warnings).toEqual([
        expect.stringMatching(/^An earlier attempt of this run uploaded to dataset ds_meldungen1, at /),
      ]);
    });
  },
);

describe('a lease', () => {
  // The second is taken when the first one has ended.
  it.each([1, 2])(
    'that is lost while upload token %i is requested keeps the file from being sent',
    async (nth) => {
      const on = 'generate_dataset_upload_token';
      polyteia.failNext({ on, after: nth - 1, how: { kind: 'slow', ms: 500 } });
      if (nth === 2) polyteia.failNext({ on: 'upload', how: { kind: 'status', status: 401 } });
      // A heartbeat that is too late to notice, as in a process that is stopped at that moment.
      const running = run({ leaseTimes: { heartbeatMs: 20_000, expiryMs: 60_000 } });
      const asked = () => polyteia.calls.filter((call) => call.on === on).length;
      await waitFor('the token', () => asked() === nth || undefined, 20_000);
      const times = { heartbeatMs: 1, expiryMs: 1 };
      const thief = await here.store.acquireLease({ job: 'orders', runId: newRunId(), times, sleep });
      expect(thief.outcome).toBe('acquired');
      expect(await running).toMatchObject({ state: 'failed', error: { class: 'LeaseLostError' } });
      expect(uploads()).toBe(0);
    },
  );
});

describe('a run that is taken over in the middle of its upload', () => {
  // Long silences, as of a process that was stopped: nobody hears of the other.
  const stopped = { heartbeatMs: 20_000, expiryMs: 60_000 };
  const next = { heartbeatMs: 50, expiryMs: 400 };
  let arrive: () => void;
  let first: Promise<RunRecord>;
  const sent = () => polyteia.calls.filter(({ on, file }) => on === 'upload' && (file?.size ?? 0) > 0).length;
  const ended = () => polyteia.calls.filter(({ on, status }) => on === 'upload' && status === 200).length;
  /** Its file is sent, and waits somewhere on the way. */
  async function sendLate(options: Partial<RunSyncOptions> = {}): Promise<void> {
    const until = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    polyteia.failNext({ on: 'upload', how: { kind: 'late', until } });
    first = run({ leaseTimes: stopped, ...options });
    await waitFor('the first file to be sent', () => sent() === 1 || undefined, 20_000);
    // A file of another size than that of those who come after.
    await postgres.query('INSERT INTO orders SELECT i FROM generate_series(6, 5000) i');
  }
  const size = () => polyteia.datasets.get(DATASET)?.content?.size;
  /** The store of a process that is stopped once its file is on the way, until it is woken. */
  function stoppedInUpload(): { store: RunStore; wake: () => void } {
    const { promise: awake, resolve: wake } = Promise.withResolvers<void>();
    const store: RunStore = {
      ...here.store,
      async acquireLease(options) {
        const acquisition = await here.store.acquireLease(options);
        if (acquisition.outcome !== 'acquired') return acquisition;
        const { lease } = acquisition;
        const renew = lease.renew.bind(lease);
        lease.renew = async (progress) => {
          if (sent() > 0) await awake;
          await renew(progress);
        };
        return acquisition;
      },
    };
    return { store, wake };
  }

  it('does not have the last word: the next run sends its file again over the late one', async () => {
    await sendLate();
    const second = run({ leaseTimes: next });
    await waitFor('the second upload', () => ended() === 1 || undefined, 20_000);
    arrive();
    const record = await second;
    expect(record).toMatchObject({ state: 'succeeded', outcome: 'uploaded', rows: 5000 });
    expect(withoutLoginWarning(record.warnings)).toEqual([
      expect.stringMatching(
        /^Run .* was taken over in the middle of its upload, which arrived after this one/,
      ),
    ]);
    expect([uploads(), size()]).toEqual([3, record.bytes]);
    expect(await here.store.readLastUpload('orders')).toMatchObject({ shown: { size: record.bytes } });
    expect((await here.store.readLastUpload('orders'))?.contested).toBeUndefined();
    // Its own words are true: it knows that its file arrived, and not what became of it.
    const woken = await first;
    expect(woken).toMatchObject({ state: 'failed', error: { class: 'LeaseLostError' } });
    expect(woken.error?.hint).toMatch(
      /^Dataset ds_meldungen1 received the file of this run\. The newer run checks again/,
    );
  });

  it('does not know whether its file arrived when it wakes up before the answer, and says so', async () => {
    const { store, wake } = stoppedInUpload();
    await sendLate({ leaseTimes: { heartbeatMs: 100, expiryMs: 60_000 }, store });
    expect(await run({ leaseTimes: next })).toMatchObject({ state: 'succeeded', warnings: [LOGIN_WARNING] });
    wake();
    expect((await first).error?.hint).toMatch(
      /^It is unknown whether dataset ds_meldungen1 received the file .* was under way/,
    );
    arrive();
  });

  it('is remembered until a run has checked again, even past one that failed before its upload', async () => {
    await sendLate();
    const failing = run({ leaseTimes: next }, { guards: { minRows: 9_999 } });
    expect(await failing).toMatchObject({ error: { class: 'GuardError' } });
    const third = run({ leaseTimes: next });
    await waitFor('the upload', () => ended() === 1 || undefined, 20_000);
    arrive();
    expect(await third).toMatchObject({
      state: 'succeeded',
      warnings: [LOGIN_WARNING, expect.stringMatching(/sent again/)],
    });
    // Seen to once: the run after it looks at nothing.
    const phases: string[] = [];
    const onProgress = (event: ProgressEvent) => {
      if (event.type === 'phase-started') phases.push(event.phase);
    };
    expect(await run({ onProgress })).toMatchObject({ outcome: 'unchanged' });
    expect(phases).not.toContain('look again');
    await first;
  });

  it('is also looked for when the source is unchanged, and reported when nobody may look', async () => {
    const last = await run();
    expect(last.outcome).toBe('uploaded');
    await postgres.query('INSERT INTO orders VALUES (6)');
    const before = sent();
    const until = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    polyteia.failNext({ on: 'upload', how: { kind: 'late', until } });
    first = run({ leaseTimes: stopped });
    await waitFor('the file to be sent', () => sent() === before + 1 || undefined, 20_000);
    await postgres.query('DELETE FROM orders WHERE id = 6');
    const forbidden = { kind: 'errorEnvelope', code: 403, message: 'no' } as const;
    polyteia.failNext({ on: 'get_dataset', times: 99, how: forbidden });
    const record = await run({ leaseTimes: next }, {}, { verify: 'off' });
    expect(record).toMatchObject({
      outcome: 'uploaded',
      warnings: [LOGIN_WARNING, expect.stringMatching(/was sent twice/)],
    });
    arrive();
    await first;
  });
});

it('a run that has read its source releases its slot, whatever else it has to do', async () => {
  polyteia.failNext({ on: 'upload', how: { kind: 'slow', ms: 2_000 } });
  const options = here.options();
  Object.assign(options.config.sources.erp ?? {}, { maxConcurrentRuns: 1 });
  const running = run({ config: options.config });
  const uploading = () => polyteia.calls.some(({ on }) => on === 'upload') || undefined;
  await waitFor('the upload', uploading, 20_000);
  const times = { heartbeatMs: 10_000, expiryMs: 45_000 };
  const claim = { source: 'erp', slots: 1, job: 'other', runId: newRunId(), times };
  expect(await here.store.queueForSlot(claim).look()).toHaveProperty('slot');
  const record = await running;
  expect(record).toMatchObject({ state: 'succeeded', outcome: 'uploaded' });
  expect(await here.store.readBaseline('orders')).toMatchObject({ runId: record.id });
});

describe('a stored file', () => {
  it.each(['resend', 'accept'] as const)('is not sent to another dataset by %s', async (command) => {
    const sync = { archive: { keep: 3 }, guards: { minRows: command === 'accept' ? 6 : 1 } };
    const kept = await run({}, sync);
    const before = uploads();
    const send = command === 'resend' ? resendArchived : acceptRefused;
    await expect(send(here.options({ ...sync, dataset: OTHER }), kept.id, undefined)).rejects.toThrow(
      `of run ${kept.id} is for dataset ${DATASET}, but the sync orders now has dataset ${OTHER}.`,
    );
    expect([uploads(), uploads(OTHER)]).toEqual([before, 0]);
    expect(await send(here.options(sync), kept.id, undefined)).toMatchObject({ outcome: 'uploaded' });
  });

  it('stays if its run began before one that was archived earlier', async () => {
    const archive = { keep: 1 };
    const early = await run({}, { archive });
    await postgres.query('INSERT INTO orders VALUES (6)');
    const scheduledTime = new Date(Date.now() - 600_000).toISOString();
    const late = await run({ trigger: { type: 'schedule', scheduledTime } }, { archive });
    expect(late).toMatchObject({ outcome: 'uploaded', archived: true });
    const path = join(here.stateFolder, 'fetched');
    expect(await here.store.fetchArchived('orders', late.id, path)).toBe(true);
    expect(await here.store.fetchArchived('orders', early.id, path)).toBe(false);
  });
});

it('a refused file is not accepted over a newer upload', async () => {
  const refused = await run({ config: here.options({ guards: { minRows: 6 } }).config });
  expect(refused.error?.class).toBe('GuardError');
  const newer = await run();
  expect(newer.outcome).toBe('uploaded');
  await expect(acceptRefused(here.options(), refused.id, undefined)).rejects.toThrow(
    `Since run ${refused.id} was refused, run ${newer.id} has uploaded a newer result.`,
  );
});

it('a refused file that was accepted is not accepted again, and the message names the run that sent it', async () => {
  const options = here.options({ guards: { minRows: 50 } });
  const refused = await run({ config: options.config });
  expect(refused.error?.class).toBe('GuardError');
  const sent = await acceptRefused(options, refused.id, undefined);
  await expect(acceptRefused(options, refused.id, undefined)).rejects.toThrow(
    `Run ${refused.id} has already been accepted: its file was sent by run ${sent.id}.`,
  );
});
