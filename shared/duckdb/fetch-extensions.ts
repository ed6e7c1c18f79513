// Fetches the DuckDB extensions that read sources, so that nothing is downloaded when a job runs. Each must have its pinned
// hash (extension-hashes.ts); DuckDB checks its signature besides, at LOAD.
import { execFile } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { withLock } from '../lock.mjs';
import { makeFolder } from '../make-folder.ts';
import { assertPinnedExtension } from './extension-hashes.ts';

const run = promisify(execFile);
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The platforms that an extension can be fetched for, in DuckDB's words. */
export const EXTENSION_PLATFORMS = ['linux_amd64', 'linux_arm64', 'osx_amd64', 'osx_arm64'] as const;
/** One of {@link EXTENSION_PLATFORMS}. */
export type ExtensionPlatform = (typeof EXTENSION_PLATFORMS)[number];

/** The extensions that a job can need: one for each type of source. */
export const EXTENSION_NAMES = ['postgres_scanner', 'mysql_scanner', 'odbc_scanner'] as const;
/** One of {@link EXTENSION_NAMES}. */
export type ExtensionName = (typeof EXTENSION_NAMES)[number];

/** Where an extension is fetched from: DuckDB's own repository or the wheels on PyPI. */
export type ExtensionOrigin = 'duckdb' | 'pypi';

/** What {@link fetchExtensions} is to fetch. */
export interface FetchExtensionsOptions {
  platform: ExtensionPlatform;
  /** @default all of {@link EXTENSION_NAMES} */
  names?: readonly ExtensionName[];
  /** Keeps files that exist. @default false */
  ifMissing?: boolean;
  /** The only place to ask. @default DuckDB's repository first, then PyPI */
  from?: ExtensionOrigin;
}

// A wheel is chosen by its tags, so every tag it may have been built with is offered; pip adds the older ones itself.
const wheelTags: Record<ExtensionPlatform, string[]> = {
  linux_amd64: ['manylinux2014_x86_64', 'manylinux_2_28_x86_64'],
  linux_arm64: ['manylinux2014_aarch64', 'manylinux_2_28_aarch64'],
  osx_amd64: ['macosx_12_0_x86_64', 'macosx_15_0_x86_64'],
  osx_arm64: ['macosx_12_0_arm64', 'macosx_15_0_arm64'],
};

/** The release of DuckDB that the pinned client brings, such as `v1.5.5`: extensions fit exactly one release. */
export function duckdbVersion(): string {
  const manifest = join(root, 'node_modules', '@duckdb', 'node-api', 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return `v${version.replace(/-r\.\d+$/, '')}`;
}

/** The platform of this machine, in DuckDB's words. */
export function currentPlatform(): ExtensionPlatform {
  const system = { linux: 'linux', darwin: 'osx' }[process.platform as string];
  const processor = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (!system || !processor) {
    throw new Error(`DuckDB's extensions are not fetched for ${process.platform}-${process.arch}`);
  }
  return `${system}_${processor}` as ExtensionPlatform;
}

/** The folder that holds the extensions for a platform, whether or not they have been fetched. */
export function extensionsFolder(platform: ExtensionPlatform = currentPlatform()): string {
  return join(root, '.cache', 'extensions', duckdbVersion(), platform);
}

/**
 * Fetches extensions into {@link extensionsFolder} and returns their paths, in the order of the names.
 * A file is complete as soon as it exists, because it is renamed into place.
 */
export async function fetchExtensions(options: FetchExtensionsOptions): Promise<string[]> {
  const { platform, names = EXTENSION_NAMES, ifMissing = false, from } = options;
  const origins = new Set<ExtensionOrigin>(from ? [from] : ['duckdb', 'pypi']);
  const failures: string[] = [];
  const paths: string[] = [];
  for (const name of names) {
    const target = join(extensionsFolder(platform), `${name}.duckdb_extension`);
    paths.push(target);
    const isThere = () => ifMissing && existsSync(target);
    if (isThere()) continue;
    // When two processes need it, the second one waits and finds it.
    await withLock(`${target}.lock`, async () => {
      if (!isThere()) await fetchOne(name, platform, target, origins, failures);
    });
  }
  return paths;
}

/** Tries the origins in turn. One that fails is not asked again for the next file, which keeps a failure short. */
async function fetchOne(
  name: ExtensionName,
  platform: ExtensionPlatform,
  target: string,
  origins: Set<ExtensionOrigin>,
  failures: string[],
): Promise<void> {
  // Next to the target, because a rename is only atomic within one file system. An interrupted fetch may have left one.
  const folder = join(dirname(target), `.${name}-draft`);
  await rm(folder, { recursive: true, force: true });
  await makeFolder(folder);
  try {
    for (const origin of origins) {
      try {
        const file = await (origin === 'duckdb' ? fromDuckdb : fromPypi)(name, platform, folder);
        await assertPinnedExtension(file, { name, platform, release: duckdbVersion() });
        await rename(file, target);
        const megabytes = ((await stat(target)).size / 1e6).toFixed(1);
        process.stderr.write(`${name} ${duckdbVersion()} for ${platform}: ${megabytes} MB, from ${origin}\n`);
        return;
      } catch (error) {
        origins.delete(origin);
        failures.push(`  ${origin}: ${(error as Error).message}`);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  throw new Error(`DuckDB's extension ${name} could not be fetched for ${platform}:\n${failures.join('\n')}`);
}

async function fromDuckdb(name: ExtensionName, platform: ExtensionPlatform, folder: string): Promise<string> {
  const url = `https://extensions.duckdb.org/${duckdbVersion()}/${platform}/${name}.duckdb_extension.gz`;
  const file = join(folder, `${name}.duckdb_extension`);
  const abort = new AbortController();
  // The limit is on silence, not on the whole transfer: an unreachable host fails fast, while a slow line may take its
  // time.
  const silence = setTimeout(() => abort.abort(new Error('no answer for 5 seconds')), 5_000);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    const body = Readable.fromWeb(response.body);
    body.on('data', () => silence.refresh());
    await pipeline(body, createGunzip(), createWriteStream(file), { signal: abort.signal });
    return file;
  } catch (error) {
    const reason = abort.signal.aborted ? abort.signal.reason : ((error as Error).cause ?? error);
    throw new Error(`${url}: ${(reason as Error).message}`);
  } finally {
    clearTimeout(silence);
  }
}

async function fromPypi(name: ExtensionName, platform: ExtensionPlatform, folder: string): Promise<string> {
  const version = duckdbVersion();
  const requirement = `duckdb-extension-${name.replace('_', '-')}==${version.slice(1)}`;
  const tags = wheelTags[platform].flatMap((tag) => ['--platform', tag]);
  const wheels = join(folder, 'wheels');
  const download = ['download', '--quiet', '--no-deps', '--only-binary=:all:', ...tags, '-d', wheels];
  await python(['-m', 'pip', ...download, '--disable-pip-version-check', requirement]);
  const [wheel] = await readdir(wheels);
  if (!wheel) throw new Error(`pip downloaded nothing for ${requirement}`);
  await python(['-m', 'zipfile', '-e', join(wheels, wheel), folder]);
  const unpacked = [`duckdb_extension_${name}`, 'extensions', version, `${name}.duckdb_extension`];
  return join(folder, ...unpacked);
}

async function python(args: string[]): Promise<void> {
  try {
    await run('python3', args);
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') throw new Error('python3 with pip is not installed (apt-get install python3-pip)');
    const lines = stderr.trim().split('\n');
    throw new Error(lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? String(error));
  }
}
