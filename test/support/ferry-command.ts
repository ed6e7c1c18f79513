import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** What a finished `ferry` left behind. */
export interface FerryResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs `ferry` as a process of its own, as a person would.
 *
 * @param options.folder working directory
 * @param options.environment added to this process's, without its FERRY_ and AWS_ variables
 * @param options.onStderr called with what it prints while it runs; may return a signal to send
 */
export async function runFerry(
  args: readonly string[],
  options: {
    folder: string;
    environment?: Readonly<Record<string, string>>;
    onStderr?: (text: string) => NodeJS.Signals | undefined;
    /** How long after that the signal is sent. @default 0 */
    signalDelayMs?: number;
  },
): Promise<FerryResult> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(FERRY_|AWS_|INIT_CWD$|NODE_OPTIONS$)/.test(name),
  );
  const child = spawn(process.execPath, [MAIN, ...args], {
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
