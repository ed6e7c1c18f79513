import { tmpdir, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { RunRecord } from '../../shared/runs/run-record.ts';
import { runSync } from '../../shared/sync/run-sync.ts';
import { formatBytes, formatCount, formatDuration } from '../../shared/telemetry/format.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { globalOptions, openRunStore, openSecrets, readConfig } from '../options.ts';
import { formatError } from '../output.ts';
import type { Surroundings } from '../program.ts';
import { createProgressPrinter } from '../progress.ts';

/** Where `npm run extensions` puts DuckDB's extensions. */
export const PROJECT_EXTENSIONS = fileURLToPath(new URL('../../.cache/extensions', import.meta.url));

// The most that DuckDB takes for itself; a usual result needs far less (bench/memory.ts), one of a thousand columns all of it.
const MEMORY_LIMIT_BYTES = Math.max(512_000_000, Math.min(4_000_000_000, Math.floor(totalmem() / 4)));

/** `ferry run <sync>`: runs a job here and now. */
export function runCommand(surroundings: Surroundings): Command {
  const { stdout, stderr, environment } = surroundings;
  return new Command('run')
    .description('run a sync here and now')
    .argument('<sync>', 'name of the sync; a .env file has one, called default')
    .action(async (job: string, _options, command: Command) => {
      const options = globalOptions(command);
      const loaded = await readConfig(options, surroundings);
      for (const warning of loaded.warnings) stderr.write(`warning: ${warning}\n`);
      const progress = createProgressPrinter(stderr, options.logLevel === undefined);
      const record = await runSync({
        config: loaded.config,
        job,
        trigger: { type: 'cli', triggeredBy: surroundings.user },
        scope: 'cli',
        store: openRunStore(options, surroundings),
        secrets: await openSecrets(options, loaded, surroundings),
        extensionFolders: [
          ...(environment.FERRY_EXTENSIONS ? [environment.FERRY_EXTENSIONS] : []),
          PROJECT_EXTENSIONS,
        ],
        workFolder: tmpdir(),
        memoryLimitBytes: MEMORY_LIMIT_BYTES,
        threads: 2,
        logger: createLogger({
          level: options.logLevel ?? 'silent',
          destination: { write: (line) => stderr.write(line) },
        }),
        signal: surroundings.signal,
        onProgress: progress.onEvent,
      });
      progress.end();
      if (options.json) stdout.write(`${JSON.stringify(record, null, 2)}\n`);
      else stdout.write(summarize(record));
      if (record.error) stderr.write(formatError(record.error));
      for (const warning of record.warnings) stderr.write(`warning: ${warning}\n`);
      surroundings.setExitCode(exitCodeOfRun(record));
    });
}

/** One line on how the run ended. */
function summarize(record: RunRecord): string {
  const facts = [
    record.rows === undefined ? undefined : formatCount(record.rows, 'row'),
    record.bytes === undefined ? undefined : formatBytes(record.bytes),
    record.durationMs === undefined ? undefined : formatDuration(record.durationMs),
  ].filter((fact) => fact !== undefined);
  const outcome = record.outcome ? ` (${record.outcome})` : '';
  return `${record.job} ${record.state}${outcome}: ${facts.join(', ')}, run ${record.id}\n`;
}
