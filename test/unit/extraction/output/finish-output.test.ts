import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LeaseLostError } from '../../../../shared/errors.ts';
import {
  discardOutput,
  type LatestSeen,
  pointLatest,
  prepareOutput,
} from '../../../../shared/extraction/output/finish-output.ts';
import { createFolderOutputStore } from '../../../../shared/extraction/output/folder-output-store.ts';
import { layOut } from '../../../../shared/extraction/output/layout.ts';
import { latestSchema, type Manifest, toDocument } from '../../../../shared/extraction/output/manifest.ts';
import type { OutputStore } from '../../../../shared/extraction/output/output-store.ts';
import type { JobContext } from '../../../../shared/runs/job.ts';

const OLD = '01a1feb4-0000-7000-8000-000000000001';
const NEW = '01a1feb4-0000-7000-8000-000000000002';

function manifestOf(runId: string, startedAt: string): Manifest {
  return {
    schemaVersion: 1,
    job: 'catalogs',
    workflowId: 'catalogs',
    runId,
    layout: 'app',
    state: 'succeeded',
    startedAt,
    endedAt: '2026-01-01T12:00:00.000Z',
    scope: { sources: ['erp'], include: {}, exclude: {}, tempTableRegex: '' },
    connections: [],
    databases: [],
    entities: {},
    files: [],
    warnings: [],
  };
}
const old = manifestOf(OLD, '2026-01-01T01:00:00.000Z');
const newer = manifestOf(NEW, '2026-01-01T02:00:00.000Z');
const layoutOf = (runId: string) =>
  layOut({ layout: 'app', application: 'postgres', base: '', workflowId: 'catalogs', runId });

let folder: string;
let output: OutputStore;
let warnings: string[];
let context: JobContext;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry latest ü '));
  output = createFolderOutputStore({ folder });
  warnings = [];
  context = {
    retry: (work: () => Promise<unknown>) => work(),
    renewLease: async () => {},
    warn: (message: string) => warnings.push(message),
  } as unknown as JobContext;
});
afterEach(() => rm(folder, { recursive: true }));

const latest = async () =>
  latestSchema.parse(JSON.parse((await output.read('catalogs/latest.json'))?.body ?? '')).runId;
const point = (manifest: Manifest, store = output, seen?: LatestSeen) =>
  pointLatest(context, store, layoutOf(manifest.runId), manifest, seen);

describe('latest.json', () => {
  it('points at the run that ended last', async () => {
    await point(old);
    await point(newer);
    expect(await latest()).toBe(NEW);
    expect(warnings).toEqual([]);
  });

  it('does not go back to a run that began to read earlier, and ends late', async () => {
    await point(newer);
    await point(old);
    expect(await latest()).toBe(NEW);
    expect(warnings).toEqual([`latest.json keeps run ${NEW}, which began to read later than this one.`]);
  });

  it('does not go back when the newer one comes between the look and the write either', async () => {
    let met = false;
    const overtaken: OutputStore = {
      ...output,
      async replace(key, body, seen) {
        if (!met) {
          met = true;
          await point(newer);
        }
        return output.replace(key, body, seen);
      },
    };
    await point(old, overtaken);
    expect(await latest()).toBe(NEW);
    expect(warnings).toHaveLength(1);
  });

  it('moves on from a run whose machine’s clock was ahead, if that had ended before this one began', async () => {
    await point(newer);
    const prepared = await prepareOutput(context, output, layoutOf(OLD));
    await point(old, output, 'latestSeen' in prepared ? prepared.latestSeen : undefined);
    expect(await latest()).toBe(OLD);
    expect(warnings).toEqual([]);
  });

  it('stays with a run that began to read later, and ended while this one was reading', async () => {
    const prepared = await prepareOutput(context, output, layoutOf(OLD));
    await point(newer);
    await point(old, output, 'latestSeen' in prepared ? prepared.latestSeen : undefined);
    expect(await latest()).toBe(NEW);
  });

  it('is written once when the answer to the write was lost', async () => {
    let writes = 0;
    const forgetful: OutputStore = {
      ...output,
      async replace(key, body, seen) {
        writes += 1;
        await output.replace(key, body, seen);
        return false;
      },
    };
    await point(old, forgetful);
    expect(writes).toBe(1);
    expect(await latest()).toBe(OLD);
  });

  it('replaces one that is damaged, or from another release', async () => {
    await output.put('catalogs/latest.json', '{"schemaVersion": 99}');
    await point(old);
    expect(await latest()).toBe(OLD);
  });
});

describe('the folder of a run', () => {
  it('loses what an earlier attempt left, but no other run’s files', async () => {
    await output.put(`catalogs/${OLD}/raw/table/1.parquet`, 'half');
    await output.put(`catalogs/${NEW}/raw/table/1.parquet`, 'other');
    expect(await prepareOutput(context, output, layoutOf(OLD))).toEqual({ latestSeen: {} });
    expect(await readdir(join(folder, 'catalogs'))).toEqual([NEW]);
  });

  it('is kept when an earlier attempt was complete', async () => {
    await output.put(`catalogs/${OLD}/manifest.json`, toDocument(old));
    expect(await prepareOutput(context, output, layoutOf(OLD))).toEqual({ complete: old });
  });

  it('is not touched by a run that has lost its lease', async () => {
    await output.put(`catalogs/${OLD}/raw/table/1.parquet`, 'of the one that has it');
    const lost = {
      ...context,
      renewLease: async () => {
        throw new LeaseLostError('Lost.');
      },
    };
    await discardOutput(lost, output, layoutOf(OLD));
    expect(await readdir(join(folder, 'catalogs', OLD))).toEqual(['raw']);
    expect(warnings).toEqual(['The files of this run could not be removed. They have no manifest.']);
  });
});
