import type { Command } from 'commander';
import { asTyped } from '../called-as.ts';
import type { CliContext } from '../cli-context.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { formatErrorAsJson, printError } from '../output/output.ts';
import { createProgram } from './program.ts';

/**
 * Runs one command line to its exit code, whatever happens.
 *
 * @param args what was typed after `ferry`
 */
export async function runCommandLine(context: CliContext, args: readonly string[]): Promise<void> {
  let program: Command | undefined;
  try {
    program = await createProgram(context, args);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (args.includes('--json')) context.stdout.write(formatErrorAsJson(error));
    context.setExitCode(
      printError(error, context.stderr, program && asTyped(program, context.environment)) ??
        exitCodeOf(error),
    );
  }
}
