import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../../shared/runs/documents/document-store.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createS3DocumentStore } from '../../../shared/runs/documents/s3-document-store.ts';
import { queueForSlot } from '../../../shared/runs/leases/slots.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { scheduledRunId } from '../../../shared/runs/run-id.ts';
import { startMiniStack } from '../../support/aws/mini-stack.ts';
import { createS3Client } from '../../support/aws/s3-client.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import {
  type ContendersInput,
  type Contention,
  contend,
  readBeginnings,
} from '../../support/runs/contenders.ts';
import { keepRenewing } from '../../support/runs/keep-renewing.ts';

const SCRIPT = fileURLToPath(new URL('../../support/runs/contenders.ts', import.meta.url));
const scheduledTime = '2026-11-21T04:30:00.000Z';
const leaseTimes = { heartbeatMs: 3_000, expiryMs: 15_000 };
const idOf = (job: string) => scheduledRunId('test', job, scheduledTime);

let folder: string;
const started: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry slots ü '));
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
const contention = (jobs: readonly number[], slots: number): Contention => ({
  jobs,
  slots,
  scheduledTime,
  folder,
  workMs: 30,
  leaseTimes,
});

/** Contenders in a process of their own. */
function start(jobs: readonly number[], slots: number) {
  const input: ContendersInput = { ...contention(jobs, slots), stateFolder: join(folder, 'state') };
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const ended = once(child, 'close').then(() => output);
  return { child, states: async () => JSON.parse(await ended) as string[], ended };
}

/** Keeps all slots of the source, so that a queue forms, until it lets them go. */
async function occupySlots(
  store: DocumentStore,
  slots: number,
): Promise<AsyncDisposable & { letGo(): Promise<void> }> {
  const held = await Promise.all(
    range(0, slots).map(async (n) => {
      const claim = { source: 'erp', slots, job: `holder-${n}`, runId: `0-${n}`, times: leaseTimes };
      for (;;) {
        const waiter = queueForSlot(store, claim);
        const seen = await waiter.look();
        await waiter.leave();
        if ('slot' in seen) return seen.slot;
      }
    }),
  );
  const renewing = keepRenewing(held, leaseTimes.heartbeatMs);
  return {
    async letGo() {
      await renewing.end();
      await Promise.all(held.map((slot) => slot.release()));
    },
    [Symbol.asyncDispose]: () => renewing[Symbol.asyncDispose](),
  };
}

const waiting = (store: DocumentStore, count: number) =>
  waitFor(
    `${count} waiting runs`,
    async () => ((await store.list('leases/queue/erp/', 1_000)).length === count ? true : undefined),
    90_000,
  );

/** How far a run was from its place, at most. */
function worstPlace(begun: readonly string[]): number {
  const due = begun.toSorted();
  return Math.max(...begun.map((id, place) => Math.abs(due.indexOf(id) - place)));
}

describe('200 runs of one source that are due at once', () => {
  it('in several processes never exceed its limit, are served in order, and all end', async () => {
    const slots = 5;
    const store = createFolderDocumentStore(join(folder, 'state'));
    await using occupied = await occupySlots(store, slots);
    const processes = range(0, 4).map((n) => start(range(n * 50, n * 50 + 50), slots));
    await waiting(store, 200);
    await occupied.letGo();
    const states = (await Promise.all(processes.map(({ states }) => states()))).flat();
    expect(states).toEqual(Array(200).fill('succeeded'));
    const beginnings = await readBeginnings(folder);
    expect(beginnings).toHaveLength(200);
    const most = Math.max(...beginnings.map(({ count }) => count));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(slots);
    // What is written down is when the work began, a while after the slot was taken: on a busy machine not quite in the same order.
    expect(worstPlace(beginnings.map(({ runId }) => runId))).toBeLessThan(40);
    expect(await store.list('leases/queue/erp/', 10)).toEqual([]);
  }, 240_000);
});

describe('a killed process with waiting and working runs', () => {
  it('keeps its slots for one expiry, and loses no run that is started again', async () => {
    const slots = 2;
    const store = createFolderDocumentStore(join(folder, 'state'));
    await using occupied = await occupySlots(store, slots);
    const killed = start(range(0, 10), slots);
    const other = start(range(10, 20), slots);
    await waiting(store, 20);
    await occupied.letGo();
    await waitFor(
      'some to have begun',
      async () => ((await readBeginnings(folder)).length >= 4 ? true : undefined),
      30_000,
    );
    killed.child.kill('SIGKILL');
    await killed.ended;
    // What a killed process shows as its work goes with it.
    const shown = await readdir(join(folder, 'working'));
    await Promise.all(
      shown
        .filter((name) => name.endsWith(` ${killed.child.pid}`))
        .map((name) => rm(join(folder, 'working', name))),
    );
    const again = start(range(0, 10), slots);
    expect(await other.states()).toEqual(Array(10).fill('succeeded'));
    expect(await again.states()).toEqual(Array(10).fill('succeeded'));
    const beginnings = await readBeginnings(folder);
    expect(Math.max(...beginnings.map(({ count }) => count))).toBeLessThanOrEqual(slots);
    const records = createRunStore(store);
    for (const n of range(0, 20)) {
      const record = await records.get(idOf(`job-${n}`));
      const begun = beginnings.filter(({ runId }) => runId === record?.id).length;
      expect(record).toMatchObject({ state: 'succeeded' });
      // Anyone who was killed while it waited has lost no attempt.
      expect(record?.attempts?.length).toBeLessThanOrEqual(Math.max(1, begun));
    }
  }, 240_000);
});

describe('40 runs with their state in S3', () => {
  it('never exceed the limit of their source, are served in order, and all end', async () => {
    await using aws = await startMiniStack();
    const client = await createS3Client(aws);
    await client.send(new CreateBucketCommand({ Bucket: 'ferry-slots' }));
    const store = createS3DocumentStore({ client, bucket: 'ferry-slots' });
    await using occupied = await occupySlots(store, 3);
    const records = contend(store, contention(range(0, 40), 3));
    await waiting(store, 40);
    await occupied.letGo();
    expect((await records).map(({ state }) => state)).toEqual(Array(40).fill('succeeded'));
    const beginnings = await readBeginnings(folder);
    expect(beginnings).toHaveLength(40);
    expect(Math.max(...beginnings.map(({ count }) => count))).toBeLessThanOrEqual(3);
    expect(worstPlace(beginnings.map(({ runId }) => runId))).toBeLessThan(12);
    expect(await store.list('leases/queue/erp/', 10)).toEqual([]);
  }, 240_000);
});
