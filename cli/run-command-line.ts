import { exitCodeOf } from './exit-codes.ts';
import { formatErrorAsJson, printError } from './output.ts';
import { createProgram, type Surroundings } from './program.ts';

/**
 * Runs one command line from its first word to its exit code, whatever becomes of it.
 *
 * @param args what was typed behind `ferry`
 */
export async function runCommandLine(surroundings: Surroundings, args: readonly string[]): Promise<void> {
  try {
    const program = await createProgram(surroundings, args);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (args.includes('--json')) surroundings.stdout.write(formatErrorAsJson(error));
    surroundings.setExitCode(printError(error, surroundings.stderr) ?? exitCodeOf(error));
  }
}
