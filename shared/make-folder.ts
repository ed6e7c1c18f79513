import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a folder and those above it, as `mkdir -p`. Node's own recursive `mkdir` never returns where the kernel
 * answers ENOENT for a folder inside an existing one, as /proc does: this one tries each folder twice at most.
 *
 * @param options.mode of each folder that is created. @default 0o777, less the umask
 * @throws what the file system said, with its `code`
 */
export async function makeFolder(path: string, options: { mode?: number } = {}): Promise<void> {
  if (await createOne(path, options)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent, options);
  if (await createOne(path, options)) return;
  throw Object.assign(new Error(`${path} cannot be created, although ${parent} is there.`), {
    code: 'ENOENT',
  });
}

/** @returns false if the folder above is missing */
async function createOne(path: string, options: { mode?: number }): Promise<boolean> {
  try {
    await mkdir(path, options);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    // Read-only file systems and others' folders say so even where the folder is there.
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) return true;
    throw error;
  }
}
