import { randomUUID } from 'node:crypto';
import { type Dirent, existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  link,
  lstat,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { StorageUnavailableError } from '../../errors.ts';
import { explainFileError } from '../../explain-file-error.ts';
import { makeFolder } from '../../make-folder.ts';
import type { DocumentStore, ListedKey, VersionedDocument } from './document-store.ts';
import { SeenFolders } from './seen-folders.ts';

const hasCode = (error: unknown, code: string) =>
  error instanceof Error && 'code' in error && error.code === code;
const isMissing = (error: unknown) => hasCode(error, 'ENOENT');

// Refused and archived files hold data: they are for the user who runs Ferry, and nobody else.
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

/** The versions of a replaceable document are files in its folder, named by number; the highest one counts. */
async function versionsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => b - a);
}

/** The current time of the file system: a network drive has its own clock. */
async function clockOf(folder: string): Promise<number> {
  const probe = join(folder, `${randomUUID()}.tmp`);
  await writeFile(probe, '');
  const { mtimeMs } = await stat(probe);
  await rm(probe, { force: true });
  return mtimeMs;
}

/** A full disk still takes empty files. */
async function writeByte(folder: string): Promise<void> {
  const probe = join(folder, `${randomUUID()}.tmp`);
  try {
    await writeFile(probe, ' ', { mode: PRIVATE_FILE });
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

// Longer than any copy takes.
const STALE_DRAFT_MS = 3_600_000;

/** Removes what processes left that were killed while they stored a file. Such a draft may be as big as the file. */
async function removeStaleDrafts(folder: string): Promise<void> {
  const drafts = (await readdir(folder)).filter((name) => name.endsWith('.tmp'));
  if (drafts.length === 0) return;
  const now = await clockOf(folder);
  for (const name of drafts) {
    const { mtimeMs } = await stat(join(folder, name));
    if (now - mtimeMs > STALE_DRAFT_MS) await rm(join(folder, name), { force: true });
  }
}

/** A replaceable document is a folder of versions; any other is a file. */
async function keysIn(folder: string, prefix: string, kind: 'put' | 'any'): Promise<string[]> {
  const parent = prefix.endsWith('/') ? prefix : `${posix.dirname(prefix)}/`;
  const entries = await readdir(join(folder, parent), { withFileTypes: true });
  const isDocument = (entry: Dirent) =>
    entry.isFile() ? !entry.name.endsWith('.tmp') : kind === 'any' && entry.name.endsWith('.json');
  return entries
    .filter(isDocument)
    .map((entry) => `${parent}${entry.name}`)
    .filter((key) => key.startsWith(prefix))
    .sort();
}

/** The age of a document, as a list of one; empty when it is gone. */
async function ageOf(folder: string, key: string, now: number): Promise<ListedKey[]> {
  const path = join(folder, key);
  try {
    let found = await stat(path);
    if (found.isDirectory()) {
      const [newest] = await versionsIn(path);
      if (newest === undefined) return [];
      found = await stat(join(path, String(newest)));
    }
    return [{ key, ageMs: Math.max(0, now - found.mtimeMs) }];
  } catch (error) {
    // It was removed after the folder was read. If the document was just replaced, a newer version exists, written
    // right now.
    if (isMissing(error)) return (await versionsIn(path)).length > 0 ? [{ key, ageMs: 0 }] : [];
    throw error;
  }
}

/** A link on the way to a document that leads nowhere, as to a drive that is not mounted: nobody knows what is there. */
async function findBrokenLink(folder: string, key: string): Promise<string | undefined> {
  const parts = key.split('/');
  const paths = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  for (const path of paths) {
    const found = await lstat(join(folder, path)).catch(() => undefined);
    if (found === undefined) return undefined;
    const target = found.isSymbolicLink() ? await stat(join(folder, path)).catch(() => undefined) : found;
    if (target === undefined) return path;
  }
  return undefined;
}

/** The newest version in a folder, as it is there. */
async function readNewest(versions: string): Promise<VersionedDocument | undefined> {
  for (;;) {
    const [newest] = await versionsIn(versions);
    if (newest === undefined) return undefined;
    const path = join(versions, String(newest));
    try {
      const [body, { mtimeMs }, now] = await Promise.all([
        readFile(path, 'utf8'),
        stat(path),
        clockOf(versions),
      ]);
      return { body, version: String(newest), ageMs: Math.max(0, now - mtimeMs) };
    } catch (error) {
      // It was replaced just now and removed, so a newer one exists.
      if (!isMissing(error)) throw error;
    }
  }
}

/** Makes a draft the version with this number, if that is the newest. @throws EEXIST if it exists */
async function becomeNewest(draft: string, versions: string, own: number): Promise<boolean> {
  // Only one process can create the link, and it has its whole content at once.
  await link(draft, join(versions, String(own)));
  const [newest, ...older] = await versionsIn(versions);
  // A process that saw a version that is long gone has reused an old number.
  const outdated = newest === own ? older : [own];
  await Promise.all(outdated.map((version) => rm(join(versions, String(version)), { force: true })));
  return newest === own;
}

/** The error of a folder that cannot be `written to` or `read`, with what the file system says. */
const unavailableIn =
  (folder: string) =>
  (doing: string, error: unknown, { why, todo } = explainFileError(error)) =>
    error instanceof StorageUnavailableError
      ? error
      : new StorageUnavailableError(`The state folder ${folder} cannot be ${doing}${why}.`, {
          cause: error,
          hint: `${todo}, or name another folder with --state.`,
        });

const GONE = { why: '', todo: 'Mount it or move it back; to start over, restart Ferry' };

const BROKEN_LINK = { why: '', todo: 'Mount what it leads to' };

/** @throws StorageUnavailableError when a document is missing because a link leads nowhere */
async function assertNoBrokenLink(folder: string, key: string, cause: unknown): Promise<void> {
  const broken = await findBrokenLink(folder, key);
  if (broken === undefined) return;
  const doing = `read: ${broken} in it is a link to something that does not exist`;
  throw unavailableIn(folder)(doing, cause, BROKEN_LINK);
}

/** Throws when all that the process has `seen` is gone. */
const assertThereIn = (folder: string, seen: SeenFolders) => (doing: string) => {
  if (seen.areGone) throw unavailableIn(folder)(`${doing}: what was in it is gone`, undefined, GONE);
};

/** A file in a state folder that Ferry created: keeps it out of version control, and shows whose it is. */
export const STATE_MARK = '.gitignore';

/** Documents as files below a folder, which the first write creates: for its owner alone. */
export function createFolderDocumentStore(folder: string): DocumentStore {
  const seen = new SeenFolders(folder);
  const assertThere = assertThereIn(folder, seen);
  /** Creates the folder of a key, and the one of all if need be. */
  const makeInside = async (key: string) => {
    assertThere('written to');
    const isNew = !existsSync(folder);
    await makeFolder(join(folder, posix.dirname(key)), { mode: PRIVATE_FOLDER });
    seen.note(key);
    if (isNew) await writeFile(join(folder, STATE_MARK), '*\n', { mode: PRIVATE_FILE });
  };
  const writePrivately = (path: string, body: string) => writeFile(path, body, { mode: PRIVATE_FILE });
  const unavailable = unavailableIn(folder);
  /** A reader sees the old file or the new one, never part of one. */
  const replaceWhole = async (key: string, write: (draft: string) => Promise<void>) => {
    const path = join(folder, key);
    const draft = `${path}.${randomUUID()}.tmp`;
    try {
      await makeInside(key);
      await write(draft);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {});
      throw unavailable('written to', error);
    }
  };
  const tryIn = async <T>(work: (path: string) => Promise<T>): Promise<T> => {
    try {
      await makeInside('.');
      return await work(folder);
    } catch (error) {
      throw unavailable('written to', error);
    }
  };
  return {
    now: () => tryIn(clockOf),
    assertWritable: () => tryIn(writeByte),
    address: (key) => join(folder, key),
    put: (key, body) => replaceWhole(key, (draft) => writePrivately(draft, body)),
    async create(key, body) {
      const path = join(folder, key);
      const draft = `${path}.${randomUUID()}.tmp`;
      try {
        await makeInside(key);
        await writePrivately(draft, body);
        await link(draft, path);
        return true;
      } catch (error) {
        if (hasCode(error, 'EEXIST')) return false;
        throw unavailable('written to', error);
      } finally {
        await rm(draft, { force: true }).catch(() => {});
      }
    },
    async get(key) {
      try {
        return await readFile(join(folder, key), 'utf8');
      } catch (error) {
        if (!isMissing(error)) throw unavailable('read', error);
        assertThere('read');
        await assertNoBrokenLink(folder, key, error);
        return undefined;
      }
    },
    async putFile(key, source) {
      await replaceWhole(key, async (draft) => {
        await copyFile(source, draft);
        await chmod(draft, PRIVATE_FILE);
      });
      // Another process may remove it at the same time.
      await removeStaleDrafts(dirname(join(folder, key))).catch(() => {});
    },
    async getFile(key, target) {
      try {
        await copyFile(join(folder, key), target);
        return true;
      } catch (error) {
        if (!isMissing(error)) throw unavailable('read', error);
        assertThere('read');
        return false;
      }
    },
    async read(key) {
      try {
        const newest = await readNewest(join(folder, key));
        if (newest === undefined) assertThere('read');
        return newest;
      } catch (error) {
        throw unavailable('read', error);
      }
    },
    async replace(key, body, version) {
      const versions = join(folder, key);
      const own = Number(version ?? 0) + 1;
      const draft = join(versions, `${randomUUID()}.tmp`);
      try {
        await makeInside(`${key}/${own}`);
        await writePrivately(draft, body);
        return (await becomeNewest(draft, versions, own)) ? String(own) : undefined;
      } catch (error) {
        if (hasCode(error, 'EEXIST')) return undefined;
        throw unavailable('written to', error);
      } finally {
        await rm(draft, { force: true }).catch(() => {});
      }
    },
    async list(prefix, limit, after = '') {
      try {
        const keys = await keysIn(folder, prefix, 'put');
        seen.note(prefix);
        return keys.filter((key) => key > after).slice(0, limit);
      } catch (error) {
        if (!isMissing(error)) throw unavailable('read', error);
        assertThere('read');
        return [];
      }
    },
    async listWithAges(prefix, limit) {
      try {
        const keys = (await keysIn(folder, prefix, 'any')).slice(0, limit);
        if (keys.length === 0) return [];
        const now = await clockOf(dirname(join(folder, keys[0] ?? prefix)));
        return (await Promise.all(keys.map((key) => ageOf(folder, key, now)))).flat();
      } catch (error) {
        if (!isMissing(error)) throw unavailable('read', error);
        assertThere('read');
        return [];
      }
    },
    async remove(key) {
      try {
        await rm(join(folder, key), { recursive: true, force: true });
      } catch (error) {
        throw unavailable('written to', error);
      }
    },
  };
}
