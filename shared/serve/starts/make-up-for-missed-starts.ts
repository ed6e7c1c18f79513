import type { ScheduleConfig } from '../../config/schema/ferry-config.ts';
import { StateError } from '../../errors.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import { formatCount, formatDuration } from '../../text/format.ts';
import { readScheduleMemory, unchangedSince } from '../../watchdog/schedule-memory.ts';
import type { WatchedJobs } from '../../watchdog/watched-jobs.ts';
import type { RunPool } from '../pool/run-pool.ts';
import type { ServeOptions } from '../serve-options.ts';
import { findMissedStarts } from './missed-starts.ts';

/**
 * Reports the starts that were missed while no process kept the schedules, and makes up for those that are recent
 * enough.
 */
export async function makeUpForMissedStarts(
  options: Pick<ServeOptions, 'documents' | 'name' | 'logger' | 'catchUpMs'> & {
    now: number;
    schedules: ReadonlyMap<string, ScheduleConfig>;
    watched: WatchedJobs;
    runs: RunStore;
    pool: RunPool;
  },
): Promise<void> {
  const { documents, name, logger, catchUpMs, now, schedules, watched, runs, pool } = options;
  try {
    const { memory } = await readScheduleMemory(documents, name);
    const missed = findMissedStarts({
      schedules,
      since: unchangedSince(memory, watched),
      states: await runs.listJobStates(),
      now: new Date(now),
      catchUpMs,
    });
    for (const { job, plannedFor, count, more, makeUp } of missed) {
      const latest = plannedFor.toISOString();
      logger.warn(
        { job, plannedFor: latest },
        `${more ? 'at least ' : ''}${formatCount(count, 'planned start')} missed while Ferry was down, the last at ${latest}: ${
          makeUp
            ? 'it is made up for now'
            : `it is not made up for, because --catch-up only allows ${formatDuration(catchUpMs)}`
        }`,
      );
      if (makeUp) pool.start({ job, scheduledTime: latest });
    }
  } catch (error) {
    // Without it, missed starts are unknown; the schedules continue.
    if (!(error instanceof StateError)) throw error;
    logger.error({ class: error.class, hint: error.hint }, error.message);
  }
}
