import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { memoryBesideRuntime } from '../shared/duckdb/memory-beside-runtime.ts';
import type { SessionOptions } from '../shared/source/session.ts';
import type { CliContext } from './cli-context.ts';
import { duckdbMemory } from './duckdb-memory.ts';

/** Where `npm run extensions` puts DuckDB's extensions. */
export const PROJECT_EXTENSIONS = fileURLToPath(new URL('../.cache/extensions', import.meta.url));

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
