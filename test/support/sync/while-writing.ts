import { waitFor } from '../processes/wait-for.ts';

/** Calls `step` again and again on each of a few connections, until `work` has ended. */
export async function whileWriting<T>(
  writers: readonly ((round: number) => Promise<unknown>)[],
  work: () => Promise<T>,
): Promise<{ result: T; rounds: number }> {
  let ended = false;
  let rounds = 0;
  const writing = writers.map(async (step) => {
    while (!ended) {
      rounds += 1;
      await step(rounds);
    }
  });
  // Nothing is proven before the first of them has written.
  await waitFor('the first writes', () => (rounds > writers.length ? true : undefined), 10_000);
  try {
    return { result: await work(), rounds };
  } finally {
    ended = true;
    await Promise.all(writing);
  }
}
