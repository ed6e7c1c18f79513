import { spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import { EXIT } from '../../../cli/exit-codes.ts';
import { runCommandLine } from '../../../cli/program/run-command-line.ts';
import { CancelledError } from '../../../shared/errors.ts';
import type { Sleep } from '../../../shared/sleep.ts';
import { withEnvironment } from '../processes/process-environment.ts';
import { FERRY_PROGRAM } from './ferry-program.ts';

/** What a finished `ferry` left behind. */
export interface FerryResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Where and how `ferry` is run. */
export interface FerryCommandOptions {
  /** Working directory. */
  folder: string;
  /** Added to this process's, without its FERRY_ and AWS_ variables. */
  environment?: Readonly<Record<string, string>>;
  /** Called with what it prints while it runs; may return a signal to send. */
  onStderr?: (text: string) => NodeJS.Signals | undefined;
  /** How it waits between tries and questions; only for {@link runFerry}. @default with the real clock */
  sleep?: Sleep;
  /** How long after that the signal is sent. @default 0 */
  signalDelayMs?: number;
}

/** Variables of this process that a command of a test is not to see. */
const NOT_INHERITED = /^(FERRY_|AWS_|INIT_CWD$|NODE_OPTIONS$)/;

/**
 * Runs a command line of `ferry` in this process: all of it but main.ts, which holds what only a process has. A second faster than
 * {@link runFerryProcess}. Commands may run at the same time if they get the same environment.
 */
export async function runFerry(args: readonly string[], options: FerryCommandOptions): Promise<FerryResult> {
  const changes = Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => NOT_INHERITED.test(name))
      .map((name) => [name, undefined]),
  );
  return await withEnvironment({ ...changes, ...options.environment }, async () => {
    const interruption = new AbortController();
    const interrupt = () => interruption.abort(new CancelledError('The run was interrupted.'));
    const result: FerryResult = { exitCode: 0, stdout: '', stderr: '' };
    let interrupted = false;
    await runCommandLine(
      {
        folder: options.folder,
        environment: process.env,
        user: userInfo().username,
        stdout: {
          write: (text) => {
            result.stdout += text;
          },
        },
        stderr: {
          write: (text) => {
            result.stderr += text;
            if (interrupted || options.onStderr?.(result.stderr) === undefined) return;
            interrupted = true;
            // A signal reaches a process between two of its steps, never in the middle of one.
            setTimeout(interrupt, options.signalDelayMs ?? 0);
          },
        },
        signal: interruption.signal,
        ...(options.sleep && { sleep: options.sleep }),
        setExitCode: (code) => {
          result.exitCode = code;
        },
      },
      args,
    );
    // As main.ts does.
    if (interruption.signal.aborted) result.exitCode = EXIT.interrupted;
    return result;
  });
}

/** Runs `ferry` as its own process, as a person would: where that process is what is tested. */
export async function runFerryProcess(
  args: readonly string[],
  options: FerryCommandOptions,
): Promise<FerryResult> {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  const child = spawn(process.execPath, [FERRY_PROGRAM, ...args], {
    cwd: options.folder,
    env: { ...Object.fromEntries(inherited), ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let sent = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    const signal = sent ? undefined : options.onStderr?.(stderr);
    if (signal === undefined) return;
    // Once: while the process ends its handler is gone, and a second signal would kill it.
    sent = true;
    setTimeout(() => child.kill(signal), options.signalDelayMs ?? 0);
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, stdout, stderr };
}
