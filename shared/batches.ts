/** Cuts a list into pieces of at most `size`. */
export function batchesOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** As many requests as the AWS clients keep connections for. */
const AT_ONCE = 50;

/**
 * Does the same for each item, a number of them at a time: hundreds of requests at once would wait for each other until
 * they time out.
 *
 * @param atOnce how many. @default 50
 * @throws the first error, after everything that was started has ended
 */
export async function mapInBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  atOnce = AT_ONCE,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const batch of batchesOf(items, atOnce)) {
    for (const settled of await Promise.allSettled(batch.map(work))) {
      if (settled.status === 'rejected') throw settled.reason;
      results.push(settled.value);
    }
  }
  return results;
}
