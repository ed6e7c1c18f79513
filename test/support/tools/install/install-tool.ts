import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withLock } from '../../processes/lock.ts';
import { type Tool, urlVariable } from '../tool.ts';
import { downloadDebianPackages, versionOfPackage } from './debian-packages.ts';
import { startByOwnLoader } from './loader-scripts.ts';
import { PATCHELF } from './patchelf.ts';
import { cache } from './surroundings.ts';

const run = promisify(execFile);
// Another number when something else is made of the same packages.
const FORM = 1;
// The same for programs that name their libraries' place.
const PATHS_FORM = 2;
const NEVER_READ = ['doc', 'i18n', 'info', 'lintian', 'locale', 'man', 'perl', 'perl5'].map(
  (name) => `usr/share/${name}`,
);

/** A tool in `.cache`. */
export interface CachedTool {
  /** An absolute path. */
  folder: string;
  /** The same for the same content, on all machines of this kind. */
  id: string;
  /** Where each command is in the folder. */
  programs: Record<string, string>;
}

/** Fetches a tool into its folder in `.cache`, unless it is there. Parallel processes wait for one another. */
export async function installTool(tool: Tool): Promise<CachedTool> {
  const home = join(cache, tool.name);
  const record = join(home, `installed-${process.arch}.json`);
  const url = process.env[urlVariable(tool)];
  // Programs that name their libraries' place do so with this folder's: a copy of it elsewhere is another one.
  const place = tool.restartsItself ? [home, PATHS_FORM] : [];
  const origin = hashOf([FORM, url ?? tool.debian, tool.programs, ...place]);
  const installed = (): CachedTool | undefined => {
    if (!existsSync(record)) return undefined;
    const { id, programs, ...last } = JSON.parse(readFileSync(record, 'utf8'));
    const folder = join(home, id);
    return last.origin === origin && existsSync(folder) ? { folder, id, programs } : undefined;
  };
  const install = async (): Promise<CachedTool> => {
    process.stderr.write(`Fetching ${tool.title} …\n`);
    const draft = join(home, 'draft');
    // Of a process that was killed here.
    await rm(draft, { recursive: true, force: true });
    try {
      const root = join(draft, 'unpacked');
      await mkdir(root, { recursive: true });
      const version = url ? await unpackArchive(url, draft, root) : await unpackPackages(tool, draft, root);
      const programs = findPrograms(tool, root);
      const id = `${version}-${process.arch}-${origin}`;
      const folder = join(home, id);
      if (tool.restartsItself && !url) await nameLibraries(root, folder, Object.values(programs));
      await rm(folder, { recursive: true, force: true });
      await rename(root, folder);
      await writeFile(`${record}.draft`, JSON.stringify({ origin, id, programs }));
      await rename(`${record}.draft`, record);
      return { folder, id, programs };
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  };
  return installed() ?? withLock(`${home}.lock`, () => installed() ?? install());
}

/** Returns the version of the first of the packages. */
async function unpackPackages(tool: Tool, draft: string, root: string): Promise<string> {
  const { packages, unused = [], kept = [] } = tool.debian;
  const files = await downloadDebianPackages(tool.debian, draft);
  const version = versionOfPackage(files, packages[0]);
  if (!version) throw new Error(`apt-get downloaded no ${packages[0]}: ${files.join(', ')}`);
  for (const file of files) await run('dpkg', ['-x', file, root]);
  const programs = Object.values(findPrograms(tool, root));
  // Much of a package is other programs and manuals.
  const others = globSync('{usr/,}{bin,sbin}/*', { cwd: root });
  const needless = [...NEVER_READ, ...unused, ...others.filter((path) => !programs.includes(path))];
  for (const path of needless.filter((each) => !kept.includes(each)))
    await rm(join(root, path), { recursive: true, force: true });
  if (!tool.restartsItself) startByOwnLoader(root, programs);
  return version.replaceAll(/[^\w.+~-]/g, '-');
}

/**
 * Writes into programs where the packages' libraries will be, so that the machine's loader finds them there: without a variable, and for
 * a program that is started from a copy in memory.
 */
async function nameLibraries(root: string, folder: string, programs: readonly string[]): Promise<void> {
  const folders = globSync('{lib,usr/lib}/*-linux-gnu*', { cwd: root });
  if (folders.length === 0) return;
  const { folder: patchelfFolder, programs: found } = await installTool(PATCHELF);
  const patchelf = join(patchelfFolder, found.patchelf as string);
  const path = folders.map((each) => join(folder, each)).join(':');
  // The older kind of path counts for the libraries of libraries too.
  for (const program of programs)
    await run(patchelf, ['--force-rpath', '--set-rpath', path, join(root, program)]);
  // A library that names a folder of the machine looks nowhere else, not even where its program does.
  const libraries = globSync(
    folders.map((each) => `${each}/**/*.so*`),
    { cwd: root, withFileTypes: true },
  );
  for (const library of libraries.filter((entry) => entry.isFile())) {
    const file = join(library.parentPath, library.name);
    const named = await run(patchelf, ['--print-rpath', file]).catch(() => ({ stdout: '' }));
    const own = named.stdout
      .trim()
      .split(':')
      .filter((each) => each.startsWith('/'));
    if (own.length === 0) continue;
    const places = own.map((each) => join(folder, each));
    await run(patchelf, ['--force-rpath', '--set-rpath', [...places, path].join(':'), file]);
  }
}

/** Anything that the machine's tar reads. */
async function unpackArchive(url: string, draft: string, root: string): Promise<string> {
  let file = url.startsWith('file:') ? fileURLToPath(url) : url;
  if (/^https?:/.test(url)) {
    file = join(draft, 'archive');
    const response = await fetch(url);
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
  }
  const unpacked = join(draft, 'archive-unpacked');
  await mkdir(unpacked);
  await run('tar', ['-xf', file, '-C', unpacked]);
  // Makers put all of it into one folder, which is named after the version.
  const [first = '', ...others] = await readdir(unpacked);
  const isWrapped = others.length === 0 && existsSync(join(unpacked, first, '.')) && first !== 'usr';
  await rename(isWrapped ? join(unpacked, first) : unpacked, root);
  // Another content has another name, as copies of it may still be about.
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return `archive-${hash.digest('hex').slice(0, 12)}`;
}

function findPrograms({ programs, files = [], title }: Tool, root: string): Record<string, string> {
  const missing = (name: string) => new Error(`What was fetched for ${title} holds no ${name}`);
  const file = files.find((path) => !existsSync(join(root, path)));
  if (file) throw missing(file);
  const found: Record<string, string> = {};
  for (const name of programs) {
    for (const path of globSync(`**/${name}`, { cwd: root })) {
      const stats = statSync(join(root, path), { throwIfNoEntry: false });
      if (stats?.isFile() && (stats.mode & 0o111) !== 0) found[name] ??= path;
    }
    if (!found[name]) throw missing(name);
  }
  return found;
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}
