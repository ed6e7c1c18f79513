// As many requests as the AWS clients keep connections for.
const AT_ONCE = 50;

/** Does the same for each item, for some of them at once: hundreds of requests in one moment would wait for each other until they time out. */
export async function mapInTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))));
  }
  return results;
}
