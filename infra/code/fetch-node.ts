import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../shared/lock.mjs';
import { emptyDraft } from './replace-folder.ts';
import { root } from './root.ts';

const run = promisify(execFile);

/**
 * Node's own build for Linux on a processor: the installed package `node` if it is for that one, else the package that
 * it consists of, fetched once into `.cache`.
 *
 * @param processor as in `process.arch`
 * @returns the path of the program
 */
export async function fetchNode(processor: 'arm64' | 'x64'): Promise<string> {
  const installed = join(root, 'node_modules', 'node');
  const { version } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  if (process.platform === 'linux' && process.arch === processor) return join(installed, 'bin', 'node');
  const target = join(root, '.cache', processor, `node-${version}`);
  const binary = join(target, 'bin', 'node');
  if (existsSync(binary)) return binary;
  await withLock(`${target}.lock`, async () => {
    if (existsSync(binary)) return;
    const draft = await emptyDraft(target);
    try {
      const name = `node-linux-${processor}@${version}`;
      const { stdout } = await run('npm', ['pack', name, '--silent', '--pack-destination', draft]);
      await run('tar', ['-xzf', join(draft, stdout.trim()), '-C', draft]);
      await rename(join(draft, 'package'), target);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
  return binary;
}
