import { execFile } from 'node:child_process';
import { constants, existsSync, statSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../processes/lock.ts';

const run = promisify(execFile);

/**
 * A folder of programs in a place where another user can run them: itself, or a copy in the system's temporary folder. The project may
 * lie below a home folder that only its owner can enter.
 *
 * @param name of the copy; what the folder holds must not change under the same name
 * @param canRun whether the user can run what a folder holds
 */
export async function placeForUser(
  folder: string,
  name: string,
  canRun: (folder: string) => Promise<boolean>,
): Promise<string> {
  if (await canRun(folder)) return folder;
  const copy = join(tmpdir(), name);
  // Somebody else could have put a program of theirs there.
  const isReady = async () =>
    existsSync(copy) && statSync(copy).uid === process.getuid?.() && (await canRun(copy));
  if (await isReady()) return copy;
  await withLock(`${copy}.lock`, async () => {
    if (await isReady()) return;
    const draft = `${copy}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { mode: 0o700 });
    await cp(folder, draft, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    await run('chmod', ['-R', 'a+rX', draft]);
    await rm(copy, { recursive: true, force: true });
    await rename(draft, copy);
  });
  if (!(await isReady())) throw new Error(`The user of the test servers cannot run what is in ${copy}`);
  return copy;
}
