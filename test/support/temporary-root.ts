import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

const MARK = 'FERRY_TEST_TMPDIR';
const prefix = `ferry-tests-${hostname()}-`;

/**
 * Gives a test run one temporary folder for all that it makes, and removes it at the end. A run that was killed could not: the next one
 * removes what is left of it. Its processes end on their own (bound-process.ts). Called by Vitest once for each project.
 */
export function setup({ name }: Pick<TestProject, 'name'>): void {
  if (process.env[MARK] !== undefined) return;
  // What the long tests make is big, such as images, and one of them looks at the file system of a volume.
  const memory = name === 'long' ? undefined : findMemory();
  for (const place of [tmpdir(), memory ?? []].flat()) removeLeftovers(place);
  const root = join(memory ?? tmpdir(), `${prefix}${process.pid}`);
  mkdirSync(root, { recursive: true });
  // Servers run as a user of their own when the tests run as root.
  chmodSync(root, 0o711);
  process.env.TMPDIR = root;
  process.env[MARK] = root;
}

/** Called at the end of the whole run. */
export function teardown(): void {
  rmSync(String(process.env[MARK]), { recursive: true, force: true });
}

const MEMORY = '/dev/shm';
// Most of a run's files are the data of servers that are gone soon: up to 2 GB at a time.
const NEEDED_BYTES = 12 * 1024 ** 3;

/**
 * A folder in memory, if there is plenty: hundreds of servers make and remove a thousand files each, and ext4 looks at all inodes that were
 * freed in the last minutes before it gives out one. Not if somebody has named another folder.
 */
function findMemory(): string | undefined {
  if (process.platform !== 'linux' || process.env.TMPDIR !== undefined) return undefined;
  try {
    const mounted = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    const [, , type, options = ''] =
      mounted.map((line) => line.split(' ')).findLast((line) => line[1] === MEMORY) ?? [];
    const { bavail, bsize } = statfsSync(MEMORY);
    const room = Math.min(bavail * bsize, process.availableMemory());
    return type === 'tmpfs' && !options.includes('noexec') && room >= NEEDED_BYTES ? MEMORY : undefined;
  } catch {
    return undefined;
  }
}

function removeLeftovers(place: string): void {
  for (const name of readdirSync(place)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    const folder = join(place, name);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    try {
      if (lstatSync(folder).uid === process.getuid?.()) rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      // Another run that begins removes it, too.
      if (!['ENOENT', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
