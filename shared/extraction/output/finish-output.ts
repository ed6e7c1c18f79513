import type { z } from 'zod';
import { StorageUnavailableError } from '../../errors.ts';
import { inspectDocument } from '../../runs/documents/stored-document.ts';
import type { JobContext } from '../../runs/job.ts';
import type { Layout } from './layout.ts';
import { type Latest, latestSchema, type Manifest, manifestSchema, toDocument } from './manifest.ts';
import { addressOf, type OutputStore } from './output-store.ts';

/**
 * Prepares the run's folder: removes what an earlier attempt left, unless that was complete.
 *
 * @returns the manifest of an earlier attempt that wrote everything, and was killed before it could report that; else
 *   what `latest.json` is before this attempt begins to read
 */
export async function prepareOutput(
  context: JobContext,
  output: OutputStore,
  layout: Layout,
): Promise<{ complete: Manifest } | { latestSeen: LatestSeen }> {
  return context.retry(async () => {
    const found = await readOutput(context, output, manifestSchema, layout.manifest);
    if (found?.document) return { complete: found.document };
    await output.removeFolder(layout.runFolder);
    return { latestSeen: { version: (await output.read(layout.latest))?.version } };
  });
}

/** Which `latest.json` there was before a run began to read. */
export interface LatestSeen {
  /** Undefined: there was none. */
  version: string | undefined;
}

/**
 * Removes what a failed run has written, if it can. Files that remain have no manifest, so nobody takes them for
 * complete. A run that has lost its lease removes nothing, because by then another attempt writes to the same folder.
 */
export async function discardOutput(context: JobContext, output: OutputStore, layout: Layout): Promise<void> {
  try {
    await context.renewLease();
    await output.removeFolder(layout.runFolder);
  } catch {
    context.warn('The files of this run could not be removed. They have no manifest.');
  }
}

/**
 * Reads what an earlier run or attempt has written. An unreadable document is written again from this run's own files;
 * no run decides anything by it.
 */
async function readOutput<T>(
  context: Pick<JobContext, 'warn'>,
  output: OutputStore,
  schema: z.ZodType<T>,
  key: string,
): Promise<{ version: string; document: T | undefined } | undefined> {
  const found = await output.read(key);
  if (!found) return undefined;
  const read = inspectDocument(schema, found.body);
  if ('document' in read) return { version: found.version, document: read.document };
  context.warn(
    `It was written again, because it could not be read: ${addressOf(output, key)} ${read.reason}.`,
  );
  return { version: found.version, document: undefined };
}

// Each failure means that somebody else has written it in between.
const MAX_TRIES = 5;

/**
 * Points `latest.json` at a run.
 *
 * Each run has the job's lease, so runs of a job do not overlap, and the last one to write was the last one to read.
 * Two cases remain: a process that paused between its last look at the lease and this write, and jobs of other stacks
 * or machines that write to the same folder. Of two such runs, the one that began to read later counts; the write is
 * conditional, so no decision is outdated. Times are only compared if somebody has written since this run began to
 * read: the clock of the machine that wrote before may have been wrong.
 *
 * @param seen undefined: not known
 */
export async function pointLatest(
  context: JobContext,
  output: OutputStore,
  layout: Layout,
  manifest: Manifest,
  seen: LatestSeen | undefined,
): Promise<void> {
  const { runId, state, startedAt, endedAt } = manifest;
  const latest: Latest = { schemaVersion: 1, runId, state, startedAt, endedAt, manifest: layout.manifest };
  await context.retry(async () => {
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const found = await readOutput(context, output, latestSchema, layout.latest);
      const current = found?.document;
      // This also covers a write whose answer was lost.
      if (current?.runId === runId) return;
      const isOverlapping = seen === undefined || seen.version !== found?.version;
      if (current && isOverlapping && Date.parse(current.startedAt) > Date.parse(startedAt)) {
        context.warn(`latest.json keeps run ${current.runId}, which began to read later than this one.`);
        return;
      }
      if (await output.replace(layout.latest, toDocument(latest), found?.version)) return;
    }
    throw new StorageUnavailableError(`Other runs keep writing to latest.json: ${layout.latest}.`);
  });
}
