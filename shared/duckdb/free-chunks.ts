import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** About a megabyte each. */
const CHUNKS_KEPT = 16;
/** What is young is collected in a fraction of the time; what has become old meanwhile now and then. */
const YOUNG_COLLECTIONS = 8;

let collect: ((options: { type: 'minor' | 'major' }) => void) | undefined;
let waiting = 0;
let collections = 0;

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
  collections += 1;
  collect({ type: collections % YOUNG_COLLECTIONS === 0 ? 'major' : 'minor' });
}

function findCollector(): NonNullable<typeof collect> {
  // Only a context that is made after this has the function; that of the program stays as it is.
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NonNullable<typeof collect>;
}
