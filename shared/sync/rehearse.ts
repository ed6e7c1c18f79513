import { copyFile, rename, rm } from 'node:fs/promises';
import { GuardError, StorageUnavailableError } from '../errors.ts';
import { explainFileError } from '../explain-file-error.ts';
import { contentTypes } from '../polyteia/upload-format.ts';
import type { JobContext, JobResult } from '../runs/job.ts';
import type { Baseline } from '../runs/records/baseline.ts';
import { formatCount, formatMoment } from '../text/format.ts';
import { assertAcceptable, type GuardedResult } from './guards.ts';
import { readSource } from './read-source.ts';
import type { Rehearsal, SyncWork } from './sync-work.ts';
import { isSameContent } from './upload/find-unchanged.ts';
import { isOfSync } from './upload/finish-upload.ts';

/**
 * Everything except what a run leaves behind: no call to Polyteia, no record. The guards judge as they would, by the
 * last accepted result. The file is kept where that is wanted, even if a guard refuses it.
 */
export async function rehearse(
  context: JobContext,
  work: SyncWork,
  { file: target, records }: Rehearsal,
): Promise<JobResult> {
  const last = await context.retry(() => records.readLastUpload(work.job));
  const comparable = last?.settled === true && last.shown !== undefined && isOfSync(work.sync, last);
  // A fingerprint takes time, and is of no use without an upload to compare it with.
  const whenUnchanged = comparable ? work.sync.whenUnchanged : 'upload';
  const { file, ...result } = await readSource(context, { ...work, sync: { ...work.sync, whenUnchanged } });
  context.note(result);
  if (target !== undefined) await context.phase('write', () => keepFile(file, target));
  const baseline = await context.retry(() => records.readBaseline(work.job));
  await context.phase(
    'guards',
    async () => {
      for (const warning of judge(work, result, baseline)) context.warn(warning);
    },
    () => describeBaseline(baseline),
  );
  const same =
    comparable &&
    work.target.verify !== 'off' &&
    last.contentType === contentTypes[work.target.format] &&
    isSameContent(context, last, result.fingerprint);
  return same ? { ...result, outcome: 'unchanged', unchangedSince: last.runId } : result;
}

/** What a guard refuses here, a run keeps: only that can be accepted. */
function judge({ job, sync }: SyncWork, result: GuardedResult, baseline: Baseline | undefined): string[] {
  try {
    return assertAcceptable(result, sync.guards, baseline);
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    throw new GuardError(error.message, {
      cause: error,
      hint: `If the result is right, have a run keep it, which you can then accept: ferry run ${job}. Otherwise fix the source, or the guards.`,
    });
  }
}

function describeBaseline(baseline: Baseline | undefined): string {
  if (baseline === undefined) return 'nothing to compare with yet';
  return `compared with ${formatCount(baseline.rows, 'row')}, accepted ${formatMoment(baseline.at)}`;
}

async function keepFile(file: string, target: string): Promise<void> {
  const draft = `${target}.part`;
  try {
    // Copied, because the private folder may be on another disk, and then renamed, so that an interrupted copy never
    // looks like the file.
    await copyFile(file, draft);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw unwritable(target, error);
  }
}

/** The error of a file that --out names. */
export function unwritable(target: string, error: unknown): StorageUnavailableError {
  const { why, todo } = explainFileError(error);
  return new StorageUnavailableError(`${target} cannot be written${why}.`, {
    cause: error,
    hint: `${todo}, or name another folder with --out.`,
  });
}
