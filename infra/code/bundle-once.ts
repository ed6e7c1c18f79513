import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withLock } from '../../shared/lock.mjs';
import { emptyDraft } from './replace-folder.ts';
import { root } from './root.ts';

/** Ferry's own files that go into bundles, or decide how they are made. */
const SOURCES = ['functions', 'shared', 'infra', 'package.json', 'tsconfig.json'];

// Beside the files of a bundle, so that both are kept, replaced and removed together.
const MADE_FROM = 'made-from';
const FILES = 'files';

/**
 * Copies a bundle into a folder. It is made when Ferry's code or packages have changed since it was last made, and kept
 * in .cache: every `cdk` command needs it, and making one takes seconds.
 *
 * @param name of the bundle, which is always made in the same way
 * @param make bundles into the empty folder that it gets
 * @param project folder of Ferry's code
 */
export async function bundleOnce(
  name: string,
  folder: string,
  make: (draft: string) => Promise<void>,
  project = root,
): Promise<void> {
  const kept = join(project, '.cache', 'bundles', name);
  await withLock(`${kept}.lock`, async () => {
    const state = await stateOfSources(project);
    if ((await readFile(join(kept, MADE_FROM), 'utf8').catch(() => '')) !== state) {
      const draft = await emptyDraft(kept);
      await mkdir(join(draft, FILES));
      await make(join(draft, FILES));
      await writeFile(join(draft, MADE_FROM), state);
      await rm(kept, { recursive: true, force: true });
      await rename(draft, kept);
    }
    await cp(join(kept, FILES), folder, { recursive: true });
  });
}

/** Changes with the content of Ferry's files, and whenever npm changes the packages that they can import. */
async function stateOfSources(project: string): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) await addContent(hash, join(project, source), source);
  for (let folder = project; ; folder = dirname(folder)) {
    // npm writes it with each installation.
    const installed = join(folder, 'node_modules', '.package-lock.json');
    const { mtimeMs, size } = await stat(installed).catch(() => ({ mtimeMs: 0, size: 0 }));
    hash.update(`${folder} ${mtimeMs} ${size}\n`);
    if (folder === dirname(folder)) return hash.digest('hex');
  }
}

async function addContent(hash: ReturnType<typeof createHash>, path: string, name: string): Promise<void> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EISDIR') return undefined;
    // A link to nothing, as Emacs makes one beside a file that is being edited, or what an editor has just removed.
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (content !== undefined) {
    hash.update(`${name} ${content.length}\n`).update(content);
    return;
  }
  for (const child of (await readdir(path)).sort())
    await addContent(hash, join(path, child), `${name}/${child}`);
}
