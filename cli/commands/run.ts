import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { kindOfJob } from '../../shared/config/job-kind.ts';
import { ConfigError } from '../../shared/errors.ts';
import { findExtraction } from '../../shared/extraction/extraction-work.ts';
import { createMemoryDocumentStore } from '../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../shared/runs/records/run-store.ts';
import { goDurationMs } from '../../shared/text/go-duration.ts';
import type { CliContext } from '../cli-context.ts';
import { openOutput } from '../open-output.ts';
import { globalOptions } from '../options.ts';
import { runAndReport } from '../run-and-report.ts';
import { connectStack } from '../stack/connect-stack.ts';
import { unknownJob } from '../unknown-job.ts';

function parseTries(text: string): number {
  const tries = Number(text);
  if (!Number.isInteger(tries) || tries < 1 || tries > 100)
    throw new InvalidArgumentError('a number from 1 to 100');
  return tries;
}

function parseTimeout(text: string): number {
  const ms = goDurationMs(text);
  if (ms === undefined || ms <= 0 || ms > LONGEST_MS)
    throw new InvalidArgumentError('a time such as 90s, 30m or 12h, at most 500h');
  return ms;
}

const LONGEST_MS = 500 * 3_600_000;

/** `ferry run <job>`: runs a sync or an extraction here and now. */
export function runCommand(context: CliContext): Command {
  return new Command('run')
    .description('run a sync or an extraction here and now, or on a stack')
    .argument('<job>', 'name of the sync or extraction; a .env file has one job, called default')
    .option(
      '--tries <n>',
      'how many tries to make when a failure is transient, such as an outage',
      parseTries,
      1,
    )
    .option('--timeout <time>', 'time after which the run gives up, such as 30m (default: 6h)', parseTimeout)
    .option('--no-wait', 'with --stack: start the run without following it')
    .option('--dry-run', 'read and check, but upload and record nothing; needs --out')
    .option('--out <path>', 'file that a sync with --dry-run writes; folder that an extraction writes to')
    .action(async (job: string, _options, command: Command) => {
      const { tries, wait, timeout, ...own } = command.opts<RunCommandOptions>();
      const connected = await connectStack(globalOptions(command), context);
      if (connected) {
        refuseLocalOptions(command);
        const { startAndFollow } = await import('../stack/start-and-follow.ts');
        await startAndFollow(connected, context, command, (api, key) => api.startRun(job, key), {
          wait,
        });
        return;
      }
      if (!wait)
        throw new ConfigError('--no-wait only applies to a run on a stack: name the stack with --stack.');
      // A rehearsal is not a run of the job.
      const store = own.dryRun ? { store: createRunStore(createMemoryDocumentStore()) } : {};
      await runAndReport(
        context,
        command,
        async (options) => {
          const common = { ...options, ...store, job, maxTries: tries };
          const kind = kindOfJob(options.config, job);
          if (kind === undefined) throw unknownJob(job, options.config);
          if (kind === 'extraction') {
            if (own.dryRun && own.out === undefined)
              throw new ConfigError('--dry-run needs --out FOLDER: where to put the files.');
            const { extraction } = findExtraction(options.config, job);
            const output = await openOutput(extraction, own.out, globalOptions(command), context);
            const { runExtraction } = await import('../../shared/extraction/run-extraction.ts');
            return runExtraction({ ...common, output });
          }
          const dryRun = dryRunOf(own, context);
          const { runSync } = await import('../../shared/sync/run-sync.ts');
          return runSync({ ...common, ...(dryRun ? { dryRun } : {}) });
        },
        {
          timeoutMs: timeout,
          file: own.dryRun && own.out !== undefined ? resolve(context.folder, own.out) : undefined,
        },
      );
    });
}

interface RunCommandOptions {
  tries: number;
  timeout?: number;
  wait: boolean;
  dryRun?: true;
  out?: string;
}

function refuseLocalOptions(command: Command): void {
  for (const [name, option] of [
    ['tries', '--tries'],
    ['timeout', '--timeout'],
    ['dryRun', '--dry-run'],
    ['out', '--out'],
  ] as const) {
    if (command.getOptionValueSource(name) === 'cli')
      throw new ConfigError(`${option} only applies to runs on this machine, not on a stack.`);
  }
}

function dryRunOf(
  { dryRun, out }: Omit<RunCommandOptions, 'tries' | 'timeout' | 'wait'>,
  { folder }: CliContext,
): { file: string } | undefined {
  if (dryRun && out !== undefined) return { file: resolve(folder, out) };
  if (dryRun) throw new ConfigError('--dry-run needs --out FILE: where to put the Parquet file.');
  if (out !== undefined)
    throw new ConfigError(
      '--out only applies to --dry-run of a sync and to extractions: a real run of a sync keeps no file.',
    );
  return undefined;
}
