import { resolve } from 'node:path';
import type { Command } from 'commander';
import pLimit from 'p-limit';
import { kindOfJob } from '../../shared/config/job-kind.ts';
import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import { CancelledError, ConfigError, toFerryError } from '../../shared/errors.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import type { RunSyncOptions } from '../../shared/sync/sync-work.ts';
import { formatCount } from '../../shared/text/format.ts';
import { nameSome } from '../../shared/text/name-some.ts';
import type { CliContext } from '../cli-context.ts';
import { logSettings } from '../cli-logger.ts';
import { globalOptions, readConfig } from '../options.ts';
import { printWarnings } from '../output/output.ts';
import { createProgressPrinter } from '../output/progress.ts';
import { exitCodeOfAll, type JobEnd, reportEnd, summarizeRuns } from '../output/report-runs.ts';
import { StatusLine } from '../output/status-line.ts';
import { withTelemetry } from '../with-telemetry.ts';
import { chooseJobs } from './choose-jobs.ts';
import { executeJob, type JobOptions, makeOutFolder, triesOf } from './execute-job.ts';
import { openRunning } from './run-and-report.ts';

/** Which jobs to run, and how. */
export interface RunManyOptions extends Omit<JobOptions, 'several'> {
  names: readonly string[];
  all: boolean;
  /** How many at once. */
  parallel: number;
  maxTries: number;
  timeoutMs?: number | undefined;
}

/**
 * Runs several jobs, so many at once as are allowed and as their sources have slots for, and prints one table and one
 * sentence about all of them.
 */
export async function runMany(
  { names, all, parallel, maxTries, timeoutMs, ...own }: RunManyOptions,
  context: CliContext,
  command: Command,
): Promise<void> {
  const { stdout, stderr, signal } = context;
  const globals = globalOptions(command);
  const loaded = await readConfig(globals, context);
  const { jobs, switchedOff } = chooseJobs(names, all, loaded.config);
  assertOut(jobs, own, loaded.config);
  printWarnings(stderr, loaded.warnings);
  if (switchedOff.length > 0)
    stderr.write(`Left out, because switched off (enabled: false): ${switchedOff.join(', ')}.\n`);
  if (own.out !== undefined) await makeOutFolder(resolve(context.folder, own.out));
  const isQuiet = logSettings(globals, context.environment).level !== undefined;
  const warn = (message: string) => printWarnings(stderr, [message]);
  const ends = await withTelemetry(context, { warn }, async () => {
    const running = await openRunning({ context, globals, loaded });
    // The phases of several at once would be mixed up: one line says which are under way.
    using status = new StatusLine(isQuiet || parallel === 1 ? { write: () => {} } : stderr);
    const atWork = new Set<string>();
    let done = 0;
    const showWork = () => {
      if (atWork.size === 0) return status.clear();
      status.show(`${formatCount(done)} of ${formatCount(jobs.length)} done, now ${nameSome([...atWork])}`);
    };
    const runOne = async (job: string): Promise<JobEnd> => {
      if (signal.aborted) return { job, error: new CancelledError('It was not begun.') };
      atWork.add(job);
      showWork();
      const phases = createProgressPrinter(stderr, !isQuiet && parallel === 1);
      if (!isQuiet && parallel === 1 && jobs.length > 1) stderr.write(`${job}\n`);
      const options: Omit<RunSyncOptions, 'job'> = {
        ...running(timeoutMs),
        ...triesOf(maxTries),
        runsAtOnce: parallel,
        onProgress: phases.onEvent,
      };
      const end = await executeJob(job, options, { ...own, several: true }, { globals, context })
        .then((record: RunRecord) => ({ job, record }))
        .catch((error: unknown) => ({ job, error: toFerryError(error) }))
        .finally(() => phases.end());
      status.clear();
      if (!isQuiet) stderr.write(reportEnd(end, own.dryRun === true));
      atWork.delete(job);
      done += 1;
      showWork();
      return end;
    };
    return await pLimit(parallel).map(jobs, runOne);
  });
  if (globals.json) stdout.write(`${JSON.stringify(ends.map(toJson), null, 2)}\n`);
  else
    stdout.write(
      summarizeRuns(ends, { dryRun: own.dryRun === true, out: own.out, asTyped: context.asTyped }),
    );
  context.setExitCode(exitCodeOfAll(ends));
}

/** @throws ConfigError where --out is missing, or would mean nothing for one of the jobs */
function assertOut(
  jobs: readonly string[],
  { dryRun, out }: Pick<JobOptions, 'dryRun' | 'out'>,
  config: FerryConfig,
): void {
  const kind = dryRun ? 'extraction' : 'sync';
  const job = jobs.find((one) => kindOfJob(config, one) === kind);
  if (job === undefined || (dryRun ? out !== undefined : out === undefined)) return;
  throw new ConfigError(
    dryRun
      ? `--dry-run of the extraction "${job}" needs --out FOLDER: where to put its files.`
      : `--out means nothing for a run of the sync "${job}", which keeps no file: with --dry-run it does.`,
  );
}

/** A record as of a single run; for a job that could not begin, its name and why. */
function toJson(end: JobEnd): unknown {
  if ('record' in end) return end.record;
  const { class: name, message, hint } = end.error;
  return { job: end.job, error: { class: name, message, ...(hint === undefined ? {} : { hint }) } };
}
