import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import type { RunRecord } from '../shared/runs/run-record.ts';
import type { RunSyncOptions } from '../shared/sync/sync-work.ts';
import { formatBytes, formatCount, formatDuration } from '../shared/telemetry/format.ts';
import { createLogger } from '../shared/telemetry/logger.ts';
import { exitCodeOfRun } from './exit-codes.ts';
import { globalOptions, openRunStore, openSecrets, readConfig } from './options.ts';
import { formatError } from './output.ts';
import type { Surroundings } from './program.ts';
import { createProgressPrinter } from './progress.ts';
import { sessionOptions } from './session-options.ts';

/**
 * Runs something that ends in a run record, with progress for a person, and prints how it ended.
 *
 * @param run gets everything that a run needs but the job
 * @param file where a rehearsal put its file
 */
export async function runAndReport(
  surroundings: Surroundings,
  command: Command,
  run: (options: Omit<RunSyncOptions, 'job'>) => Promise<RunRecord>,
  file?: string,
): Promise<void> {
  const { stdout, stderr } = surroundings;
  const options = globalOptions(command);
  const loaded = await readConfig(options, surroundings);
  for (const warning of loaded.warnings) stderr.write(`warning: ${warning}\n`);
  const progress = createProgressPrinter(stderr, options.logLevel === undefined);
  const record = await run({
    config: loaded.config,
    trigger: { type: 'cli', triggeredBy: surroundings.user },
    scope: 'cli',
    store: openRunStore(options, surroundings),
    secrets: await openSecrets(options, loaded, surroundings),
    ...sessionOptions(surroundings),
    workFolder: tmpdir(),
    // A person sees at once what is wrong; whoever runs this without one says how often to try.
    maxTries: 1,
    logger: createLogger({
      level: options.logLevel ?? 'silent',
      destination: { write: (line) => stderr.write(line) },
    }),
    onProgress: progress.onEvent,
  }).finally(() => progress.end());
  if (options.json) stdout.write(`${JSON.stringify(record, null, 2)}\n`);
  else stdout.write(summarize(record, file));
  if (record.error) stderr.write(formatError(record.error));
  for (const warning of record.warnings) stderr.write(`warning: ${warning}\n`);
  surroundings.setExitCode(exitCodeOfRun(record));
}

/** One line on how the run ended. */
function summarize(record: RunRecord, file: string | undefined): string {
  const facts = [
    record.rows === undefined ? undefined : formatCount(record.rows, 'row'),
    record.bytes === undefined ? undefined : formatBytes(record.bytes),
    record.durationMs === undefined ? undefined : formatDuration(record.durationMs),
  ].filter((fact) => fact !== undefined);
  const outcome = record.outcome ? ` (${record.outcome})` : '';
  const written = record.state === 'succeeded' || record.error?.class === 'GuardError';
  const where =
    file === undefined ? `run ${record.id}` : `nothing uploaded${written ? `, file ${file}` : ''}`;
  return `${record.job} ${record.state}${outcome}: ${[...facts, where].join(', ')}\n`;
}
