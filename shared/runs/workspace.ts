import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StorageUnavailableError } from '../errors.ts';
import { explainFileError } from '../explain-file-error.ts';
import { makeFolder } from '../make-folder.ts';

/** A private folder for one run, removed with everything in it when disposed of. */
export interface Workspace extends AsyncDisposable {
  folder: string;
}

/** How often a folder's owner shows that it is alive, and for how long others believe it without that. */
export interface WorkspaceTimes {
  touchMs: number;
  staleMs: number;
}

// A process that has not touched a file for so long lost its lease long before, so nothing in its folder is needed.
const workspaceTimes: WorkspaceTimes = { touchMs: 30_000, staleMs: 10 * 60_000 };

// A process is identified by its number and its start time: numbers are reused, on Lambda even at once.
const STARTED_AT = Math.round(performance.timeOrigin);
const ALIVE_FILE = '.ferry-alive';

/**
 * Where a process number is meaningful: the PID namespace (https://man7.org/linux/man-pages/man7/pid_namespaces.7.html)
 * and the machine since its last start. Two containers that share a work folder both have a process 1.
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

// The previous release reads numbers right after the prefix, and leaves folders without one alone.
const FORM = /^ferry-run-ns([0-9a-f]{12})-(\d+)-(\d+)-/;
const EARLIER_FORM = /^ferry-run-\d+-\d+-/;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process that we may not signal is alive.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Whether the process that created a folder is gone; undefined when that cannot be known from here. */
function isGone(name: string, scope: string): boolean | undefined {
  const [, itsScope, pid, startedAt] = FORM.exec(name) ?? [];
  if (itsScope !== scope) return undefined;
  if (Number(pid) === process.pid) return Number(startedAt) !== STARTED_AT;
  // A number that is in use again proves nothing.
  return isAlive(Number(pid)) ? undefined : true;
}

/** When anything in a folder was last written, by the file system's clock. */
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

/**
 * Removes what killed processes have left, so that it does not fill the disk; never the files of a process that may be
 * alive.
 */
async function removeLeftovers(parent: string, own: string, scope: string, staleMs: number): Promise<void> {
  const { mtimeMs: now } = await stat(join(own, ALIVE_FILE));
  for (const name of await readdir(parent)) {
    const folder = join(parent, name);
    if (folder === own || !(FORM.test(name) || EARLIER_FORM.test(name))) continue;
    try {
      const gone = isGone(name, scope) ?? now - (await lastTouched(folder)) > staleMs;
      if (gone) await rm(folder, { recursive: true, force: true });
    } catch {
      // It may be somebody else's, or already removed. What cannot be removed is left to them.
    }
  }
}

/** Creates a folder that only this user can enter, and removes those of killed processes. */
export async function createWorkspace(
  parent: string,
  { touchMs, staleMs }: WorkspaceTimes = workspaceTimes,
): Promise<Workspace> {
  try {
    await makeFolder(parent);
    const scope = await findScope();
    const folder = await mkdtemp(join(parent, `ferry-run-ns${scope}-${process.pid}-${STARTED_AT}-`));
    // Written instead of given a time, which would come from this machine's clock.
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
    const { why, todo } = explainFileError(error);
    throw new StorageUnavailableError(`No working folder can be created in ${parent}${why}.`, {
      cause: error,
      hint: `${todo}, or name another folder with TMPDIR.`,
    });
  }
}
