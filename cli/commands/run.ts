import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { ConfigError } from '../../shared/errors.ts';
import type { RunRecord } from '../../shared/runs/run-record.ts';
import type { RunStore } from '../../shared/runs/run-store.ts';
import { runSync } from '../../shared/sync/run-sync.ts';
import { formatBytes, formatCount, formatDuration } from '../../shared/telemetry/format.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { globalOptions, openRunStore, openSecrets, readConfig } from '../options.ts';
import { formatError } from '../output.ts';
import type { Surroundings } from '../program.ts';
import { createProgressPrinter } from '../progress.ts';
import { sessionOptions } from '../session-options.ts';

/** `ferry run <sync>`: runs a job here and now. */
export function runCommand(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings;
  return new Command('run')
    .description('run a sync here and now')
    .argument('<sync>', 'name of the sync; a .env file has one, called default')
    .option('--dry-run', 'read and check, but upload nothing and record nothing; needs --out')
    .option('--out <file>', 'where --dry-run puts the Parquet file')
    .action(async (job: string, _options, command: Command) => {
      const options = globalOptions(command);
      const dryRun = dryRunOf(command.opts<RunCommandOptions>(), surroundings);
      const loaded = await readConfig(options, surroundings);
      for (const warning of loaded.warnings) stderr.write(`warning: ${warning}\n`);
      const progress = createProgressPrinter(stderr, options.logLevel === undefined);
      const record = await runSync({
        config: loaded.config,
        job,
        trigger: { type: 'cli', triggeredBy: surroundings.user },
        scope: 'cli',
        // What is only rehearsed is no run of the job.
        store: dryRun ? nowhere : openRunStore(options, surroundings),
        ...(dryRun ? { dryRun } : {}),
        secrets: await openSecrets(options, loaded, surroundings),
        ...sessionOptions(surroundings),
        workFolder: tmpdir(),
        logger: createLogger({
          level: options.logLevel ?? 'silent',
          destination: { write: (line) => stderr.write(line) },
        }),
        onProgress: progress.onEvent,
      });
      progress.end();
      if (options.json) stdout.write(`${JSON.stringify(record, null, 2)}\n`);
      else stdout.write(summarize(record, dryRun?.file));
      if (record.error) stderr.write(formatError(record.error));
      for (const warning of record.warnings) stderr.write(`warning: ${warning}\n`);
      surroundings.setExitCode(exitCodeOfRun(record));
    });
}

/** Keeps nothing. */
const nowhere: RunStore = { save: async () => {}, list: async () => [] };

interface RunCommandOptions {
  dryRun?: true;
  out?: string;
}

function dryRunOf(
  { dryRun, out }: RunCommandOptions,
  { folder }: Surroundings,
): { file: string } | undefined {
  if (dryRun && out !== undefined) return { file: resolve(folder, out) };
  if (dryRun) throw new ConfigError('--dry-run needs --out FILE: where to put the Parquet file.');
  if (out !== undefined) throw new ConfigError('--out is for --dry-run: a real run keeps no file.');
  return undefined;
}

/** One line on how the run ended. */
function summarize(record: RunRecord, file: string | undefined): string {
  const facts = [
    record.rows === undefined ? undefined : formatCount(record.rows, 'row'),
    record.bytes === undefined ? undefined : formatBytes(record.bytes),
    record.durationMs === undefined ? undefined : formatDuration(record.durationMs),
  ].filter((fact) => fact !== undefined);
  const outcome = record.outcome ? ` (${record.outcome})` : '';
  const where = file === undefined ? `run ${record.id}` : `nothing uploaded, file ${file}`;
  return `${record.job} ${record.state}${outcome}: ${[...facts, where].join(', ')}\n`;
}
