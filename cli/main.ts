import { userInfo } from 'node:os';
import { CancelledError } from '../shared/errors.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { printError } from './output.ts';
import { createProgram } from './program.ts';

/** The command line's entry: the only place of it that knows the process. */
const interruption = new AbortController();
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second Ctrl-C of an impatient person ends the process as it is.
    if (interrupted) process.exit(EXIT.interrupted);
    interrupted = true;
    interruption.abort(new CancelledError('The run was interrupted.'));
  });
}

try {
  const program = createProgram({
    // npm runs scripts in the project's folder; paths are meant relative to where the person stands.
    folder: process.env.INIT_CWD ?? process.cwd(),
    environment: process.env,
    user: userInfo().username,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interruption.signal,
    setExitCode: (code) => {
      process.exitCode = code;
    },
  });
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = printError(error, process.stderr) ?? exitCodeOf(error);
}
if (interrupted) process.exitCode = EXIT.interrupted;
