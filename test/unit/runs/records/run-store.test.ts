import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../../shared/runs/documents/folder-document-store.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import type { RunRecord } from '../../../../shared/runs/records/run-record.ts';
import { createRunStore } from '../../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../../shared/runs/run-id.ts';

const NOW = '2026-01-01T00:00:00.000Z';

function record(job: string, startedAt: string): RunRecord {
  return {
    schemaVersion: 1,
    id: newRunId(new Date(startedAt)),
    job,
    kind: 'sync',
    state: 'succeeded',
    trigger: 'cli',
    startedAt,
    source: 'erp',
    dataset: 'ds_a',
    target: 'default',
    phases: [],
    warnings: [],
    configHash: 'x',
  };
}

describe('a record', () => {
  // Of a folder or a bucket that the release before this one has written to.
  it('of the previous release is read', async () => {
    const documents = createMemoryDocumentStore();
    const id = newRunId(new Date('2026-01-01T00:00:00.000Z'));
    const earlier = record('orders', '2026-01-01T00:00:00.000Z');
    const store = createRunStore(documents);
    await store.save({ ...earlier, id });
    expect(await store.get(id)).toEqual({ ...earlier, id });
  });

  it('of an extraction is read as it was written, also a partial one', async () => {
    const store = createRunStore(createMemoryDocumentStore());
    const { source: _source, dataset: _dataset, target: _target, ...common } = record('catalogs', NOW);
    const partial: RunRecord = {
      ...common,
      kind: 'extraction',
      state: 'partial',
      outcome: 'extracted',
      sources: ['erp', 'hr'],
      databases: [
        { source: 'erp', database: 'erp', state: 'extracted', entities: 7 },
        { source: 'hr', state: 'failed', entities: 0, error: { class: 'AuthError', message: 'No.' } },
      ],
      manifest: 's3://bucket/catalogs/run/manifest.json',
      rows: 7,
      error: { class: 'AuthError', message: '1 of 2 databases failed.' },
    };
    await store.save(partial);
    expect(await store.get(partial.id)).toEqual(partial);
    expect((await store.listJobStates()).get('catalogs')).toMatchObject({
      last: { state: 'partial', error: 'AuthError', rows: 7 },
      lastEnded: { state: 'partial' },
      unfinished: [],
    });
    expect((await store.listJobStates()).get('catalogs')).not.toHaveProperty('lastGood');
  });
});

describe('a run store in a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry-state-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('lists the newest runs first, of all jobs or of one', async () => {
    const store = createRunStore(createFolderDocumentStore(join(folder, 'state')));
    const runs = ['2026-01-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'].map(
      (time, index) => record(index === 1 ? 'b' : 'a', time),
    );
    for (const run of runs) await store.save(run);
    expect((await store.list({ limit: 2 })).map((run) => run.startedAt.slice(0, 7))).toEqual([
      '2026-03',
      '2026-02',
    ]);
    expect((await store.list({ job: 'a', limit: 10 })).map((run) => run.startedAt.slice(0, 7))).toEqual([
      '2026-02',
      '2026-01',
    ]);
    expect(await store.list({ job: 'nobody', limit: 10 })).toEqual([]);
  });

  it('skips files of others, which take no place on a page', async () => {
    const state = join(folder, 'state');
    const store = createRunStore(createFolderDocumentStore(state));
    for (const time of ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'])
      await store.save(record('a', time));
    for (const name of ['.DS_Store', '.a', '.b']) await writeFile(join(state, 'runs', name), 'x');
    const first = await store.listPage({ limit: 1 });
    expect(first.runs.map((run) => run.startedAt.slice(0, 7))).toEqual(['2026-02']);
    const second = await store.listPage({ limit: 1, ...(first.next ? { after: first.next } : {}) });
    expect(second.runs.map((run) => run.startedAt.slice(0, 7))).toEqual(['2026-01']);
    expect(second.next).toBeUndefined();
  });

  it('removes what a process left that was killed while it archived, and nothing that is being written', async () => {
    const archive = join(folder, 'archive', 'a');
    await mkdir(archive, { recursive: true });
    const twoHoursAgo = new Date(Date.now() - 7_200_000);
    for (const name of ['old.parquet.1.tmp', 'new.parquet.2.tmp']) await writeFile(join(archive, name), 'x');
    await utimes(join(archive, 'old.parquet.1.tmp'), twoHoursAgo, twoHoursAgo);
    const file = join(folder, 'result');
    await writeFile(file, 'y');
    const runId = newRunId();
    await createRunStore(createFolderDocumentStore(folder)).keepArchived('a', runId, file, { keep: 1 });
    expect((await readdir(archive)).sort()).toEqual([`${runId}.parquet`, 'new.parquet.2.tmp'].sort());
  });

  it('replaces the record of a run and leaves nothing else behind', async () => {
    const store = createRunStore(createFolderDocumentStore(folder));
    const run = record('a', '2026-01-01T00:00:00.000Z');
    await store.save({ ...run, state: 'running' });
    await store.save(run);
    expect((await store.list({ limit: 10 })).map(({ state }) => state)).toEqual(['succeeded']);
    expect(await readdir(join(folder, 'runs'))).toHaveLength(1);
  });

  it('says so when the folder cannot be written to', async () => {
    const store = createRunStore(createFolderDocumentStore('/dev/null/state'));
    await expect(store.save(record('a', '2026-01-01T00:00:00.000Z'))).rejects.toMatchObject({
      class: 'StorageUnavailableError',
    });
  });
});
