import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { assertPinnedExtension } from '../../shared/duckdb/extension-hashes.ts';
import { duckdbVersion, type ExtensionName, fetchExtensions } from '../../shared/duckdb/fetch-extensions.ts';
import { withLock } from '../../shared/lock.mjs';
import { emptyDraft } from './replace-folder.ts';
import { root } from './root.ts';

const run = promisify(execFile);
const modules = join(root, 'node_modules');

/** The processor that code runs on, in Lambda's words. */
export type Architecture = 'arm64' | 'x86_64';

const platforms = {
  arm64: { npm: 'linux-arm64', duckdb: 'linux_arm64' },
  x86_64: { npm: 'linux-x64', duckdb: 'linux_amd64' },
} as const;

/** Puts files into a folder. */
export type CopyFiles = (folder: string) => Promise<void>;

/**
 * The native part of DuckDB's client for the target processor, and the extensions in use. The files that do not change (128 MB) are
 * fetched once and kept in .cache.
 *
 * @param extensions those that are needed; each is 40 MB
 * @returns copies them into a folder: the client to `node_modules`, the extensions to `extensions`
 */
export async function fetchDuckdb(
  architecture: Architecture,
  extensions: readonly ExtensionName[],
): Promise<CopyFiles> {
  const { npm, duckdb } = platforms[architecture];
  const [bindings, extensionFiles] = await Promise.all([
    fetchBindings(npm),
    fetchExtensions({ platform: duckdb, names: extensions, ifMissing: true }),
  ]);
  // They may have been in .cache for long.
  for (const [index, name] of extensions.entries())
    await assertPinnedExtension(extensionFiles[index] ?? '', {
      name,
      platform: duckdb,
      release: duckdbVersion(),
    });
  return async (folder) => {
    const duckdbModules = join(folder, 'node_modules', '@duckdb');
    await copyPackage(join(modules, '@duckdb', 'node-bindings'), join(duckdbModules, 'node-bindings'));
    await copyPackage(bindings, join(duckdbModules, `node-bindings-${npm}`));
    const extensionFolder = join(folder, 'extensions', duckdbVersion(), duckdb);
    await mkdir(extensionFolder, { recursive: true });
    for (const file of extensionFiles) await copyFile(file, join(extensionFolder, basename(file)));
  };
}

/** Only the files that are needed to run it. */
function copyPackage(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, filter: (path) => !/\.(d\.ts|map|md)$/.test(path) });
}

/**
 * DuckDB's client for another processor. Installing it into the project with npm would remove this machine's own
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
  const target = join(root, '.cache', 'bindings', `${platform}-${pinned.version}`);
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
