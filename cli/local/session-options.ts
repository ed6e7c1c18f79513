import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { memoryBesideRuntime } from '../../shared/duckdb/memory-beside-runtime.ts';
import type { SessionOptions } from '../../shared/source/sessions/session.ts';
import type { CliContext } from '../cli-context.ts';
import { duckdbMemory } from './duckdb-memory.ts';

/** Where `npm run extensions` puts DuckDB's extensions. */
export const PROJECT_EXTENSIONS = join(projectFolder(), '.cache', 'extensions');

/** The folder of package.json above the one that this runs from: of the modules, or of their bundle. */
function projectFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

/**
 * What DuckDB may take in a process that is there for nothing else, in bytes: of a container's memory three quarters,
 * less what the runtime needs. Without a limit, as on a laptop.
 */
export function serverMemoryLimit(constrained: number = process.constrainedMemory()): number {
  if (constrained <= 0 || constrained >= totalmem()) return duckdbMemory();
  return Math.max(128, Math.min(8_000, memoryBesideRuntime(constrained / 1_000_000))) * 1_000_000;
}

/** The settings that every command gives to its sessions. */
export function sessionOptions({ environment, signal }: CliContext): Pick<
  SessionOptions,
  'extensionFolders' | 'memoryLimitBytes' | 'threads'
> & {
  signal: AbortSignal;
} {
  return {
    extensionFolders: [
      ...(environment.FERRY_EXTENSIONS ? [environment.FERRY_EXTENSIONS] : []),
      PROJECT_EXTENSIONS,
    ],
    memoryLimitBytes: duckdbMemory(),
    threads: 2,
    signal,
  };
}
