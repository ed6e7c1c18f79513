import { access, constants, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { kindOfJob } from '../../shared/config/job-kind.ts';
import { ConfigError } from '../../shared/errors.ts';
import { explainFileError } from '../../shared/explain-file-error.ts';
import { findExtraction } from '../../shared/extraction/extraction-work.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import type { RunStore } from '../../shared/runs/records/run-store.ts';
import type { RunSyncOptions } from '../../shared/sync/sync-work.ts';
import type { CliContext } from '../cli-context.ts';
import { openOutput } from '../local/open-output.ts';
import type { GlobalOptions } from '../options.ts';
import { unknownJob } from './unknown-job.ts';

/** What of `ferry run`'s options concerns each job. */
export interface JobOptions {
  dryRun?: true | undefined;
  /** As typed: a file, or a folder. */
  out?: string | undefined;
  /** Whether it is one of several, so that --out is a folder. */
  several: boolean;
  /** For a dry run: where its own records go, which nobody keeps. */
  rehearsals: RunStore;
}

// As the Go connector waited: a database that restarts is away for minutes.
const BETWEEN_TRIES_MS = 60_000;

/** What `--tries` means: so many, a minute apart. */
export const triesOf = (maxTries: number) => ({ maxTries, pauseMs: BETWEEN_TRIES_MS });

/**
 * Runs one job of the configuration in this process, as a sync or as an extraction.
 *
 * @param options all that every job has
 */
export async function executeJob(
  job: string,
  options: Omit<RunSyncOptions, 'job'>,
  own: JobOptions,
  { globals, context }: { globals: GlobalOptions; context: CliContext },
): Promise<RunRecord> {
  // A rehearsal is not a run of the job.
  const common = { ...options, job, ...(own.dryRun ? { store: own.rehearsals } : {}) };
  const kind = kindOfJob(options.config, job);
  if (kind === undefined) throw unknownJob(job, options.config);
  if (kind === 'extraction') {
    if (own.dryRun && own.out === undefined)
      throw new ConfigError('--dry-run of an extraction needs --out FOLDER: where to put the files.');
    const { extraction } = findExtraction(options.config, job);
    const output = await openOutput(extraction, own.out, globals, context);
    const { runExtraction } = await import('../../shared/extraction/run-extraction.ts');
    return runExtraction({ ...common, output });
  }
  if (!own.dryRun && own.out !== undefined && !own.several) {
    throw new ConfigError(
      '--out only applies to --dry-run of a sync and to extractions: a real run of a sync keeps no file.',
    );
  }
  const file = await outFileOf(job, own, context);
  const { runSync } = await import('../../shared/sync/run-sync.ts');
  return runSync({ ...common, ...(own.dryRun ? { dryRun: { file, records: options.store } } : {}) });
}

/** The file that a rehearsal writes: what --out names, or a file in the folder that it names; undefined for none. */
export async function outFileOf(
  job: string,
  { dryRun, out, several }: Pick<JobOptions, 'dryRun' | 'out' | 'several'>,
  { folder }: CliContext,
): Promise<string | undefined> {
  if (!dryRun || out === undefined) return undefined;
  const path = resolve(folder, out);
  if (out.endsWith('/')) await makeOutFolder(path);
  const isFolder = several || out.endsWith('/') || (await stat(path).catch(() => undefined))?.isDirectory();
  const file = isFolder ? join(path, `${job}.parquet`) : path;
  if (/\.(csv|tsv|xlsx?|json|jsonl)(\.gz)?$/i.test(file))
    throw new ConfigError(`--out writes a Parquet file, and ${file} has the name of another kind.`, {
      hint: 'Name it .parquet, or name a folder.',
    });
  // Known before a long query has run for nothing.
  await access(dirname(file), constants.W_OK).catch(async (error: unknown) => {
    const { unwritable } = await import('../../shared/sync/rehearse.ts');
    throw unwritable(file, error);
  });
  return file;
}

/** @throws ConfigError when it cannot be made */
export async function makeOutFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw new ConfigError(`The folder ${folder} cannot be created${explainFileError(error).why}.`, {
      cause: error,
      hint: 'With several jobs, or a / at its end, --out names a folder, which gets a file or folder for each.',
    });
  }
}
