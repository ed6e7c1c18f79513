import type { RunList } from '../calls/types.ts';

/** The runs of a job that are known, newest first, and where older ones begin. */
export interface GatheredRuns extends Pick<RunList, 'runs' | 'next'> {
  unreadable: NonNullable<RunList['unreadable']>;
}

/**
 * Adds a page to what is known. The newest page may come again, because something has happened, and an older one twice:
 * each run is there once, as it was told last, and nothing that was read goes away.
 *
 * @param isNewest whether it is the first page; otherwise it is what follows the known ones
 */
export function gatherRuns(known: GatheredRuns | undefined, page: RunList, isNewest: boolean): GatheredRuns {
  const { runs, unreadable = [], next } = page;
  const told = new Set(runs.map(({ id }) => id));
  // More has happened than one page shows: what lies between is not known, so what was known is read again.
  const isGap = isNewest && next !== undefined && !known?.runs.some(({ id }) => told.has(id));
  if (isGap) return { runs, unreadable, next };
  const lost = new Set(unreadable.map(({ id }) => id));
  const otherRuns = (known?.runs ?? []).filter(({ id }) => !told.has(id) && !lost.has(id));
  const otherLost = (known?.unreadable ?? []).filter(({ id }) => !told.has(id) && !lost.has(id));
  // Older ones still begin where they did, however often the newest page comes.
  const after = isNewest && known && known.runs.length > runs.length ? known.next : next;
  return {
    runs: isNewest ? [...runs, ...otherRuns] : [...otherRuns, ...runs],
    unreadable: isNewest ? [...unreadable, ...otherLost] : [...otherLost, ...unreadable],
    ...(after === undefined ? {} : { next: after }),
  };
}
