import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** About a megabyte each. */
const CHUNKS_KEPT = 16;

/**
 * Makes what is to be called after each chunk of an answer: it has the garbage collected now and then. DuckDB's client frees a chunk
 * only when its object is collected, and the collector, which sees a few bytes of it, would let a hundred of them wait.
 */
export function chunkCollector(): () => void {
  // Only a context that is made after this has the function; that of the program stays as it is.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let waiting = 0;
  return () => {
    waiting += 1;
    if (waiting < CHUNKS_KEPT) return;
    waiting = 0;
    collect();
  };
}
