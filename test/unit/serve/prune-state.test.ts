import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findOldArtifacts } from '../../../shared/extraction/output/old-artifacts.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { pruneState } from '../../../shared/serve/pool/prune-state.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { runningRecord, runRecord } from '../../support/api.ts';

const logger = createLogger({ level: 'error' });

it('a workflow whose definition has expired goes with its runs, once they have ended', async () => {
  const documents = createMemoryDocumentStore();
  const runs = createRunStore(documents);
  await runs.save({ ...runRecord(), id: newRunId(), job: 'gone' });
  await runs.save({ ...runRecord(), id: newRunId(), job: 'gone-not' });
  await runs.save({ ...runningRecord(), id: newRunId(), job: 'busy' });
  const removed: string[] = [];
  await pruneState({
    documents,
    runs,
    jobs: ['gone-not'],
    workflows: {
      expired: async () => ['gone', 'busy', 'gone-not'],
      remove: async (id) => {
        removed.push(id);
      },
    },
    now: Date.now(),
    logger,
  });
  expect(removed).toEqual(['gone']);
  expect([...(await runs.listJobStates()).keys()].sort()).toEqual(['busy', 'gone-not']);
  expect(await documents.list('jobs/gone/', 10)).toEqual([]);
  expect(await documents.list('runs/', 10)).toHaveLength(2);
});

it('a refused file goes after a week, and then the old record that it kept, also of a job that is gone', async () => {
  let moment = 0;
  const documents = createMemoryDocumentStore(() => moment);
  const runs = createRunStore(documents);
  const now = Date.UTC(2026, 10, 30);
  const old = Array.from({ length: 101 }, (_, index) => newRunId(new Date(now - (400 - index) * 86_400_000)));
  for (const id of old) await runs.save({ ...runRecord(), id, job: 'orders' });
  const gone = newRunId();
  await runs.save({ ...runRecord(), id: gone, job: 'gone' });
  await documents.put(`refused/orders/${old[0]}.parquet`, '');
  await documents.put(`refused/gone/${gone}.parquet`, '');
  moment += 2 * 86_400_000;
  await documents.put(`refused/orders/${old[1]}.parquet`, '');
  const prune = () => pruneState({ documents, runs, jobs: ['orders'], workflows: undefined, now, logger });
  await prune();
  expect(await documents.list('refused/', 10)).toHaveLength(3);
  expect(await documents.list('jobs/orders/runs/', 200)).toHaveLength(101);
  moment += 6 * 86_400_000;
  await prune();
  expect(await documents.list('refused/', 10)).toEqual([`refused/orders/${old[1]}.parquet`]);
  expect(await documents.list('jobs/orders/runs/', 200)).toHaveLength(100);
});

it('the files of an extraction go by age and number, but never those that something refers to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ferry prune ü '));
  try {
    const documents = createMemoryDocumentStore();
    const runs = createRunStore(documents);
    const now = Date.UTC(2026, 10, 30);
    // The ids of runs begin with their time.
    const idOf = (days: number) =>
      `${(now - days * 86_400_000)
        .toString(16)
        .padStart(12, '0')
        .replace(/^(.{8})/, '$1-')}-7000-8000-00000000${String(days * 2).padStart(4, '0')}`;
    const write = async (workflow: string, days: readonly number[], latest: number) => {
      for (const day of days) {
        await mkdir(join(folder, 'artifacts', workflow, idOf(day)), { recursive: true });
        await writeFile(join(folder, 'artifacts', workflow, idOf(day), 'manifest.json'), '{}');
      }
      await writeFile(
        join(folder, 'artifacts', workflow, 'latest.json'),
        JSON.stringify({ runId: idOf(latest) }),
      );
    };
    await write('täglich', [1, 2, 3, 4, 29, 31, 32, 33, 34], 33);
    await write('jährlich', [100, 465, 830, 1195], 100);
    await write(
      'stündlich',
      Array.from({ length: 50 }, (_, index) => index / 2),
      0,
    );
    await runs.save({ ...runningRecord(), id: idOf(34), job: 'daily' });
    await pruneState({ documents, folder, runs, jobs: [], workflows: undefined, now, logger });
    const left = async (workflow: string) =>
      (await readdir(join(folder, 'artifacts', workflow))).filter((name) => name !== 'latest.json').sort();
    expect(await left('täglich')).toEqual([1, 2, 3, 4, 29, 33, 34].map(idOf).sort());
    expect(await left('jährlich')).toEqual([100, 465, 830].map(idOf).sort());
    expect(await left('stündlich')).toHaveLength(40);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('take the folder of a workflow that has a UUID for no old run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ferry prune ü '));
  try {
    const idOf = (number: number) => `01a230f4-97f8-70bb-903c-0000000000${number}`;
    // By their numbers, the workflows are from the year 1977; the first run of each is under way.
    const workflows = Array.from(
      { length: 50 },
      (_, index) => `003c30f4-97f8-40bb-903c-0000000000${index + 10}`,
    );
    for (const [index, workflow] of workflows.entries())
      await mkdir(join(folder, 'artifacts', 'stadt', workflow, idOf(index + 10), 'raw'), { recursive: true });
    const old = await findOldArtifacts(join(folder, 'artifacts'), {
      now: Date.now(),
      ageMs: 1,
      most: 40,
      least: 1,
    });
    expect(old).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
