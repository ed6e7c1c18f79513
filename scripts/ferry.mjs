#!/usr/bin/env -S node --min-semi-space-size=2 --max-semi-space-size=8
// Starts the command line from a bundle of it, which starts in a fraction of the time that its modules take. The bundle
// is made on first use, and again when the code has changed. Plain JavaScript, because it must start fast.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** All that the bundle is made from. */
const SOURCES = ['cli', 'console', 'shared', 'infra/code', 'package-lock.json', 'package.json'];
const OLDEST_NODE = 24;

/** Changes when a file is added, changed, or removed. */
function stateOfSources() {
  const hash = createHash('sha256');
  for (const source of SOURCES) addState(hash, root, source);
  return hash.digest('hex').slice(0, 16);
}

/** Goes through the folders itself: to list them recursively takes Node twice as long. */
function addState(hash, folder, name) {
  const path = `${folder}/${name}`;
  // A link to nothing, as Emacs makes one beside a file that is being edited, or what an editor has just removed.
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (stats.isDirectory()) for (const child of readdirSync(path).sort()) addState(hash, path, child);
  else hash.update(`${path} ${stats.mtimeMs} ${stats.size}\n`);
}

function build(folder) {
  const script = join(root, 'scripts', 'build-program.ts');
  const { status } = spawnSync(process.execPath, [script, folder], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status || 1);
}

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  // Called without npm, on the machine's own Node: bootstrap.mjs finds the right one. It takes over this process, so that
  // a signal reaches the run, and a shell waits until the run has ended.
  const self = fileURLToPath(import.meta.url);
  const node = ['node', '--min-semi-space-size=2', '--max-semi-space-size=8', self];
  const args = ['--extensions', ...node, ...process.argv.slice(2)];
  process.argv = [process.execPath, join(root, 'scripts', 'bootstrap.mjs'), ...args];
  process.env.INIT_CWD ??= process.cwd();
  await import('./bootstrap.mjs');
} else {
  const folder = join(root, '.cache', 'program', stateOfSources());
  if (!existsSync(folder)) build(folder);
  // The folder of npm's scripts (bootstrap.mjs), which have it in the environment.
  module.enableCompileCache(join(root, 'node_modules', '.cache', 'compiled'));
  await import(pathToFileURL(join(folder, 'ferry.mjs')).href);
}
