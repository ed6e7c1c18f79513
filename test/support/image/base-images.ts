import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { downloadDebianPackages } from '../tools/install/debian-packages.ts';
import { cache } from '../tools/install/surroundings.ts';

const run = promisify(execFile);

/** What a base without a shell holds: the C library and that of C++. */
const BASE = ['libc6', 'libgcc-s1', 'libstdc++6'] as const;
/** What the first stage needs besides: a shell, its commands, time zones. */
const BUILD_BASE = ['dash', 'coreutils', 'tzdata'] as const;
const PEOPLES = ['bug', 'doc', 'lintian', 'locale', 'man', 'perl5'];

/**
 * The root folders of the two base images, unpacked from Debian's packages. Node comes from this project's packages.
 *
 * @param folder they are made in it
 */
export async function makeBaseFolders(folder: string): Promise<{ base: string; buildBase: string }> {
  const [base, buildBase] = [join(folder, 'base'), join(folder, 'build-base')];
  const download = join(cache, 'base-packages');
  await mkdir(download, { recursive: true });
  const files = await downloadDebianPackages(
    {
      suite: 'bookworm',
      packages: [...BASE, ...BUILD_BASE],
      without: ['debianutils', 'dpkg', 'tar'],
    },
    download,
  );
  for (const root of [base, buildBase]) {
    await mkdir(join(root, 'tmp'), { recursive: true });
    await chmod(join(root, 'tmp'), 0o1777);
  }
  for (const file of files) {
    await run('dpkg', ['-x', file, buildBase]);
    if (BASE.some((name) => basename(file).startsWith(`${name}_`))) await run('dpkg', ['-x', file, base]);
  }
  for (const root of [base, buildBase])
    for (const name of PEOPLES) await rm(join(root, 'usr/share', name), { recursive: true, force: true });
  await copyFile(process.execPath, join(buildBase, 'usr/bin/node'));
  return { base, buildBase };
}
