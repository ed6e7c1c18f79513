import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** About a megabyte each. */
const CHUNKS_KEPT = 16;

let collect: (() => void) | undefined;
let waiting = 0;

/**
 * To be called after each chunk of an answer: has the garbage collected now and then. DuckDB's client frees a chunk only when its object is
 * collected, and the collector, which sees a few bytes of it, would let a hundred of them wait. They are counted across answers, as many
 * small databases have one chunk each.
 */
export function freeChunks(): void {
  waiting += 1;
  if (waiting < CHUNKS_KEPT) return;
  waiting = 0;
  collect ??= findCollector();
  collect();
}

function findCollector(): () => void {
  // Only a context that is made after this has the function; that of the program stays as it is.
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
