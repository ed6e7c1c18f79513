import { createHash, randomUUID } from 'node:crypto';
import { copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageUnavailableError } from '../../errors.ts';
import { explainFileError } from '../../explain-file-error.ts';
import { makeFolder } from '../../make-folder.ts';
import type { OutputDocument, OutputStore } from './output-store.ts';

const isMissing = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT';

const versionOf = (body: string) => createHash('sha256').update(body).digest('hex');

/**
 * The files of extractions below a folder of this machine, which the first write creates.
 *
 * @param options.base what keys begin with. @default nothing
 */
export function createFolderOutputStore(options: { folder: string; base?: string }): OutputStore {
  const { folder, base = '' } = options;
  const unavailable = (doing: string, error: unknown) => {
    const { why, todo } = explainFileError(error);
    return new StorageUnavailableError(`The folder ${folder} cannot be ${doing}${why}.`, {
      cause: error,
      hint: `${todo}, or name another folder with --out.`,
    });
  };
  /** Renamed into place, so that an interrupted copy never looks like the file. */
  const write = async (key: string, fill: (draft: string) => Promise<void>) => {
    const path = join(folder, key);
    const draft = `${path}.${randomUUID()}.tmp`;
    try {
      await makeFolder(dirname(path));
      await fill(draft);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {});
      throw unavailable('written to', error);
    }
  };
  const read = async (key: string): Promise<OutputDocument | undefined> => {
    try {
      const body = await readFile(join(folder, key), 'utf8');
      return { body, version: versionOf(body) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw unavailable('read', error);
    }
  };
  return {
    location: folder,
    base,
    // A second name for the file where both are on one file system, so that nothing is copied.
    putFile: (key, source) => write(key, (draft) => link(source, draft).catch(() => copyFile(source, draft))),
    put: (key, body) => write(key, (draft) => writeFile(draft, body)),
    read,
    async replace(key, body, seen) {
      // A file system has no conditional write. The job's lease covers all but the milliseconds in between.
      if ((await read(key))?.version !== seen) return false;
      await write(key, (draft) => writeFile(draft, body));
      return true;
    },
    async removeFolder(key) {
      try {
        await rm(join(folder, key), { recursive: true, force: true });
      } catch (error) {
        throw unavailable('written to', error);
      }
    },
  };
}
