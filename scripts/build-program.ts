// Bundles the command line for this machine. scripts/ferry.mjs runs it when Ferry's code has changed.
//
// usage: node scripts/build-program.ts FOLDER
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { bundleProgram } from '../infra/code/bundle-program.ts';
import { emptyDraft } from '../infra/code/replace-folder.ts';
import { withLock } from '../shared/lock.mjs';

/** Of earlier code, which a process may still run: it loads parts of it late. */
const KEPT = 3;

/** Builds the folder, unless another process has done so meanwhile, and removes the oldest of the folders beside it. */
async function buildProgram(folder: string): Promise<void> {
  await withLock(`${folder}.lock`, async () => {
    if (await stat(folder).catch(() => undefined)) return;
    const draft = await emptyDraft(folder);
    await bundleProgram(draft);
    await rename(draft, folder);
  });
  const beside = dirname(folder);
  const names = (await readdir(beside)).filter(
    (name) => /^[\da-f]+$/.test(name) && name !== basename(folder),
  );
  const dated = await Promise.all(
    names.map(async (name) => ({
      name,
      builtAt: (await stat(join(beside, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  const old = dated.sort((a, b) => b.builtAt - a.builtAt).slice(KEPT - 1);
  await Promise.all(old.map(({ name }) => rm(join(beside, name), { recursive: true, force: true })));
}

const [folder] = process.argv.slice(2);
if (folder === undefined || folder.startsWith('-')) {
  process.stderr.write('usage: node scripts/build-program.ts FOLDER\n');
  process.exitCode = 2;
} else await buildProgram(folder);
