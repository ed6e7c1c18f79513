import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StateError, StorageUnavailableError } from '../../errors.ts';
import { explainFileError } from '../../explain-file-error.ts';
import { findOldArtifacts } from '../../extraction/output/old-artifacts.ts';
import type { DocumentStore } from '../../runs/documents/document-store.ts';
import { forgetJob } from '../../runs/records/forget-job.ts';
import { findOldRefused, type KeptRuns, pruneRequests, pruneRuns } from '../../runs/records/prune-runs.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { formatCount } from '../../text/format.ts';
import type { CallerRuns } from '../callers/caller-runs.ts';

// The files of an extraction are its catalog, thousands of times as large as a record: a night of forty databases may
// write 12 MB. Who keeps all of them names a bucket.
const KEPT_ARTIFACTS = { least: 3, most: 40, ageMs: 30 * 86_400_000 };
// A job that runs each minute writes a million files a year, and a small volume has no room for them: 10,000 runs are a
// week of such a job.
const KEPT: KeptRuns = { least: 100, most: 10_000, ageMs: 90 * 86_400_000 };

/** Removes what nobody asks for any more: here, no bucket's lifecycle does that. Never rejects for a state out of reach. */
export async function pruneState({
  documents,
  folder,
  runs,
  jobs,
  workflows,
  now,
  logger,
}: {
  documents: DocumentStore;
  /** Where the state is, with the files of extractions that name no bucket; undefined: not in a folder. */
  folder?: string | undefined;
  runs: Pick<RunStore, 'listJobStates'>;
  jobs: readonly string[];
  /** Those that callers of Atlan's API have defined: with an expired definition, its runs go too. */
  workflows: Pick<CallerRuns, 'expired' | 'remove'> | undefined;
  now: number;
  logger: Logger;
}): Promise<void> {
  try {
    const states = await runs.listJobStates();
    // First, because a run whose file is kept keeps its record. Those of jobs that are gone from the file, too.
    const refused = await pruneRefused(documents, new Set([...jobs, ...states.keys()]));
    let removed = 0;
    for (const job of jobs) {
      const unfinished = new Set(states.get(job)?.unfinished.map(({ runId }) => runId));
      removed += await pruneRuns(documents, job, { ...KEPT, now, unfinished });
    }
    for (const workflow of (await workflows?.expired()) ?? []) {
      // Once its last run has ended.
      if (jobs.includes(workflow) || (states.get(workflow)?.unfinished ?? []).length > 0) continue;
      await forgetJob(documents, workflow);
      await workflows?.remove(workflow);
    }
    await pruneRequests(documents);
    const files = folder === undefined ? 0 : await pruneArtifacts(folder, now, states);
    if (refused > 0) logger.info(`${formatCount(refused, 'refused file')} removed that nobody accepted`);
    if (files > 0) logger.info(`the files of ${formatCount(files, 'old run')} of extractions removed`);
    if (removed > 0) logger.info(`${formatCount(removed, 'record')} of old runs removed`);
  } catch (error) {
    if (!(error instanceof StorageUnavailableError || error instanceof StateError)) throw error;
    logger.warn({ class: error.class }, `old records cannot be removed: ${error.message}`);
  }
}

/** @returns how many files were removed */
async function pruneRefused(documents: DocumentStore, jobs: Iterable<string>): Promise<number> {
  let removed = 0;
  for (const job of jobs)
    for (const key of await findOldRefused(documents, job)) {
      await documents.remove(key);
      removed += 1;
    }
  return removed;
}

/** @returns of how many runs files were removed */
async function pruneArtifacts(
  folder: string,
  now: number,
  states: Awaited<ReturnType<RunStore['listJobStates']>>,
): Promise<number> {
  const unfinished = [...states.values()].flatMap((of) => of.unfinished.map(({ runId }) => runId));
  try {
    const old = await findOldArtifacts(join(folder, 'artifacts'), {
      ...KEPT_ARTIFACTS,
      now,
      unfinished: new Set(unfinished),
    });
    for (const path of old) await rm(path, { recursive: true, force: true });
    return old.length;
  } catch (error) {
    const { why, todo } = explainFileError(error);
    const message = `Old files of extractions in ${folder} cannot be removed${why}.`;
    throw new StorageUnavailableError(message, { cause: error, hint: `${todo}.` });
  }
}
