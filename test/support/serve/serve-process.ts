import { type ChildProcess, spawn } from 'node:child_process';
import { FERRY_PROGRAM } from '../cli/ferry-program.ts';
import { readOutput } from '../processes/child-output.ts';

/** `ferry serve` as its own process. */
export interface ServeProcess extends AsyncDisposable {
  child: ChildProcess;
  /** What it printed. */
  output(): string;
  /** Waits until its output matches. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** The address of its health listener. */
  health(): Promise<string>;
  /** Waits for its end: the exit code, or the signal. */
  ended(): Promise<number | NodeJS.Signals | null>;
}

/** Starts it in a folder, with nothing in its environment but what is given. */
export function startServeProcess(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): ServeProcess {
  const { PATH = '', HOME = '', TMPDIR = '/tmp', FERRY_TEST_TMPDIR } = process.env;
  // The options as in `npm run ferry` and in the image.
  const child = spawn(
    process.execPath,
    ['--min-semi-space-size=2', '--max-semi-space-size=8', FERRY_PROGRAM, 'serve', ...args],
    {
      cwd: folder,
      env: {
        PATH,
        HOME,
        TMPDIR,
        ...(FERRY_TEST_TMPDIR === undefined ? {} : { FERRY_TEST_TMPDIR }),
        HEALTH_CHECK_PORT: '0',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const { text, printed, ended } = readOutput(child);
  return {
    child,
    output: text,
    printed,
    async health() {
      const [, port] = await printed(/health: http:\/\/0\.0\.0\.0:(\d+)\//);
      return `http://127.0.0.1:${port}`;
    },
    async ended() {
      const { code, signal } = await ended;
      return code ?? signal;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
