/** https://nodejs.org/api/cli.html#uv_threadpool_sizesize */
const NODE_THREADS = 4;

/** How many threads the readers of this process have beyond one for each run. */
let taken = 0;

/**
 * How many readers a run may have. Each blocks one of Node's threads until it has read its part, and so does each other
 * run; one must be left for files, such as those of the state, and for cancelling.
 *
 * @param runsAtOnce how many runs this process may have
 */
export function freeReaders(runsAtOnce: number): number {
  const threads = Number(process.env.UV_THREADPOOL_SIZE) || NODE_THREADS;
  return threads - runsAtOnce - taken;
}

/** Counts the threads of some readers while they read. */
export async function withReaders<T>(readers: number, work: () => Promise<T>): Promise<T> {
  taken += readers - 1;
  try {
    return await work();
  } finally {
    taken -= readers - 1;
  }
}
