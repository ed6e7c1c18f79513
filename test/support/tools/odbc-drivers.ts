import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, globSync, realpathSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../processes/lock.ts';
import { type DebianPackages, downloadDebianPackages } from './install/debian-packages.ts';
import { cache } from './install/surroundings.ts';

const run = promisify(execFile);

/** The drivers that Ferry is tested with, and what they need beyond the machine's own C library. */
const PACKAGES: DebianPackages = {
  suite: 'bookworm',
  packages: ['unixodbc-common', 'libodbc2', 'libsqliteodbc', 'odbc-postgresql', 'odbc-mariadb'],
  without: ['gcc-12-base', 'libc6', 'libgcc-s1', 'libstdc++6', 'libcrypt1', 'mariadb-common', 'mysql-common'],
};

/** The files of the drivers. */
export const ODBC_DRIVERS = {
  sqlite: 'libsqlite3odbc.so',
  postgresql: 'psqlodbcw.so',
  mariadb: 'libmaodbc.so',
} as const;

/**
 * A folder with ODBC drivers, the driver manager and the libraries that they need, all in one place, as a person
 * prepares it for `drivers`. Fetched into `.cache` on first use; nothing is installed on the machine.
 */
export async function odbcDrivers(): Promise<string> {
  const id = createHash('sha256')
    // The number is that of the steps below; other packages change the hash by themselves.
    .update(JSON.stringify([2, PACKAGES]))
    .digest('hex')
    .slice(0, 12);
  const home = join(cache, 'odbc-drivers');
  const folder = join(home, `${process.arch}-${id}`);
  if (existsSync(folder)) return folder;
  await mkdir(home, { recursive: true });
  await withLock(`${home}.lock`, async () => {
    if (existsSync(folder)) return;
    process.stderr.write('Fetching ODBC drivers …\n');
    const draft = join(home, 'draft');
    // Of a process that was killed here.
    await rm(draft, { recursive: true, force: true });
    try {
      const unpacked = join(draft, 'unpacked');
      const flat = join(draft, 'flat');
      await mkdir(unpacked, { recursive: true });
      await mkdir(flat);
      for (const file of await downloadDebianPackages(PACKAGES, draft))
        await run('dpkg', ['-x', file, unpacked]);
      for (const path of globSync('{lib,usr/lib}/*-linux-gnu/{,odbc/,libmariadb3/plugin/}*.so*', {
        cwd: unpacked,
      }))
        copyFileSync(realpathSync(join(unpacked, path)), join(flat, basename(path)));
      await rename(flat, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
  return folder;
}
