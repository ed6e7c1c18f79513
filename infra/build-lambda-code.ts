import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, cp, glob, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { duckdbVersion, type ExtensionName, fetchExtensions } from '../shared/duckdb/fetch-extensions.ts';
import { withLock } from '../shared/lock.mjs';

const run = promisify(execFile);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, '.cache');
const modules = join(root, 'node_modules');

/** The processor that the functions run on, in Lambda's words. */
export type LambdaArchitecture = 'arm64' | 'x86_64';

const platforms = {
  arm64: { npm: 'linux-arm64', duckdb: 'linux_arm64' },
  x86_64: { npm: 'linux-x64', duckdb: 'linux_amd64' },
} as const;

/**
 * Builds the one folder that all functions run from: the bundled handlers, DuckDB's client for the target processor, and the
 * extensions in use. What does not change (128 MB of DuckDB) is fetched once and kept in .cache.
 *
 * @param extensions those that the configured sources need: each has 40 MB
 * @returns path of the folder; the same content gives the same asset hash, so an unchanged one is not uploaded again
 */
export async function buildLambdaCode(
  architecture: LambdaArchitecture,
  extensions: readonly ExtensionName[],
): Promise<string> {
  const { npm, duckdb } = platforms[architecture];
  const [bindings, extensionFiles] = await Promise.all([
    fetchBindings(npm),
    fetchExtensions({ platform: duckdb, names: extensions, ifMissing: true }),
  ]);

  const target = join(cache, 'lambda', [architecture, ...extensions].join('-'));
  // Two processes that build the same would remove each other's.
  await withLock(`${target}.lock`, async () => {
    const draft = await emptyDraft(target);
    await bundleHandlers(draft);
    await copySql(draft);
    const duckdbModules = join(draft, 'node_modules', '@duckdb');
    const packages = ['node-api', 'node-bindings'].map((name) => join(modules, '@duckdb', name));
    for (const from of packages) await copyPackage(from, join(duckdbModules, basename(from)));
    await copyPackage(bindings, join(duckdbModules, `node-bindings-${npm}`));
    const extensionFolder = join(draft, 'extensions', duckdbVersion(), duckdb);
    await mkdir(extensionFolder, { recursive: true });
    for (const file of extensionFiles) await copyFile(file, join(extensionFolder, basename(file)));

    // Another process may be reading or running the one that is there.
    if (await holdsTheSame(draft, target)) return rm(draft, { recursive: true });
    // Replaced as a whole, so that an interrupted build is never deployed.
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
  });
  return target;
}

// What is larger comes from packages of a pinned version.
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

/** Only what is needed to run it. */
function copyPackage(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, filter: (path) => !/\.(d\.ts|map|md)$/.test(path) });
}

/** A folder next to the target. One that was broken off may have left it. */
async function emptyDraft(target: string): Promise<string> {
  const folder = `${target}.draft`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Modules that handlers import when they need them, which is rarely: each is its own file next to them, and not read before. */
const SELDOM: Readonly<Record<string, string>> = {
  'postgres-refusal': 'shared/source/postgres/postgres-refusal.ts',
  'mysql-refusal': 'shared/source/mysql/mysql-refusal.ts',
};

const leaveApart: Plugin = {
  name: 'leave-apart',
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ kind, path }) => {
      const name = basename(path, '.ts');
      const isApart = kind === 'dynamic-import' && Object.hasOwn(SELDOM, name);
      return isApart ? { path: `./${name}.mjs`, external: true } : undefined;
    });
  },
};

async function bundleHandlers(folder: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: {
      sync: 'functions/sync/handler.ts',
      extract: 'functions/extract/handler.ts',
      api: 'functions/api/handler.ts',
      watchdog: 'functions/watchdog/handler.ts',
      ...SELDOM,
    },
    plugins: [leaveApart],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    // The native client finds its library by its own folder, so it stays a package. pg does not need the other one.
    external: ['@duckdb/*', 'pg-native'],
    // CommonJS packages inside an ES module still ask for `require`.
    banner: {
      js: "import{createRequire as __ferryRequire}from'node:module';const require=__ferryRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

/** As modules name the SQL next to or below them. */
const SQL_FILE = /new URL\('(\.\/[^']+\.sql)', import\.meta\.url\)/g;

/** The handlers find their SQL by the paths that the modules have for it which they were bundled from: from the bundle's own folder now. */
async function copySql(folder: string): Promise<void> {
  const copied = new Map<string, string>();
  for await (const module of glob('shared/**/*.ts', { cwd: root })) {
    const text = await readFile(join(root, module), 'utf8');
    for (const [, path = ''] of text.matchAll(SQL_FILE)) {
      const from = join(root, dirname(module), path);
      const earlier = copied.get(path);
      if (earlier === from) continue;
      if (earlier !== undefined)
        throw new Error(`${earlier} and ${from} would become the same file of the bundle.`);
      copied.set(path, from);
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await copyFile(from, join(folder, path));
    }
  }
  const named = new Set(copied.values());
  for await (const file of glob('shared/**/*.sql', { cwd: root }))
    if (!named.has(join(root, file)))
      throw new Error(`No module reads ${file} in a way that the bundler recognises.`);
}

/**
 * DuckDB's client for another processor. npm would remove this machine's own when told to install it into the project
 * (docs/architecture.md, "Packages"), so the package is fetched and unpacked next to it.
 */
async function fetchBindings(platform: string): Promise<string> {
  const name = `@duckdb/node-bindings-${platform}`;
  const installed = join(modules, name);
  if (existsSync(installed)) return installed;
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const pinned = lock.packages[`node_modules/${name}`];
  if (!pinned) throw new Error(`${name} is not in package-lock.json.`);
  const target = join(cache, 'bindings', `${platform}-${pinned.version}`);
  if (existsSync(target)) return target;

  await withLock(`${target}.lock`, async () => {
    if (existsSync(target)) return;
    process.stderr.write(`Fetching ${name} ${pinned.version} …\n`);
    const draft = await emptyDraft(target);
    try {
      const { stdout } = await run(
        'npm',
        ['pack', `${name}@${pinned.version}`, '--silent', '--pack-destination', draft],
        { cwd: root },
      );
      const archive = join(draft, stdout.trim().split('\n').at(-1) ?? '');
      assertIntegrity(await readFile(archive), pinned.integrity, name);
      await run('tar', ['-xzf', archive, '-C', draft]);
      await rename(join(draft, 'package'), target);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
  return target;
}

function assertIntegrity(content: Uint8Array, integrity: string, name: string): void {
  const [algorithm = '', expected = ''] = integrity.split('-', 2);
  if (createHash(algorithm).update(content).digest('base64') !== expected) {
    throw new Error(`${name} is not what package-lock.json says it is.`);
  }
}
