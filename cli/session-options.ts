import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { SessionOptions } from '../shared/source/session.ts';
import type { CliContext } from './cli-context.ts';

/** Where `npm run extensions` puts DuckDB's extensions. */
export const PROJECT_EXTENSIONS = fileURLToPath(new URL('../.cache/extensions', import.meta.url));

// The most that DuckDB itself may use; most results need far less (bench/memory.ts), one with a thousand columns needs
// all of it.
const MEMORY_LIMIT_BYTES = Math.max(512_000_000, Math.min(4_000_000_000, Math.floor(totalmem() / 4)));
// Node, the clients and libduckdb itself (bench/memory.ts).
const RUNTIME_BYTES = 200_000_000;

/**
 * What DuckDB may take in a process that is there for nothing else, in bytes: of a container's memory three quarters, less what the runtime
 * needs. Without a limit, as on a laptop.
 */
export function serverMemoryLimit(constrained: number = process.constrainedMemory()): number {
  if (constrained <= 0 || constrained >= totalmem()) return MEMORY_LIMIT_BYTES;
  return Math.max(128_000_000, Math.min(8_000_000_000, Math.floor(constrained * 0.75) - RUNTIME_BYTES));
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
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
    threads: 2,
    signal,
  };
}
