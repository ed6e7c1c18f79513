import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** About a megabyte each. */
const CHUNKS_KEPT = 8;
/** What may wait after a collection of new objects, which takes a fraction of the time: chunks that have grown old. */
const MAX_WAITING_BYTES = 8_000_000;

let collect: ((options: { type: 'minor' | 'major' }) => void) | undefined;
let waiting = 0;
/** What other things of the process hold. */
let kept = 0;

/**
 * Call this after each chunk of an answer: it triggers garbage collection now and then. DuckDB's client frees a chunk
 * only when its object is collected, and the collector, which sees just a few bytes of it, would let a hundred of them
 * wait. Chunks are counted across answers, because many small databases have one chunk each.
 */
export function freeChunks(): void {
  waiting += 1;
  if (waiting < CHUNKS_KEPT) return;
  waiting = 0;
  collect ??= findCollector();
  collect({ type: 'minor' });
  const { arrayBuffers } = process.memoryUsage();
  if (arrayBuffers - kept < MAX_WAITING_BYTES) {
    kept = Math.min(kept, arrayBuffers);
    return;
  }
  collect({ type: 'major' });
  kept = process.memoryUsage().arrayBuffers;
}

function findCollector(): NonNullable<typeof collect> {
  // Only contexts created after this have the function; the program's own context does not change.
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NonNullable<typeof collect>;
}
