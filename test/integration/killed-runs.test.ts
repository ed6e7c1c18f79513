import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../shared/runs/folder-document-store.ts';
import { newRunId } from '../../shared/runs/run-id.ts';
import { type RunRecord, runRecordSchema } from '../../shared/runs/run-record.ts';
import { createRunStore, type RunStore } from '../../shared/runs/run-store.ts';
import { sourceConfig } from '../support/source-config.ts';
import type { SyncProcessInput } from '../support/sync-process.ts';
import { DATASET, type SyncSetup, setUpSync } from '../support/sync-setup.ts';
import { waitFor } from '../support/wait-for.ts';

const SCRIPT = fileURLToPath(new URL('../support/sync-process.ts', import.meta.url));
const leaseTimes = { heartbeatMs: 300, expiryMs: 1_500 };

let setup: SyncSetup;
let folder: string;
let store: RunStore;
const started: ChildProcess[] = [];
beforeAll(async () => {
  setup = await setUpSync();
  await setup.postgres.query('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 5) i');
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry killed ü '));
  store = createRunStore(createFolderDocumentStore(join(folder, 'state')));
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});
afterAll(() => setup[Symbol.asyncDispose]());

/** A run in a process of its own. */
function start(options: { runId?: string; seconds?: number; job?: string } = {}) {
  const { runId, seconds = 0, job = 'orders' } = options;
  const { postgres, polyteia } = setup;
  const sync = {
    source: 'erp',
    dataset: DATASET,
    whenUnchanged: 'upload',
    query: `SELECT id, pg_sleep(${seconds / 5})::text AS s FROM orders`,
  };
  const input: SyncProcessInput = {
    config: {
      version: 1,
      sources: { erp: sourceConfig(postgres, 'erp') },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: { [job]: sync },
    },
    job,
    secrets: {
      erp: JSON.stringify({ username: postgres.user, password: postgres.password }),
      polyteia: polyteia.personalAccessKey,
    },
    stateFolder: join(folder, 'state'),
    workFolder: join(folder, 'work'),
    leaseTimes,
    ...(runId === undefined ? {} : { runId }),
  };
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    output += text;
  });
  const record = () =>
    waitFor(
      `the record; so far: ${output}`,
      () => {
        const line = /^record (.*)$/m.exec(output)?.[1];
        return line === undefined ? undefined : runRecordSchema.parse(JSON.parse(line));
      },
      25_000,
    );
  const reach = (phase: string) =>
    waitFor(`phase ${phase}`, () => (output.includes(`phase ${phase}\n`) ? true : undefined), 15_000);
  return { child, record, reach, output: () => output };
}

const uploads = () => setup.polyteia.datasets.get(DATASET)?.uploads ?? 0;
const leftovers = () => readdir(join(folder, 'work')).catch(() => []);

describe('a killed run', () => {
  it.each([
    ['connect', 0],
    ['export', 4],
  ])(
    'in phase %s is taken over by the next delivery of the same trigger, once it is known to be dead',
    async (phase, seconds) => {
      const before = uploads();
      const runId = newRunId();
      const first = start({ runId, seconds });
      await first.reach(phase);
      if (phase === 'export') await sleep(2 * leaseTimes.heartbeatMs);
      first.child.kill('SIGKILL');
      const second = await start({ runId }).record();
      expect(second).toMatchObject({ id: runId, state: 'succeeded', outcome: 'uploaded' });
      expect(second.attempts).toHaveLength(2);
      expect(second.attempts?.[0]?.lostIn).toEqual(phase === 'export' ? 'export' : expect.any(String));
      expect(uploads()).toBe(before + 1);
      // Nor is anything left of what the killed process had on its disk.
      expect(await leftovers()).toEqual([]);
      // A third delivery finds it finished.
      const third = await start({ runId }).record();
      expect(third).toEqual(second);
      expect(uploads()).toBe(before + 1);
    },
  );

  it('does not block the next run of the job for longer than one expiry, and is closed by it', async () => {
    const first = start({ runId: newRunId(), seconds: 4 });
    await first.reach('export');
    const [{ id }] = (await store.list({ limit: 1 })) as [RunRecord];
    first.child.kill('SIGKILL');
    const killedAt = performance.now();
    const next = await start().record();
    expect(performance.now() - killedAt).toBeLessThan(leaseTimes.expiryMs + 8_000);
    expect(next).toMatchObject({ state: 'succeeded' });
    expect(await store.get(id)).toMatchObject({ state: 'failed', error: { class: 'LostError' } });
  });

  it('that was killed twice at the same point is not begun a third time', async () => {
    const before = uploads();
    const runId = newRunId();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const run = start({ runId, seconds: 6 });
      await run.reach('export');
      await sleep(2 * leaseTimes.heartbeatMs);
      run.child.kill('SIGKILL');
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

describe('a run that was stopped for two expiries', () => {
  it('finds its lease gone, uploads nothing, and leaves the record to the new holder', async () => {
    const before = uploads();
    const runId = newRunId();
    const sleeper = start({ runId, seconds: 3 });
    await sleeper.reach('export');
    sleeper.child.kill('SIGSTOP');
    const taker = await start({ runId }).record();
    expect(taker).toMatchObject({ state: 'succeeded', attempts: [{}, {}] });
    sleeper.child.kill('SIGCONT');
    const woken = await sleeper.record();
    expect(woken).toMatchObject({ state: 'failed', error: { class: 'LeaseLostError' } });
    expect(uploads()).toBe(before + 1);
    expect(await store.get(runId)).toEqual(taker);
    expect(await leftovers()).toEqual([]);
  });
});

describe('two deliveries at once', () => {
  it('of the same trigger are one run', async () => {
    const before = uploads();
    const runId = newRunId();
    const first = start({ runId, seconds: 3 });
    await first.reach('export');
    const second = await start({ runId }).record();
    expect(second).toMatchObject({ id: runId, state: 'running' });
    expect(await first.record()).toMatchObject({ id: runId, state: 'succeeded', attempts: [{}] });
    expect(uploads()).toBe(before + 1);
  });

  it('of two triggers: the second is skipped, and says by whom', async () => {
    const before = uploads();
    const first = start({ seconds: 3 });
    await first.reach('export');
    const second = await start().record();
    const done = await first.record();
    expect(second).toMatchObject({ state: 'skipped', heldBy: done.id });
    expect(await store.get(second.id)).toEqual(second);
    expect(done.state).toBe('succeeded');
    expect(uploads()).toBe(before + 1);
  });
});

describe('a run that is asked to stop', () => {
  it('hears it with its next heartbeat, and ends its query', async () => {
    const before = uploads();
    const run = start({ seconds: 20 });
    await run.reach('export');
    const [{ id, job }] = (await store.list({ limit: 1 })) as [RunRecord];
    await store.requestCancel(job, id, 'Anna');
    const record = await run.record();
    expect(record).toMatchObject({
      state: 'cancelled',
      error: { class: 'CancelledError', message: 'The run was cancelled by Anna.' },
    });
    expect(record.durationMs).toBeLessThan(10_000);
    expect(uploads()).toBe(before);
    expect(await leftovers()).toEqual([]);
  });
});
