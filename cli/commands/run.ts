import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../shared/runs/memory-document-store.ts';
import { createRunStore } from '../../shared/runs/run-store.ts';
import { runSync } from '../../shared/sync/run-sync.ts';
import { globalOptions } from '../options.ts';
import type { Surroundings } from '../program.ts';
import { runAndReport } from '../run-and-report.ts';
import { connectStack } from '../stack/connect-stack.ts';
import { startAndFollow } from '../stack/start-and-follow.ts';

function parseTries(text: string): number {
  const tries = Number(text);
  if (!Number.isInteger(tries) || tries < 1 || tries > 100)
    throw new InvalidArgumentError('a number from 1 to 100');
  return tries;
}

/** `ferry run <sync>`: runs a job here and now. */
export function runCommand(surroundings: Surroundings): Command {
  return new Command('run')
    .description('run a sync here and now, or on a stack')
    .argument('<sync>', 'name of the sync; a .env file has one, called default')
    .option('--tries <n>', 'how often to try what may pass by itself, such as an outage', parseTries, 1)
    .option('--no-wait', 'with --stack: ask for the run, and do not follow it')
    .option('--dry-run', 'read and check, but upload nothing and record nothing; needs --out')
    .option('--out <file>', 'where --dry-run puts the Parquet file')
    .action(async (job: string, _options, command: Command) => {
      const { tries, wait, ...own } = command.opts<RunCommandOptions>();
      const connected = await connectStack(globalOptions(command), surroundings);
      if (connected) {
        refuseLocalOptions(command);
        await startAndFollow(connected, surroundings, command, (api, key) => api.startRun(job, key), {
          wait,
        });
        return;
      }
      if (!wait) throw new ConfigError('--no-wait is for a run on a stack: name it by --stack.');
      const dryRun = dryRunOf(own, surroundings);
      await runAndReport(
        surroundings,
        command,
        (options) =>
          runSync({
            ...options,
            job,
            maxTries: tries,
            // What is only rehearsed is no run of the job.
            ...(dryRun ? { dryRun, store: createRunStore(createMemoryDocumentStore()) } : {}),
          }),
        dryRun?.file,
      );
    });
}

interface RunCommandOptions {
  tries: number;
  wait: boolean;
  dryRun?: true;
  out?: string;
}

function refuseLocalOptions(command: Command): void {
  for (const [name, option] of [
    ['tries', '--tries'],
    ['dryRun', '--dry-run'],
    ['out', '--out'],
  ] as const) {
    if (command.getOptionValueSource(name) === 'cli')
      throw new ConfigError(`${option} is for runs on this machine, not for those of a stack.`);
  }
}

function dryRunOf(
  { dryRun, out }: Omit<RunCommandOptions, 'tries' | 'wait'>,
  { folder }: Surroundings,
): { file: string } | undefined {
  if (dryRun && out !== undefined) return { file: resolve(folder, out) };
  if (dryRun) throw new ConfigError('--dry-run needs --out FILE: where to put the Parquet file.');
  if (out !== undefined) throw new ConfigError('--out is for --dry-run: a real run keeps no file.');
  return undefined;
}
