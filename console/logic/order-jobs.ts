import type { Job } from '../calls/types.ts';

/** How a job is doing, from worst to best. The order is that of the list. */
export const standings = [
  'failed',
  'overdue',
  'partial',
  'stale',
  'cancelled',
  'running',
  'never',
  'good',
] as const;
export type Standing = (typeof standings)[number];

/**
 * How a job is doing: its newest run that ended, and whether one is missing. A skipped run never began, so it says
 * nothing. Good is only what succeeded completely: a state of a later release may be anything.
 */
export function standingOf({ lastEndedRun, running, overdueSince }: Job): Standing {
  if (running?.stale) return 'stale';
  if (running) return 'running';
  const ended = lastEndedRun?.state;
  if (ended === 'failed') return 'failed';
  if (overdueSince !== undefined) return 'overdue';
  if (ended === undefined) return 'never';
  if (ended === 'succeeded') return 'good';
  return ended === 'cancelled' ? 'cancelled' : 'partial';
}

/** Failed and overdue jobs first, then by name. */
export function orderJobs(jobs: readonly Job[]): Job[] {
  const rank = (job: Job) => standings.indexOf(standingOf(job));
  return jobs.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/**
 * The jobs that a text is in: in a name, a source, a dataset, or what their standing is called.
 *
 * @param nameOf what a standing is called in the language of the page
 */
export function findJobs(jobs: readonly Job[], text: string, nameOf: (standing: Standing) => string): Job[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return jobs.filter((job) => {
    const { name, source = '', dataset = '', sources = [] } = job;
    const all = [name, source, dataset, ...sources, nameOf(standingOf(job))].join(' ').toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** How many jobs there are of each standing, those that there are. */
export function countStandings(jobs: readonly Job[]): { standing: Standing; count: number }[] {
  const counts = Map.groupBy(jobs, standingOf);
  return standings.flatMap((standing) => {
    const count = counts.get(standing)?.length ?? 0;
    return count === 0 ? [] : [{ standing, count }];
  });
}

/** The jobs of each source, by the source's name. */
export function jobsBySource(jobs: readonly Job[]): { source: string; jobs: Job[] }[] {
  const pairs = jobs.flatMap((job) =>
    (job.sources ?? (job.source === undefined ? [] : [job.source])).map((source) => ({ source, job })),
  );
  return [...Map.groupBy(pairs, ({ source }) => source)]
    .map(([source, found]) => ({ source, jobs: found.map(({ job }) => job) }))
    .toSorted((a, b) => a.source.localeCompare(b.source));
}
