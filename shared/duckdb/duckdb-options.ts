import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What a DuckDB instance may take. */
export interface DuckdbLimits {
  /** A private folder, in which it gets folders of its own. */
  folder: string;
  /** DuckDB's own limit, in bytes; what goes beyond spills to disk. */
  memoryLimitBytes: number;
  threads: number;
}

/**
 * Makes the folders of a DuckDB instance, and the settings of one that fetches nothing, keeps no secret and leaves nothing outside of
 * its folder. What it may read is closed off afterwards (docs/architecture.md, "Locking DuckDB down").
 */
export async function closedDuckdbOptions({
  folder,
  memoryLimitBytes,
  threads,
}: DuckdbLimits): Promise<Record<string, string>> {
  const home = join(folder, 'home');
  const spill = join(folder, 'spill');
  await Promise.all([home, spill].map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
  return {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
    allow_unredacted_secrets: 'false',
    // Lambda has no home directory, and nothing of a run may stay behind in one.
    home_directory: home,
    extension_directory: home,
    secret_directory: home,
    temp_directory: spill,
    threads: String(threads),
    memory_limit: `${Math.floor(memoryLimitBytes / 1_000_000)}MB`,
    // What keeps memory flat however long the result is; an ORDER BY is still honoured.
    preserve_insertion_order: 'false',
  };
}
