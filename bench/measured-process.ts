import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };

const MAIN = fileURLToPath(new URL('../scripts/ferry.mjs', import.meta.url));
/** The options that `npm run ferry` gives to Node. */
export const FLAGS = manifest.scripts.ferry.match(/(?<=\s)--m(?:ax|in)-\S+/g) ?? [];
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
export const measureFerry = (args: readonly string[], folder: string): Promise<MeasuredProcess> =>
  measureProcess([process.execPath, ...FLAGS, MAIN, ...args], folder);

/**
 * Runs a program, and measures it; what its children use is not counted.
 *
 * @param until when to stop a program that would run on, and the clock; given up, it has failed
 */
export async function measureProcess(
  [program, ...args]: readonly [string, ...string[]],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  until?: { isDone: () => boolean; giveUpSeconds: number },
): Promise<MeasuredProcess> {
  const started = performance.now();
  let doneAt: number | undefined;
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, INIT_CWD: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // The kernel counts these; they only have to be read once more before the process is gone.
  let [peakMiB, cpuSeconds] = [0, 0];
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    const peak = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
    if (peak) peakMiB = Number(peak) / 1024;
    const { own } = await cpuTimes(child.pid ?? 0);
    cpuSeconds = Math.max(cpuSeconds, own);
    if (doneAt === undefined && until?.isDone()) {
      doneAt = performance.now();
      child.kill('SIGKILL');
    } else if (until !== undefined && performance.now() - started > until.giveUpSeconds * 1000)
      child.kill('SIGKILL');
  }, 20);
  const ended = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(timer);
  const exitCode = doneAt === undefined ? ended : 0;
  if (exitCode !== 0) process.stderr.write(stderr);
  const seconds = ((doneAt ?? performance.now()) - started) / 1000;
  return { stdout, exitCode, seconds, cpuSeconds, peakMiB };
}

/** Seconds of all processors that a process has used, and those of its children that have ended. */
export async function cpuTimes(pid: number): Promise<{ own: number; children: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Fields 14 to 17; the second field, in brackets, may contain spaces:
  // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
  const fields = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 16).map(Number);
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields;
  return {
    own: (user + system) / TICKS_PER_SECOND,
    children: (childrenUser + childrenSystem) / TICKS_PER_SECOND,
  };
}

/** The median. */
export const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
