import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
/** The options that `npm run ferry` gives to Node. */
const FLAGS = manifest.scripts.ferry.match(/(?<=\s)--max-\S+/g) ?? [];
/** Of /proc/PID/stat, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface MeasuredProcess {
  stdout: string;
  exitCode: number | null;
  /** From its start to its end. */
  seconds: number;
  /** Of all processors together: more meaningful than time when the machine has other work. */
  cpuSeconds: number;
  /** Peak resident memory. */
  peakMiB: number;
}

/** Runs the `ferry` command as its own process, and measures it. */
export async function measureFerry(args: readonly string[], folder: string): Promise<MeasuredProcess> {
  const started = performance.now();
  const child = spawn(process.execPath, [...FLAGS, MAIN, ...args], {
    cwd: folder,
    env: { ...process.env, INIT_CWD: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  // The kernel counts these; they only have to be read once more before the process is gone.
  let [peakMiB, cpuSeconds] = [0, 0];
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    const peak = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
    if (peak) peakMiB = Number(peak) / 1024;
    const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => '');
    // Fields 14 and 15; the second field, in brackets, may contain spaces:
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number);
    if (user !== undefined && system !== undefined) cpuSeconds = (user + system) / TICKS_PER_SECOND;
  }, 20);
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(timer);
  return { stdout, exitCode, seconds: (performance.now() - started) / 1000, cpuSeconds, peakMiB };
}

/** The median. */
export const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
