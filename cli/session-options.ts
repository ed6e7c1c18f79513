import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { SessionOptions } from '../shared/source/session.ts';
import type { CliContext } from './cli-context.ts';

/** Where `npm run extensions` puts DuckDB's extensions. */
export const PROJECT_EXTENSIONS = fileURLToPath(new URL('../.cache/extensions', import.meta.url));

// The most that DuckDB itself may use; most results need far less (bench/memory.ts), one with a thousand columns needs
// all of it.
const MEMORY_LIMIT_BYTES = Math.max(512_000_000, Math.min(4_000_000_000, Math.floor(totalmem() / 4)));

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
