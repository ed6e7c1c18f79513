import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface FreeMemoryOptions {
  /** What the process uses, in bytes. @default of this process */
  used?: () => number;
  /** Collects garbage. @default Node's own collector */
  collect?: () => void;
}

const MOST_GARBAGE_BYTES = 64_000_000;

/**
 * Gives memory back between runs. Node collects garbage when its heap has doubled or more, which can be hundreds of
 * megabytes later; in a container, that is the memory that DuckDB counts on, and a process that uses both is killed.
 *
 * @returns call it after each run
 */
export function createFreeMemory({
  used = () => process.memoryUsage.rss(),
  collect = garbageCollector(),
}: FreeMemoryOptions = {}): () => void {
  let least = used();
  return () => {
    const now = used();
    least = Math.min(least, now);
    if (now - least < MOST_GARBAGE_BYTES) return;
    collect();
    // What remains is in use, or is not given back: only what is added to it may be garbage.
    least = used();
  };
}

/** The collector, which Node only shows to those who ask for it when it starts. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return () => collect();
}
