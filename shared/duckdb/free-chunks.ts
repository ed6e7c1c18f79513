import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** About a megabyte each. */
const CHUNKS_KEPT = 16;
/** New objects are collected in a fraction of the time; older ones only now and then. */
const YOUNG_COLLECTIONS = 8;

let collect: ((options: { type: 'minor' | 'major' }) => void) | undefined;
let waiting = 0;
let collections = 0;

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
  collections += 1;
  collect({ type: collections % YOUNG_COLLECTIONS === 0 ? 'major' : 'minor' });
}

function findCollector(): NonNullable<typeof collect> {
  // Only contexts created after this have the function; the program's own context does not change.
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NonNullable<typeof collect>;
}
