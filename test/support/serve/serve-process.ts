import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../processes/wait-for.ts';

const MAIN = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));

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
  const child = spawn(process.execPath, [MAIN, 'serve', ...args], {
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
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  const printed = (pattern: RegExp) =>
    waitFor(
      `${pattern}; so far: ${output}`,
      () => {
        const found = pattern.exec(output);
        if (!found && child.exitCode !== null) throw new Error(`It ended before ${pattern}: ${output}`);
        return found ?? undefined;
      },
      40_000,
    );
  return {
    child,
    output: () => output,
    printed,
    async health() {
      const [, port] = await printed(/health: http:\/\/0\.0\.0\.0:(\d+)\//);
      return `http://127.0.0.1:${port}`;
    },
    ended: () => ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
