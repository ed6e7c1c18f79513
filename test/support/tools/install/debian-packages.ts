import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../processes/lock.ts';
import { cache, reason } from './surroundings.ts';

const run = promisify(execFile);

/** Packages of Debian's. */
export interface DebianPackages {
  /** The release to take them from, whatever this machine runs: the same version is tested everywhere. */
  suite: 'bookworm' | 'sid';
  packages: readonly [string, ...string[]];
  /** Packages that these ask for and that nothing of what is run needs; not downloaded. */
  without?: readonly string[];
}

const HOUR = 3_600_000;
// Setting a package up needs these, and nothing is set up here.
const SET_UP = [
  'adduser',
  'debconf',
  'init-system-helpers',
  'lsb-base',
  'perl',
  'perl-base',
  'procps',
  'ucf',
];

/**
 * Downloads packages and every package that they need, with an apt configuration of its own: nothing is installed into the system, and
 * nothing that is installed there counts. Neither root nor Debian is needed: apt-get is.
 *
 * @param folder an existing folder
 * @returns the paths of the packages
 */
export async function downloadDebianPackages(wanted: DebianPackages, folder: string): Promise<string[]> {
  const { suite, packages, without = [] } = wanted;
  const lists = join(cache, 'debian', suite);
  await mkdir(join(folder, 'archives', 'partial'), { recursive: true });
  const keys = await debiansKeys(folder);
  const config = await writeConfiguration(folder, lists, keys, [...SET_UP, ...without]);
  // The list of a release is used by all tools that come from it.
  return withLock(`${lists}.lock`, async () => {
    const failures: string[] = [];
    for (const archive of await debianArchives()) {
      try {
        await update(config, lists, folder, archive, suite);
        await run('apt-get', ['-c', config, '-qq', 'install', '--download-only', '--yes', ...packages]);
        const archives = join(folder, 'archives');
        const files = (await readdir(archives)).filter((file) => file.endsWith('.deb'));
        return files.map((file) => join(archives, file));
      } catch (error) {
        await rm(lists, { recursive: true, force: true });
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
        failures.push(`${archive}: ${reason(error)}`);
      }
    }
    throw new Error(failures.join('\n'));
  });
}

/** Of a package's file, such as `10.11.19-0+deb12u1`. */
export function versionOfPackage(files: readonly string[], name: string): string | undefined {
  const version = files
    .map((file) => /([^/_]+)_([^/_]+)_[^/]+$/.exec(file))
    .find((found) => found?.[1] === name)?.[2];
  // Without the epoch, which is `1%3a`.
  return version && decodeURIComponent(version).replace(/^\d+:/, '');
}

async function writeConfiguration(
  folder: string,
  lists: string,
  keys: string,
  present: string[],
): Promise<string> {
  await writeFile(join(folder, 'status'), present.map(asInstalled).join('\n'));
  const config = join(folder, 'apt.conf');
  await writeFile(
    config,
    `${ownState(folder, lists)}
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::trusted "${keys}";
Dir::Etc::trustedparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
`,
  );
  return config;
}

/** Configuration that is read after the machine's own, of which a proxy stays, and what would touch the machine goes. */
function ownState(folder: string, lists: string): string {
  return `Dir::State "${folder}";
Dir::State::lists "${lists}";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}";
Dir::Cache::archives "${folder}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Acquire::Retries "2";
`;
}

/** In dpkg's list of what is installed. */
function asInstalled(name: string): string {
  return `Package: ${name}
Status: install ok installed
Maintainer: nobody
Architecture: all
Multi-Arch: allowed
Version: 9999
Description: not needed here
`;
}

/** Fetches the list of a release's packages unless that was done within the hour. */
async function update(
  config: string,
  lists: string,
  folder: string,
  archive: string,
  suite: string,
): Promise<void> {
  // Only the list of packages: no translations, no icons.
  await writeFile(join(folder, 'sources.list'), `deb [target=Packages] ${archive} ${suite} main\n`);
  const stamp = join(lists, `ferry-${encodeURIComponent(archive)}`);
  const updated = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Date.now() - updated < HOUR) return;
  await mkdir(join(lists, 'partial'), { recursive: true });
  await run('apt-get', ['-c', config, '-qq', 'update']);
  await writeFile(stamp, '');
}

/** Debian's archive as this machine reaches it, perhaps by a mirror; another distribution's sources do not name it. */
async function debianArchives(): Promise<string[]> {
  // Names the files that an update would fetch, without fetching any.
  const { stdout } = await run('apt-get', ['update', '--print-uris']);
  const own = [...stdout.matchAll(/^'(\S+?)\/dists\//gm)].map(([, archive]) => archive as string);
  const mirrors = own.filter((archive) => /debian/.test(archive) && !/security/.test(archive));
  const { FERRY_TEST_DEBIAN_URL: named } = process.env;
  const archives = new Set([...(named ? [named] : []), ...mirrors]);
  if (archives.size === 0)
    throw new Error("apt's sources name no archive of Debian: set FERRY_TEST_DEBIAN_URL to one");
  return [...archives];
}

/** The keys that Debian's archive is signed with. Another distribution has them in a package, which its own keys vouch for. */
async function debiansKeys(folder: string): Promise<string> {
  const names = ['debian-archive-keyring.gpg', 'debian-archive-keyring.pgp'];
  const find = (root: string) =>
    names.map((name) => join(root, 'usr/share/keyrings', name)).find((file) => existsSync(file));
  const known = find('/');
  if (known) return known;
  // The machine's own sources, with lists of our own: those of the machine may be empty, and only root could fill them.
  const draft = join(folder, 'keys');
  const config = join(draft, 'apt.conf');
  await mkdir(join(draft, 'lists', 'partial'), { recursive: true });
  await writeFile(join(draft, 'status'), '');
  await writeFile(config, ownState(draft, join(draft, 'lists')));
  const apt = (...args: string[]) => run('apt-get', ['-c', config, '-qq', ...args], { cwd: draft });
  await apt('update');
  await apt('download', 'debian-archive-keyring');
  const file = (await readdir(draft)).find((name) => /^debian-archive-keyring_.*\.deb$/.test(name));
  await run('dpkg', ['-x', join(draft, file ?? ''), draft]);
  const fetched = find(draft);
  if (!fetched) throw new Error('The package debian-archive-keyring holds no keyring');
  return fetched;
}
