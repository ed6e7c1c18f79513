import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { withLock } from '../../shared/lock.mjs';

/**
 * Rebuilds a folder. It is replaced as a whole and only if its content has changed: another process may be reading or
 * running the existing one, and an interrupted build is never used.
 *
 * @param build fills the empty folder that it gets
 */
export async function replaceFolder(target: string, build: (draft: string) => Promise<void>): Promise<void> {
  // Two processes that build the same would remove each other's.
  await withLock(`${target}.lock`, async () => {
    const draft = await emptyDraft(target);
    await build(draft);
    if (await holdsTheSame(draft, target)) return rm(draft, { recursive: true });
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
  });
}

/** A folder next to the target. An interrupted build may have left one. */
export async function emptyDraft(target: string): Promise<string> {
  const folder = `${target}.draft`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

// Larger files come from packages with a pinned version.
const COMPARED_BYTES = 20_000_000;

/** Whether two folders hold the same files; large ones are compared by size. */
async function holdsTheSame(one: string, other: string): Promise<boolean> {
  const filesOf = async (folder: string) => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = entries.filter((entry) => entry.isFile());
    return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
  };
  const [files, others] = await Promise.all([filesOf(one), filesOf(other)]);
  if (files.length !== others.length || files.some((file, index) => file !== others[index])) return false;
  for (const file of files) {
    const [mine, theirs] = await Promise.all([stat(join(one, file)), stat(join(other, file))]);
    if (mine.size !== theirs.size) return false;
    if (mine.size > COMPARED_BYTES) continue;
    const [content, otherContent] = await Promise.all([
      readFile(join(one, file)),
      readFile(join(other, file)),
    ]);
    if (!content.equals(otherContent)) return false;
  }
  return true;
}
