import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StorageUnavailableError } from '../errors.ts';

/** A private folder for one run, removed with everything in it when disposed. */
export interface Workspace extends AsyncDisposable {
  folder: string;
}

/** How often a folder's owner shows that it lives, and how long it is believed without that. */
export interface WorkspaceTimes {
  touchMs: number;
  staleMs: number;
}

// Anyone who did not get to touch a file for so long has lost its lease long before, so that nothing of its folder is needed.
const workspaceTimes: WorkspaceTimes = { touchMs: 30_000, staleMs: 10 * 60_000 };

// A process is known by its number and the moment it was started: numbers come again, on Lambda even at once.
const STARTED_AT = Math.round(performance.timeOrigin);
const ALIVE_FILE = '.ferry-alive';

/**
 * Where a process number means something: the PID namespace (https://man7.org/linux/man-pages/man7/pid_namespaces.7.html) and the machine,
 * as it was booted. Two containers that share a work folder have both a process 1.
 */
async function findScope(): Promise<string> {
  const parts = await Promise.all([
    readlink('/proc/self/ns/pid').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
  ]);
  return createHash('sha256')
    .update([...parts, hostname()].join('\n'))
    .digest('hex')
    .slice(0, 12);
}

// The release before reads numbers right behind the prefix: what has none there it leaves alone.
const FORM = /^ferry-run-ns([0-9a-f]{12})-(\d+)-(\d+)-/;
const EARLIER_FORM = /^ferry-run-\d+-\d+-/;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, so it lives.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Whether the process that made a folder is gone: undefined where that cannot be known from here. */
function isGone(name: string, scope: string): boolean | undefined {
  const [, itsScope, pid, startedAt] = FORM.exec(name) ?? [];
  if (itsScope !== scope) return undefined;
  if (Number(pid) === process.pid) return Number(startedAt) !== STARTED_AT;
  // A number that is in use again proves nothing.
  return isAlive(Number(pid)) ? undefined : true;
}

/** When anything of a folder was last written, by the file system's clock. */
async function lastTouched(folder: string): Promise<number> {
  const paths = [folder, ...(await readdir(folder)).map((name) => join(folder, name))];
  const times = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}

/** Removes what killed processes have left, so that a disk does not fill up with it, and nothing of a process that may live. */
async function removeLeftovers(parent: string, own: string, scope: string, staleMs: number): Promise<void> {
  const { mtimeMs: now } = await stat(join(own, ALIVE_FILE));
  for (const name of await readdir(parent)) {
    const folder = join(parent, name);
    if (folder === own || !(FORM.test(name) || EARLIER_FORM.test(name))) continue;
    try {
      const gone = isGone(name, scope) ?? now - (await lastTouched(folder)) > staleMs;
      if (gone) await rm(folder, { recursive: true, force: true });
    } catch {
      // Somebody else's, perhaps, or removed by now: what cannot be removed is theirs.
    }
  }
}

/** Creates a folder that only this user can enter, and removes those of processes that were killed. */
export async function createWorkspace(
  parent: string,
  { touchMs, staleMs }: WorkspaceTimes = workspaceTimes,
): Promise<Workspace> {
  try {
    await mkdir(parent, { recursive: true });
    const scope = await findScope();
    const folder = await mkdtemp(join(parent, `ferry-run-ns${scope}-${process.pid}-${STARTED_AT}-`));
    // Written, and not given a time: that would be the time of this machine.
    const touch = () => writeFile(join(folder, ALIVE_FILE), '.');
    const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
    try {
      await touch();
      await removeLeftovers(parent, folder, scope, staleMs);
    } catch (error) {
      await remove();
      throw error;
    }
    const timer = setInterval(() => touch().catch(() => {}), touchMs);
    timer.unref();
    return {
      folder,
      async [Symbol.asyncDispose]() {
        clearInterval(timer);
        await remove();
      },
    };
  } catch (error) {
    throw new StorageUnavailableError(`Cannot create a working folder in ${parent}.`, {
      cause: error,
      hint: 'Check its permissions and the free space.',
    });
  }
}
