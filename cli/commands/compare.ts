import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { compareFiles } from '../../shared/compare/compare-files.ts';
import { ConfigError } from '../../shared/errors.ts';
import type { CliContext } from '../cli-context.ts';
import { EXIT } from '../exit-codes.ts';
import { duckdbMemory } from '../local/duckdb-memory.ts';
import { globalOptions } from '../options.ts';
import { formatComparison } from '../output/comparison-report.ts';

// Each thread has pages of every column in memory.
const THREADS = 2;

function parseExamples(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 1000)
    throw new InvalidArgumentError('Expected a number from 0 to 1000.');
  return value;
}

/** `ferry compare <a> <b>`: do two files, Parquet or CSV, have the same content? */
export function compareCommand(context: CliContext): Command {
  const { folder, stdout, signal } = context;
  return new Command('compare')
    .description('compare the columns and rows of two files, each Parquet or CSV')
    .argument('<a>', 'a Parquet or CSV file')
    .argument('<b>', 'another one')
    .option(
      '--key <columns>',
      'match the rows by these columns, separated by commas',
      (text: string, earlier: string[]) => [...earlier, text],
      [],
    )
    .option('--examples <n>', 'with --key: show this many differing values', parseExamples, 0)
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
        const comparison = await compareFiles(resolve(folder, a), resolve(folder, b), {
          key,
          examples,
          workFolder: tmpdir(),
          // Enough for millions of rows of usual width; more than that spills to the folder for temporary files.
          memoryLimitBytes: duckdbMemory(),
          threads: THREADS,
          signal,
        });
        if (globalOptions(command).json) stdout.write(`${JSON.stringify(comparison, null, 2)}\n`);
        else stdout.write(formatComparison(comparison, { a, b }));
        // Different files give the exit code of a failure, as with every program that compares.
        context.setExitCode(comparison.same ? EXIT.succeeded : EXIT.failed);
      },
    );
}
