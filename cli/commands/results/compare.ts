import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { compareFiles } from '../../../shared/compare/compare-files.ts';
import { ConfigError } from '../../../shared/errors.ts';
import type { CliContext } from '../../cli-context.ts';
import { compareFolders } from '../../comparing/compare-folders.ts';
import { EXIT } from '../../exit-codes.ts';
import { duckdbMemory } from '../../local/duckdb-memory.ts';
import { globalOptions } from '../../options.ts';
import { formatComparison } from '../../output/comparison-report.ts';

// Each thread has pages of every column in memory.
const THREADS = 2;

function parseExamples(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 1000)
    throw new InvalidArgumentError('Expected a number from 0 to 1000.');
  return value;
}

const isFolder = async (path: string) => (await stat(path).catch(() => undefined))?.isDirectory() === true;

/** `ferry compare <a> <b>`: do two files, Parquet or CSV, or the files of two folders have the same content? */
export function compareCommand(context: CliContext): Command {
  const { folder, stdout, signal } = context;
  return new Command('compare')
    .description(
      'compare the columns and rows of two files, or of all files of two folders, each Parquet or CSV',
    )
    .argument('<a>', 'a Parquet or CSV file, or a folder')
    .argument('<b>', 'another one')
    .option(
      '--key <columns>',
      'match the rows by these columns, separated by commas',
      (text: string, earlier: string[]) => [...earlier, text],
      [],
    )
    .option(
      '--examples <n>',
      'with --key: show this many differing values, and keys that only one file has',
      parseExamples,
      0,
    )
    .action(
      async (
        a: string,
        b: string,
        { key, examples }: { key: string[]; examples: number },
        command: Command,
      ) => {
        if (examples > 0 && key.length === 0) {
          throw new ConfigError('--examples needs --key, which matches the rows.', {
            hint: 'Name the columns that identify a row, such as --key id.',
          });
        }
        const [first, second] = [resolve(folder, a), resolve(folder, b)];
        const options = {
          key,
          examples,
          workFolder: tmpdir(),
          // Enough for millions of rows of usual width; more than that spills to the folder for temporary files.
          memoryLimitBytes: duckdbMemory(),
          threads: THREADS,
          signal,
        };
        const isJson = globalOptions(command).json === true;
        if ((await isFolder(first)) && (await isFolder(second))) {
          if (examples > 0) throw new ConfigError('--examples is for two files, not for two folders.');
          const same = await compareFolders(first, second, { ...options, output: stdout, isJson });
          context.setExitCode(same ? EXIT.succeeded : EXIT.failed);
          return;
        }
        const comparison = await compareFiles(first, second, options);
        if (isJson) stdout.write(`${JSON.stringify(comparison, null, 2)}\n`);
        else stdout.write(formatComparison(comparison, { a, b }, stdout));
        // Different files give the exit code of a failure, as with every program that compares.
        context.setExitCode(comparison.same ? EXIT.succeeded : EXIT.failed);
      },
    );
}
