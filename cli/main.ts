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

// A run that is asked to stop leaves behind what has not ended after six seconds (run-limits.ts); the rest is for its record.
const END_AFTER_SIGNAL_MS = 7_500;
// A process that got no time in between has both timers at once: what was due before goes first.
const GRACE_MS = 1_000;
// Only for connections that are still open: the command has ended.
const END_AFTER_WORK_MS = 2_000;

const interruption = new AbortController();
let interruptedAt: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second Ctrl-C ends the process at once. npm passes the first one on, so that one arrives twice.
    if (interruptedAt !== undefined && performance.now() - interruptedAt > 500) endProcess(EXIT.interrupted);
    interruptedAt ??= performance.now();
    const end = () => endProcess(EXIT.interrupted);
    setTimeout(() => setTimeout(end, GRACE_MS).unref(), END_AFTER_SIGNAL_MS).unref();
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
  },
  process.argv.slice(2),
);
// A statement that was given up may still wait for its source in a native thread, which would keep the process alive
// forever.
if (interruptedAt !== undefined) endProcess(EXIT.interrupted);
setTimeout(() => endProcess(Number(process.exitCode ?? 0)), END_AFTER_WORK_MS).unref();
