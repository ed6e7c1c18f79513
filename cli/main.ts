// The command line's entry: the only part of it that knows the process.
import { userInfo } from 'node:os';
import { CancelledError } from '../shared/errors.ts';
import { endProcess } from './end-process.ts';
import { EXIT } from './exit-codes.ts';
import { runCommandLine } from './program/run-command-line.ts';

// Statements of DuckDB's client wait for the source in libuv's threads, of which there are four by default: several runs
// of `serve` would leave none for files, such as the lease that one of them must renew. Read when the first is used.
process.env.UV_THREADPOOL_SIZE ??= '16';

/** Who runs this, for the record of the run. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user without a name.
    return process.env.USER ?? `uid ${process.getuid?.()}`;
  }
}

// What cannot be printed ends no run. The reader of the output may have stopped reading (ferry runs | head), a disk may
// be full.
let lostOutput: string | undefined;
process.stderr.on('error', () => {});
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') lostOutput = code ?? 'unknown';
});

// A run that is asked to stop needs up to five seconds to end its query and to write its record.
let endAfterSignalMs = 8_000;
// Of a command that ends in order: being asked to is no failure of it.
let endsInOrder = false;
// Something is still under way that nobody waits for.
let endsAtOnce = false;
// For connections that are kept open, and for nothing else: the command has ended.
const END_AFTER_WORK_MS = 2_000;

const interruption = new AbortController();
let interruptedAt: number | undefined;
// A terminal that is closed sends SIGHUP. (Node undoes that `nohup` has it ignored, with or without a handler.)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second Ctrl-C ends the process at once. npm passes the first one on, so that one arrives twice.
    if (interruptedAt !== undefined && performance.now() - interruptedAt > 500) endProcess(EXIT.interrupted);
    // Stopping takes seconds when a source does not answer.
    if (interruptedAt === undefined && process.stderr.isTTY && !endsInOrder)
      process.stderr.write('\nstopping; Ctrl-C again ends it at once …\n');
    interruptedAt ??= performance.now();
    setTimeout(() => {
      process.stderr.write('Something did not stop in time, and was left behind.\n');
      endProcess(EXIT.interrupted);
    }, endAfterSignalMs).unref();
    interruption.abort(new CancelledError('It was interrupted (Ctrl-C, or a signal).'));
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
    endAtOnce() {
      endsAtOnce = true;
    },
  },
  process.argv.slice(2),
);
// A stream reports what it could not write in its next turn.
await new Promise((resolve) => setImmediate(resolve));
if (lostOutput !== undefined) {
  process.stderr.write(`Not all of the output could be written (${lostOutput}).\n`);
  process.exitCode ||= EXIT.failed;
}
// A statement that was given up may still wait for its source in a native thread, which would keep the process forever.
if (interruptedAt !== undefined) endProcess(endsInOrder ? Number(process.exitCode ?? 0) : EXIT.interrupted);
if (endsAtOnce) endProcess(Number(process.exitCode ?? 0));
setTimeout(() => endProcess(Number(process.exitCode ?? 0)), END_AFTER_WORK_MS).unref();
