import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageUnavailableError } from '../errors.ts';

/** A private folder for one run, removed with everything in it when disposed. */
export interface Workspace extends AsyncDisposable {
  folder: string;
}

/** Creates a folder that only this user can enter. */
export async function createWorkspace(parent: string): Promise<Workspace> {
  try {
    await mkdir(parent, { recursive: true });
    const folder = await mkdtemp(join(parent, 'ferry-run-'));
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
