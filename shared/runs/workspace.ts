import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageUnavailableError } from '../errors.ts';

/** A private folder for one run, removed with everything in it when disposed. */
export interface Workspace extends AsyncDisposable {
  folder: string;
}

// A process is known by its number and the moment it was started: numbers come again, on Lambda even at once.
const STARTED_AT = Math.round(performance.timeOrigin);
const OWN_PREFIX = `ferry-run-${process.pid}-${STARTED_AT}-`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, so it lives.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Removes what killed processes have left, so that a disk does not fill up with it. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid, startedAt] = /^ferry-run-(\d+)-(\d+)-/.exec(name) ?? [];
    if (pid === undefined) continue;
    const own = Number(pid) === process.pid;
    if (own ? Number(startedAt) === STARTED_AT : isAlive(Number(pid))) continue;
    // Somebody else's, perhaps: what cannot be removed is theirs.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}

/** Creates a folder that only this user can enter, and removes those of processes that were killed. */
export async function createWorkspace(parent: string): Promise<Workspace> {
  try {
    await mkdir(parent, { recursive: true });
    await removeLeftovers(parent);
    const folder = await mkdtemp(join(parent, OWN_PREFIX));
    return {
      folder,
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
    };
  } catch (error) {
    throw new StorageUnavailableError(`No working folder can be made in ${parent}.`, {
      cause: error,
      hint: 'Check its permissions and the free space.',
    });
  }
}
