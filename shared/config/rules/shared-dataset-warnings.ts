import type { FerryConfig } from '../schema/ferry-config.ts';

/**
 * One sentence for each dataset that several syncs replace: the last one to run wins, and their leases do not exclude
 * each other.
 */
export function warnOfSharedDatasets({ syncs }: FerryConfig): string[] {
  const byDataset = Map.groupBy(
    Object.entries(syncs),
    ([, { polyteia, dataset }]) => `${polyteia} ${dataset}`,
  );
  return [...byDataset.values()]
    .filter((sharing) => sharing.length > 1)
    .map((sharing) => {
      const names = sharing.map(([name]) => name).join(', ');
      return `${names}: all replace the dataset ${sharing[0]?.[1].dataset}, so it contains the result of the last one that ran`;
    });
}
