import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { StorageUnavailableError } from '../errors.ts';
import type { DocumentStore } from './document-store.ts';

const isMissing = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Documents as files below a folder, created when first written to. */
export function createFolderDocumentStore(folder: string): DocumentStore {
  const unavailable = (doing: string, error: unknown) =>
    new StorageUnavailableError(`The state folder ${folder} cannot be ${doing}.`, {
      cause: error,
      hint: 'Check its permissions and the free space, or name another one with --state.',
    });
  return {
    async put(key, body) {
      const path = join(folder, key);
      const temporary = `${path}.${randomUUID()}.tmp`;
      try {
        await mkdir(dirname(path), { recursive: true });
        // A reader sees the old document or the new one, never half of one.
        await writeFile(temporary, body);
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw unavailable('written to', error);
      }
    },
    async get(key) {
      try {
        return await readFile(join(folder, key), 'utf8');
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw unavailable('read', error);
      }
    },
    async list(prefix, limit) {
      const parent = prefix.endsWith('/') ? prefix : `${posix.dirname(prefix)}/`;
      try {
        const entries = await readdir(join(folder, parent), { withFileTypes: true });
        return entries
          .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
          .map((entry) => `${parent}${entry.name}`)
          .filter((key) => key.startsWith(prefix))
          .sort()
          .slice(0, limit);
      } catch (error) {
        if (isMissing(error)) return [];
        throw unavailable('read', error);
      }
    },
  };
}
