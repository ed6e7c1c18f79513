import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findOldArtifacts } from '../../shared/extraction/output/old-artifacts.ts';
import type { DocumentStore } from '../../shared/runs/documents/document-store.ts';
import { findOldRefused, findOldRuns, keysOfRun } from '../../shared/runs/records/prune-runs.ts';
import type { RunStore } from '../../shared/runs/records/run-store.ts';

/** One kind of what is old in a state folder. */
export interface OldFiles {
  what: string;
  /** Of the things that are counted, such as runs; each may be several files. */
  count: number;
  paths: string[];
  bytes: number;
}

const DAY_MS = 86_400_000;
/** `ferry runs` lists as many. */
const NEWEST = 20;
const MAX_FILES = 10_000;

/** A folder's state, and what is done with it. */
interface StateToClean {
  folder: string;
  documents: DocumentStore;
  store: Pick<RunStore, 'listJobStates'>;
  /** How old a run must be, in days. */
  days: number;
}

/**
 * What nobody asks for any more in a state folder. The newest runs of each job stay, as do those under way, baselines,
 * archived files, and the newest files of each extraction.
 */
export async function findOldState({ folder, documents, store, days }: StateToClean): Promise<OldFiles[]> {
  const now = await documents.now();
  const states = await store.listJobStates();
  const refused: string[] = [];
  const records: string[][] = [];
  for (const [job, { unfinished }] of states) {
    const expired = await findOldRefused(documents, job);
    refused.push(...expired);
    const ids = await findOldRuns(documents, job, {
      least: NEWEST,
      most: Number.MAX_SAFE_INTEGER - MAX_FILES,
      ageMs: days * DAY_MS,
      now,
      unfinished: new Set(unfinished.map(({ runId }) => runId)),
      losingFile: new Set(expired.map((key) => /([^/]+)\.parquet$/.exec(key)?.[1] ?? '')),
    });
    records.push(...ids.map((id) => keysOfRun(job, id)));
  }
  const artifacts = await findOldArtifacts(join(folder, 'artifacts'), {
    now,
    ageMs: days * DAY_MS,
    unfinished: new Set([...states.values()].flatMap((of) => of.unfinished.map(({ runId }) => runId))),
  });
  const place = (key: string) => documents.address(key);
  const found = [
    { what: 'refused files', count: refused.length, paths: refused.map(place) },
    { what: 'records of runs', count: records.length, paths: records.flat().map(place) },
    { what: 'files of extractions', count: artifacts.length, paths: artifacts },
  ];
  return Promise.all(found.map(async (old) => ({ ...old, bytes: await sizeOf(old.paths) })));
}

/** Bytes of files, and of all files below folders. */
async function sizeOf(paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) bytes += await sizeOf((await readdir(path)).map((name) => join(path, name)));
    else bytes += found?.size ?? 0;
  }
  return bytes;
}
