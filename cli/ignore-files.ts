import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../shared/errors.ts';

/**
 * Adds patterns to the .gitignore of a folder, unless it has them: the state and the secrets are not to be committed.
 *
 * @throws ConfigError when it cannot be written
 */
export async function keepOutOfVersionControl(folder: string, patterns: readonly string[]): Promise<void> {
  const path = join(folder, '.gitignore');
  const present = await readFile(path, 'utf8').catch(() => '');
  const known = new Set(present.split('\n').map((line) => line.trim()));
  const missing = patterns.filter((pattern) => !known.has(pattern));
  if (missing.length === 0) return;
  const start = present === '' || present.endsWith('\n') ? present : `${present}\n`;
  try {
    await writeFile(path, `${start}${missing.join('\n')}\n`);
  } catch (error) {
    throw new ConfigError(`${path} cannot be written.`, { cause: error });
  }
}
