import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { ConfigError, StorageUnavailableError } from '../../../shared/errors.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { formatBytes, formatCount } from '../../../shared/text/format.ts';
import { findOldState } from '../../cleaning/find-old-state.ts';
import type { CliContext } from '../../cli-context.ts';
import { openState } from '../../local/open-state.ts';
import { globalOptions } from '../../options.ts';
import { formatTable } from '../../output/output.ts';

const DAYS = 90;

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 36_500)
    throw new InvalidArgumentError('Expected a number of days from 1 to 36500.');
  return days;
}

/** `ferry clean`: removes what is old from the state folder. */
export function cleanCommand(context: CliContext): Command {
  const { stdout } = context;
  return new Command('clean')
    .description('remove old records, refused files and files of extractions from the state folder')
    .option('--days <n>', 'how old a run must be', parseDays, DAYS)
    .option('--dry-run', 'only say what would be removed')
    .action(async ({ days, dryRun }: { days: number; dryRun?: true }, command: Command) => {
      const options = globalOptions(command);
      const { documents, own } = await openState(options, context);
      if (!('folder' in own))
        throw new ConfigError(
          'ferry clean only works on a folder: in a bucket, lifecycle rules remove what is old.',
        );
      const { folder } = own;
      const found = existsSync(folder)
        ? await findOldState({ folder, documents, store: createRunStore(documents), days })
        : [];
      if (!dryRun) await remove(found.flatMap(({ paths }) => paths));
      const old = found.filter(({ count }) => count > 0);
      const bytes = old.reduce((sum, kind) => sum + kind.bytes, 0);
      if (options.json) {
        const kinds = old.map(({ what, count, bytes: size }) => ({ what, count, bytes: size }));
        stdout.write(`${JSON.stringify({ folder, removed: dryRun !== true, bytes, old: kinds }, null, 2)}\n`);
        return;
      }
      if (old.length === 0) {
        stdout.write(`Nothing in ${folder} is old.\n`);
        return;
      }
      const rows = old.map((kind) => [kind.what, formatCount(kind.count), formatBytes(kind.bytes)]);
      stdout.write(`${formatTable(['OLD', 'NUMBER', 'SIZE'], rows, [1, 2])}\n`);
      const ended = dryRun ? 'Would free' : 'Freed';
      stdout.write(`${ended} ${formatBytes(bytes)} in ${folder}.\n`);
    });
}

async function remove(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
      throw new StorageUnavailableError(`${path} cannot be removed.`, {
        cause: error,
        hint: 'Check the permissions of the state folder.',
      });
    });
  }
}
