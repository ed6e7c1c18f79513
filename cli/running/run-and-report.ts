import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import type { LoadedConfig } from '../../shared/config/load-config.ts';
import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import { deadlineOfOwn } from '../../shared/runs/run-limits.ts';
import type { RunSyncOptions } from '../../shared/sync/sync-work.ts';
import type { CliContext } from '../cli-context.ts';
import { createCliLogger, logSettings } from '../cli-logger.ts';
import { sessionOptions } from '../local/session-options.ts';
import { type GlobalOptions, globalOptions, openRunStore, openSecrets, readConfig } from '../options.ts';
import { printWarnings } from '../output/output.ts';
import { createProgressPrinter } from '../output/progress.ts';
import { type RehearsalReport, reportRun } from '../output/report-run.ts';
import { withTelemetry } from '../with-telemetry.ts';

// Far more than any result needs; without a limit, a source that hangs would keep a run alive forever.
const TIMEOUT_MS = 6 * 3_600_000;

/** What every run on this machine has; each has its own time, which begins when it does. */
export async function openRunning({
  context,
  globals,
  loaded,
}: {
  context: CliContext;
  globals: GlobalOptions;
  loaded: LoadedConfig;
}): Promise<(timeoutMs?: number) => Omit<RunSyncOptions, 'job'>> {
  const common = {
    config: loaded.config,
    trigger: { type: 'cli', triggeredBy: context.user } as const,
    scope: 'cli',
    store: await openRunStore(globals, context),
    secrets: await openSecrets(globals, loaded, context),
    ...sessionOptions(context),
    workFolder: tmpdir(),
    // A person sees at once what is wrong. A run without one has its own number of tries.
    maxTries: 1,
    ...(context.sleep && { clock: { sleep: context.sleep, now: Date.now } }),
    deadlineHint:
      'Check what the source is doing. If the run needs more time, allow it with --timeout, such as --timeout 12h.',
    logger: createCliLogger(globals, context),
  };
  return (timeoutMs = TIMEOUT_MS) => ({ ...common, deadline: deadlineOfOwn(timeoutMs) });
}

/**
 * Runs something that ends in a run record, shows progress to a person, and prints how it ended.
 *
 * @param run gets everything that a run needs, except the job
 * @param about.timeoutMs after which the run gives up. @default six hours
 * @param about.rehearsal for a dry run: where its file is, if it was kept
 */
export async function runAndReport(
  context: CliContext,
  command: Command,
  run: (options: Omit<RunSyncOptions, 'job'>) => Promise<RunRecord>,
  { timeoutMs, rehearsal }: { timeoutMs?: number | undefined; rehearsal?: RehearsalReport | undefined } = {},
): Promise<void> {
  const { stderr } = context;
  const globals = globalOptions(command);
  const loaded = await readConfig(globals, context);
  printWarnings(stderr, loaded.warnings);
  const warn = (message: string) => printWarnings(stderr, [message]);
  // Before its logger, so that lines of the log can be sent, too.
  const record = await withTelemetry(context, { warn }, async () => {
    const isQuiet = logSettings(globals, context.environment).level !== undefined;
    const progress = createProgressPrinter(stderr, !isQuiet);
    const running = await openRunning({ context, globals, loaded });
    return run({ ...running(timeoutMs), onProgress: progress.onEvent }).finally(() => progress.end());
  });
  const known = rehearsal ? [] : await findKnownWarnings(record, loaded.config, globals, context);
  reportRun(record, context, { json: globals.json, rehearsal, known });
}

/** With `types: compatible`, what a run loses is the same each time: the warnings of the run before that. */
async function findKnownWarnings(
  { job, id, warnings }: RunRecord,
  { syncs }: FerryConfig,
  globals: GlobalOptions,
  context: CliContext,
): Promise<readonly string[]> {
  if (syncs[job]?.types !== 'compatible' || warnings.length < 2) return [];
  const runs = await (await openRunStore(globals, context)).list({ job, limit: 2 }).catch(() => []);
  return runs.find((run) => run.id !== id)?.warnings ?? [];
}
