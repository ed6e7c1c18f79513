import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** LocalStack has syntax of Python 3.12. */
const VERSIONS = ['3.13', '3.12'];

/**
 * The path of a Python that LocalStack runs on: named by `FERRY_TEST_PYTHON_313`, on PATH, or of pyenv. Undefined where
 * there is none; Debian 12 has 3.11.
 */
export function findNewerPython(): string | undefined {
  const { FERRY_TEST_PYTHON_313: given, PYENV_ROOT: pyenv = join(homedir(), '.pyenv') } = process.env;
  if (given) return given;
  const candidates = VERSIONS.flatMap((version) => [
    `python${version}`,
    ...globSync(`${join(pyenv, 'versions')}/${version}.*/bin/python3`),
  ]);
  for (const command of candidates) {
    try {
      // A shim of pyenv exists, and fails, for versions that are not chosen.
      const print = ['-c', 'import sys; print(sys.executable)'];
      return execFileSync(command, print, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      // The next one.
    }
  }
  return undefined;
}
