import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdtempSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withLock } from '../processes/lock.ts';
import type { UnprivilegedUser } from './postgres-binaries.ts';

const run = promisify(execFile);

/** The project's `.cache`, which holds what is made or fetched once. */
export const cacheFolder = join(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))), '.cache');

/** How the data folder of a new server is made. */
export interface DataTemplate {
  /** Where templates of this kind are kept. */
  folder: string;
  /** The beginning of the template's name. */
  name: string;
  /** All that decides what the data are like: the version and the arguments. A change of it makes another template. */
  madeFrom: readonly string[];
  serverUser: UnprivilegedUser | undefined;
  /** Fills `dataFolder`, which does not exist yet, inside `folder`, both of the server's user. */
  make(dataFolder: string, folder: string): Promise<void>;
}

/**
 * The data folder of a new server, made on first use and copied from then on: to make one takes seconds, to copy one does not.
 * Parallel workers wait for one another.
 *
 * @returns its path
 * @throws Error with the end of what the server's program printed
 */
export async function dataTemplate({
  folder,
  name,
  madeFrom,
  serverUser,
  make,
}: DataTemplate): Promise<string> {
  const hash = createHash('sha256').update(madeFrom.join('\n')).digest('hex').slice(0, 12);
  const template = join(folder, `${name}-${hash}`);
  if (existsSync(template)) return template;
  await withLock(`${template}.lock`, async () => {
    if (existsSync(template)) return;
    const temporary = temporaryFolder('ferry-template-', serverUser);
    const dataFolder = join(temporary, 'data');
    const draft = `${template}.draft`;
    try {
      await make(dataFolder, temporary);
      await rm(draft, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      await cp(dataFolder, draft, { recursive: true });
      await rename(draft, template);
    } catch (cause) {
      const { stderr = '', stdout = '', message } = cause as Error & { stderr?: string; stdout?: string };
      const log = [stdout, stderr].join('\n').trim().split('\n').slice(-20).join('\n');
      throw new Error(`The data of a test server could not be made: ${log || message}`, { cause });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
  return template;
}

/** Copies a template to `dataFolder`, for the server's user alone. */
export async function copyData(
  template: string,
  dataFolder: string,
  serverUser: UnprivilegedUser | undefined,
): Promise<void> {
  // Twice as fast as Node's own function. A shell starts the second program, because it is smaller than this process.
  const owner = serverUser ? `${serverUser.uid}:${serverUser.gid}` : '';
  const script = 'cp -R "$1" "$2" && chmod 700 "$2" && { [ -z "$3" ] || chown -R "$3" "$2"; }';
  await run('sh', ['-c', script, 'sh', template, dataFolder, owner]);
}

/** A new folder that only the server's user can enter. A socket in it needs a short path (107 bytes), so it is never in the project. */
export function temporaryFolder(prefix: string, serverUser: UnprivilegedUser | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o700);
  if (serverUser) chownSync(folder, serverUser.uid, serverUser.gid);
  return folder;
}
