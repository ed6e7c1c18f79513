import { join } from 'node:path';
import { makeFolder } from '../make-folder.ts';

/** The resources that a DuckDB instance may use. */
export interface DuckdbLimits {
  /** A private folder for its files. */
  folder: string;
  /** DuckDB's own limit, in bytes; more than that spills to disk. */
  memoryLimitBytes: number;
  threads: number;
}

/**
 * Creates the folders of a DuckDB instance, and its settings: it downloads nothing, keeps no secrets and leaves nothing
 * outside its folder. A later step restricts what it may read (docs/architecture.md, "Locking DuckDB down").
 */
export async function closedDuckdbOptions({
  folder,
  memoryLimitBytes,
  threads,
}: DuckdbLimits): Promise<Record<string, string>> {
  const home = join(folder, 'home');
  const spill = join(folder, 'spill');
  await Promise.all([home, spill].map((path) => makeFolder(path, { mode: 0o700 })));
  return {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
    allow_unredacted_secrets: 'false',
    // Lambda has no home directory, and nothing of a run may remain in one.
    home_directory: home,
    extension_directory: home,
    secret_directory: home,
    temp_directory: spill,
    threads: String(threads),
    memory_limit: `${Math.floor(memoryLimitBytes / 1_000_000)}MB`,
    // This keeps memory flat for results of any size; an ORDER BY still works.
    preserve_insertion_order: 'false',
  };
}
