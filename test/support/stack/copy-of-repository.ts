import { cp } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const LEFT_OUT = new Set(['node_modules', '.cache', '.git', '.ferry', 'cdk.out', 'coverage']);

/** Copies the repository as it is here into a folder, without packages and what was fetched or made. */
export const copyOfRepository = (folder: string): Promise<void> =>
  cp(root, folder, {
    recursive: true,
    filter: (path) => dirname(path) !== root || !LEFT_OUT.has(basename(path)),
  });
