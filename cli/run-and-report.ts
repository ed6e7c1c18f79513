import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import type { RunRecord } from '../shared/runs/records/run-record.ts';
import { deadlineOfOwn } from '../shared/runs/run-limits.ts';
import type { RunSyncOptions } from '../shared/sync/sync-work.ts';
import type { CliContext } from './cli-context.ts';
import { createCliLogger, logSettings } from './cli-logger.ts';
import { globalOptions, openRunStore, openSecrets, readConfig } from './options.ts';
import { printWarnings } from './output/output.ts';
import { createProgressPrinter } from './output/progress.ts';
import { reportRun } from './output/report-run.ts';
import { sessionOptions } from './session-options.ts';

// Far more than any result needs; without a limit, a source that hangs would keep a run alive forever.
const TIMEOUT_MS = 6 * 3_600_000;

/**
 * Runs something that ends in a run record, shows progress to a person, and prints how it ended.
 *
 * @param run gets everything that a run needs, except the job
 * @param about.timeoutMs after which the run gives up. @default six hours
 * @param about.file where a rehearsal put its file
 */
export async function runAndReport(
  context: CliContext,
  command: Command,
  run: (options: Omit<RunSyncOptions, 'job'>) => Promise<RunRecord>,
  { timeoutMs = TIMEOUT_MS, file }: { timeoutMs?: number | undefined; file?: string | undefined } = {},
): Promise<void> {
  const { stderr } = context;
  const options = globalOptions(command);
  const loaded = await readConfig(options, context);
  printWarnings(stderr, loaded.warnings);
  const progress = createProgressPrinter(
    stderr,
    logSettings(options, context.environment).level === undefined,
  );
  const record = await run({
    config: loaded.config,
    trigger: { type: 'cli', triggeredBy: context.user },
    scope: 'cli',
    store: await openRunStore(options, context),
    secrets: await openSecrets(options, loaded, context),
    ...sessionOptions(context),
    workFolder: tmpdir(),
    // A person sees at once what is wrong. A run without one has its own number of tries.
    maxTries: 1,
    deadline: deadlineOfOwn(timeoutMs),
    deadlineHint:
      'Check what the source is doing. If the run needs more time, allow it: ferry run --timeout 12h.',
    logger: createCliLogger(options, context),
    onProgress: progress.onEvent,
  }).finally(() => progress.end());
  reportRun(record, context, { json: options.json, file });
}
