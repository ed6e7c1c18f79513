import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../shared/runs/memory-document-store.ts';
import { createRunStore } from '../../shared/runs/run-store.ts';
import { runSync } from '../../shared/sync/run-sync.ts';
import type { Surroundings } from '../program.ts';
import { runAndReport } from '../run-and-report.ts';

function parseTries(text: string): number {
  const tries = Number(text);
  if (!Number.isInteger(tries) || tries < 1 || tries > 100)
    throw new InvalidArgumentError('a number from 1 to 100');
  return tries;
}

/** `ferry run <sync>`: runs a job here and now. */
export function runCommand(surroundings: Surroundings): Command {
  return new Command('run')
    .description('run a sync here and now')
    .argument('<sync>', 'name of the sync; a .env file has one, called default')
    .option('--tries <n>', 'how often to try what may pass by itself, such as an outage', parseTries, 1)
    .option('--dry-run', 'read and check, but upload nothing and record nothing; needs --out')
    .option('--out <file>', 'where --dry-run puts the Parquet file')
    .action(async (job: string, _options, command: Command) => {
      const { tries, ...own } = command.opts<RunCommandOptions>();
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
  dryRun?: true;
  out?: string;
}

function dryRunOf(
  { dryRun, out }: Omit<RunCommandOptions, 'tries'>,
  { folder }: Surroundings,
): { file: string } | undefined {
  if (dryRun && out !== undefined) return { file: resolve(folder, out) };
  if (dryRun) throw new ConfigError('--dry-run needs --out FILE: where to put the Parquet file.');
  if (out !== undefined) throw new ConfigError('--out is for --dry-run: a real run keeps no file.');
  return undefined;
}
