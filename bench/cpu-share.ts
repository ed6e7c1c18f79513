import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lambda's own period: it hands out CPU time every 20 ms. */
const PERIOD_US = 20_000;
const ROOT = '/sys/fs/cgroup';

/** A part of the machine's processors, for the processes that are started in it. */
export interface CpuShare extends Disposable {
  /** The command that starts another one with this share. */
  wrap(command: readonly [string, ...string[]]): [string, ...string[]];
}

/**
 * Holds processes to so many processors, by a control group of the kernel: no emulation of time, the scheduler gives
 * them no more.
 *
 * @param processors such as 0.5
 * @throws Error where this process may make no such group: it takes root, on Linux
 */
export function shareOfCpu(processors: number): CpuShare {
  const name = `ferry-bench-${process.pid}-${Math.round(processors * 1_000)}`;
  // Version 2 has all controllers in one tree, version 1 a tree for each: https://man7.org/linux/man-pages/man7/cgroups.7.html
  const isUnified = existsSync(join(ROOT, 'cgroup.controllers'));
  const folder = isUnified ? join(ROOT, name) : join(ROOT, 'cpu', name);
  const quota = Math.round(PERIOD_US * processors);
  try {
    mkdirSync(folder);
    if (isUnified) {
      writeFileSync(join(folder, 'cpu.max'), `${quota} ${PERIOD_US}`);
    } else {
      writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quota));
    }
  } catch (cause) {
    throw new Error(`No control group for a share of the processors can be made in ${ROOT}: run as root.`, {
      cause,
    });
  }
  const members = join(folder, 'cgroup.procs');
  return {
    wrap: (command) => ['sh', '-c', 'echo $$ > "$0" && exec "$@"', members, ...command],
    [Symbol.dispose]() {
      // The kernel removes no group that still has a process.
      if (readFileSync(members, 'utf8').trim() === '') rmdirSync(folder);
    },
  };
}
