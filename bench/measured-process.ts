import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

export interface MeasuredProcess {
  stdout: string;
  exitCode: number | null;
  /** From its start to its end. */
  seconds: number;
  /** Peak resident memory. */
  peakMiB: number;
}

/** Runs the `ferry` command as a process of its own, and measures it. */
export async function measureFerry(args: readonly string[], folder: string): Promise<MeasuredProcess> {
  const started = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { ...process.env, INIT_CWD: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  // The kernel keeps the peak itself; it only has to be read once more before the process is gone.
  let peakMiB = 0;
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    const peak = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
    if (peak) peakMiB = Number(peak) / 1024;
  }, 20);
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(timer);
  return { stdout, exitCode, seconds: (performance.now() - started) / 1000, peakMiB };
}

/** The one in the middle. */
export const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
