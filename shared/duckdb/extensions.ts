import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '@duckdb/node-api';
import { ConfigError } from '../errors.ts';

/** DuckDB's name for this machine's platform, as in its extension folders. */
export function duckdbPlatform(): string {
  const system =
    process.platform === 'darwin' ? 'osx' : process.platform === 'win32' ? 'windows' : process.platform;
  return `${system}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
}

/**
 * Finds the file of a DuckDB extension. It never downloads: `npm run extensions` fetches the files, or they come with
 * the deployed code.
 *
 * @param folders where to look; the first match wins. Both flat folders and `v1.5.5/linux_amd64` below them are
 *   searched
 * @throws ConfigError with the command that fetches it
 */
export function findExtension(name: string, folders: readonly string[]): string {
  const file = `${name}.duckdb_extension`;
  const candidates = folders.flatMap((folder) => [
    join(folder, version(), duckdbPlatform(), file),
    join(folder, file),
  ]);
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found) return found;
  throw new ConfigError(`DuckDB's extension ${name} ${version()} for ${duckdbPlatform()} is not installed.`, {
    hint: 'Download it with: npm run extensions',
  });
}
