// The command line's entry: the only part of it that knows the process.
import { userInfo } from 'node:os';
import { CancelledError } from '../shared/errors.ts';
import { endProcess } from './end-process.ts';
import { EXIT } from './exit-codes.ts';
import { runCommandLine } from './run-command-line.ts';

/** Who runs this, for the record of the run. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user without a name.
    return process.env.USER ?? `uid ${process.getuid?.()}`;
  }
}

// The reader of the output may have stopped reading (ferry runs | head).
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// A run that is asked to stop needs up to five seconds to end its query and to write its record.
let endAfterSignalMs = 8_000;
// Of a command that ends in order: being asked to is no failure of it.
let endsInOrder = false;
// For connections that are kept open, and for nothing else: the command has ended.
const END_AFTER_WORK_MS = 2_000;

const interruption = new AbortController();
let interruptedAt: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second Ctrl-C ends the process at once. npm passes the first one on, so that one arrives twice.
    if (interruptedAt !== undefined && performance.now() - interruptedAt > 500) endProcess(EXIT.interrupted);
    interruptedAt ??= performance.now();
    setTimeout(() => endProcess(EXIT.interrupted), endAfterSignalMs).unref();
    interruption.abort(new CancelledError('The run was interrupted.'));
  });
}

await runCommandLine(
  {
    // npm runs scripts in the project's folder; paths are relative to the person's folder.
    folder: process.env.INIT_CWD ?? process.cwd(),
    environment: process.env,
    user: loginName(),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interruption.signal,
    setExitCode: (code: number) => {
      process.exitCode = code;
    },
    allowEnding(ms) {
      endAfterSignalMs = ms;
      endsInOrder = true;
    },
  },
  process.argv.slice(2),
);
// A statement that was given up may still wait for its source in a native thread, which would keep the process forever.
if (interruptedAt !== undefined) endProcess(endsInOrder ? Number(process.exitCode ?? 0) : EXIT.interrupted);
setTimeout(() => endProcess(Number(process.exitCode ?? 0)), END_AFTER_WORK_MS).unref();
