import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

const MARK = 'FERRY_TEST_TMPDIR';
const prefix = `ferry-tests-${hostname()}-`;

/**
 * Gives a test run one temporary folder for all that it makes, and removes it at the end. A run that was killed could not: the next one
 * removes what is left of it. Its processes end on their own (bound-process.ts). Called by Vitest once for each project.
 */
export function setup(): void {
  if (process.env[MARK] !== undefined) return;
  removeLeftovers();
  const root = join(tmpdir(), `${prefix}${process.pid}`);
  mkdirSync(root, { recursive: true });
  // Servers run as a user of their own when the tests run as root.
  chmodSync(root, 0o711);
  process.env.TMPDIR = root;
  process.env[MARK] = root;
}

/** Called at the end of the whole run. */
export function teardown(): void {
  rmSync(String(process.env[MARK]), { recursive: true, force: true });
}

function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    const folder = join(tmpdir(), name);
    if (!Number.isInteger(pid) || isAlive(pid) || lstatSync(folder).uid !== process.getuid?.()) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
