import { execFile } from 'node:child_process';
import { constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withLock } from './lock.ts';
import type { UnprivilegedUser } from './postgres-binaries.ts';

const run = promisify(execFile);
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The two servers that speak MySQL's protocol. */
export type MysqlFlavor = 'mariadb' | 'mysql';

/** A program and the arguments that come first. */
export type CommandStart = readonly [program: string, ...args: string[]];

/** How to run a server. Neither command reads the machine's option files. */
export interface MysqlBinaries {
  /** Such as `10.11.19-MariaDB-0+deb12u1`; a data folder fits one version. */
  version: string;
  /** Starts the server. */
  server: CommandStart;
  /** Fills a new data folder, in which `root@localhost` has no password. */
  createData: CommandStart;
}

/**
 * The server of a flavor, in a place where `user` can run it. MariaDB is the machine's own. MySQL, which Debian's releases
 * do not hold, is fetched from Debian's unstable branch into `.cache/mysql` on first use; parallel workers wait for one another.
 */
export async function mysqlBinaries(
  flavor: MysqlFlavor,
  user: UnprivilegedUser | undefined,
): Promise<MysqlBinaries> {
  return flavor === 'mariadb' ? machinesMariadb() : fetchedMysql(user);
}

async function machinesMariadb(): Promise<MysqlBinaries> {
  const server = findProgram('mariadbd');
  const createData = findProgram('mariadb-install-db');
  if (!server || !createData) {
    const missing = server ? 'mariadb-install-db' : 'mariadbd';
    throw new Error(`${missing} is needed for these tests (apt-get install mariadb-server)`);
  }
  const { stdout } = await run(server, ['--no-defaults', '--version']);
  return {
    version: /Ver (\S+)/.exec(stdout)?.[1] ?? stdout.trim(),
    server: [server, '--no-defaults'],
    createData: [
      createData,
      '--no-defaults',
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ],
  };
}

function findProgram(name: string): string | undefined {
  // Servers are in sbin, which is not on everybody's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

async function fetchedMysql(user: UnprivilegedUser | undefined): Promise<MysqlBinaries> {
  const folder = join(root, '.cache', 'mysql');
  const stamp = join(folder, `installed-${process.arch}`);
  const installed = () => {
    const name = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
    return name && existsSync(join(folder, name)) ? name : undefined;
  };
  let name = installed();
  if (!name) {
    await withLock(`${folder}.lock`, async () => {
      name = installed();
      if (name) return;
      name = await installMysql(folder);
      await writeFile(stamp, name);
    });
  }
  const version = name as string;
  const ours = join(folder, version);
  const home = (await canRun(ours, user)) ? ours : await copyForOthers(ours, user);
  const server = mysqlCommand(home);
  return { version, server, createData: [...server, '--initialize-insecure'] };
}

/** The server runs on the C library of the branch it was built in, not on this machine's: its own loader starts it. */
function mysqlCommand(home: string): CommandStart {
  const usr = join(home, 'usr');
  const libraries = readdirSync(join(usr, 'lib'))
    .map((name) => join(usr, 'lib', name))
    .find((folder) => existsSync(join(folder, 'libc.so.6')));
  const loader = libraries && readdirSync(libraries).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (!loader) throw new Error(`The unpacked MySQL holds no C library with a loader: ${home}`);
  return [
    join(libraries, loader),
    '--library-path',
    libraries,
    join(usr, 'sbin', 'mysqld'),
    '--no-defaults',
    `--basedir=${usr}`,
    `--plugin-dir=${join(usr, 'lib', 'mysql', 'plugin')}`,
    `--lc-messages-dir=${join(usr, 'share', 'mysql')}`,
    `--character-sets-dir=${join(usr, 'share', 'mysql', 'charsets')}`,
    // The folder that was built in does not exist here, and the server does not start without it.
    '--secure-file-priv=NULL',
  ];
}

async function canRun(home: string, user: UnprivilegedUser | undefined): Promise<boolean> {
  const [program, ...args] = mysqlCommand(home);
  return run(program, [...args, '--version'], { ...user, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

/** Installs MySQL with all it needs into a folder of `folder`, whose name it returns: the version and the processor. */
async function installMysql(folder: string): Promise<string> {
  const draft = join(folder, 'draft');
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    const packages = await downloadPackages(draft);
    const version = packages
      .map((file) => /^mysql-server-core_([^_]+)_/.exec(file)?.[1])
      .find((found) => found !== undefined);
    if (!version) throw new Error(`apt-get downloaded no mysql-server-core: ${packages.join(', ')}`);
    const home = join(draft, 'unpacked');
    for (const file of packages) await run('dpkg', ['-x', join(draft, 'archives', file), home]);
    // More than a third of it is programs and manuals that the server does without.
    for (const unused of ['usr/bin', 'usr/share/doc', 'usr/share/man', 'usr/share/perl']) {
      await rm(join(home, unused), { recursive: true, force: true });
    }
    const [program, ...args] = mysqlCommand(home);
    await run(program, [...args, '--version']);

    const name = `${decodeURIComponent(version)}-${process.arch}`.replaceAll(':', '-');
    await rm(join(folder, name), { recursive: true, force: true });
    await rename(home, join(folder, name));
    return name;
  } catch (error) {
    throw new Error(
      `MySQL could not be fetched from Debian's archive, for which apt-get and dpkg are needed: ${reason(error)}`,
      { cause: error },
    );
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Downloads `mysql-server-core` and every package it needs into `archives`; nothing counts as installed already. */
async function downloadPackages(draft: string): Promise<string[]> {
  const config = join(draft, 'apt.conf');
  const sources = join(draft, 'sources.list');
  for (const folder of ['lists/partial', 'archives/partial']) {
    await mkdir(join(draft, folder), { recursive: true });
  }
  await writeFile(join(draft, 'status'), '');
  // Read after the machine's own configuration, of which a proxy stays, and what would touch the machine goes.
  await writeFile(
    config,
    `Dir::State "${draft}";
Dir::State::lists "${draft}/lists";
Dir::State::status "${draft}/status";
Dir::Cache "${draft}";
Dir::Cache::archives "${draft}/archives";
Dir::Etc::sourcelist "${sources}";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Retries "2";
`,
  );

  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const signedBy = existsSync(keyring) ? `signed-by=${keyring} ` : '';
  const failures: string[] = [];
  for (const archive of await debianArchives()) {
    // Only the list of packages: no translations, no icons.
    await writeFile(sources, `deb [${signedBy}target=Packages] ${archive} sid main\n`);
    try {
      await run('apt-get', ['-c', config, '-qq', 'update']);
      const install = ['install', '--download-only', '--yes', 'mysql-server-core'];
      await run('apt-get', ['-c', config, '-qq', ...install]);
      return (await readdir(join(draft, 'archives'))).filter((file) => file.endsWith('.deb'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
      failures.push(`${archive}: ${reason(error)}`);
    }
  }
  throw new Error(failures.join('\n'));
}

/** Debian's archive as this machine reaches it, perhaps by a mirror. */
async function debianArchives(): Promise<string[]> {
  // Names the files that an update would fetch, without fetching any.
  const { stdout } = await run('apt-get', ['update', '--print-uris']);
  const own = [...stdout.matchAll(/^'(\S+?)\/dists\//gm)].map(([, archive]) => archive as string);
  const archives = new Set(own.filter((archive) => /debian/.test(archive) && !/security/.test(archive)));
  if (archives.size === 0) throw new Error("apt's sources name no archive of Debian's");
  return [...archives];
}

/** The project may lie below a home folder that only its owner can enter; the server's files then move out of it. */
async function copyForOthers(home: string, user: UnprivilegedUser | undefined): Promise<string> {
  const copy = join(tmpdir(), `ferry-mysql-${home.split('/').at(-1)}`);
  const isOurs = () => existsSync(copy) && statSync(copy).uid === process.getuid?.();
  // Somebody else could have put a program of theirs there.
  if (isOurs() && (await canRun(copy, user))) return copy;

  const draft = await mkdtemp(`${copy}-`);
  await cp(home, draft, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
  await run('chmod', ['-R', 'a+rX', draft]);
  try {
    await rename(draft, copy);
  } catch {
    // A parallel worker was faster: its copy is as good.
    await rm(draft, { recursive: true, force: true });
  }
  if (!isOurs() || !(await canRun(copy, user))) {
    throw new Error(`The user of the test server cannot run the MySQL in ${copy}`);
  }
  return copy;
}

function reason(error: unknown): string {
  const { stderr = '', message } = error as Error & { stderr?: string };
  return (stderr.trim() || message).split('\n').slice(-5).join('\n');
}
