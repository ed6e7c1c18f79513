import { leaseTimes } from '../../runs/leases/lease.ts';
import type { JobState, RunSummary } from '../../runs/records/job-states.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import type { WatchedJobs } from '../watched-jobs.ts';

/** What to do about a run that has not ended, and that nobody works on. */
export interface Repair {
  /**
   * `resume`: its function is started again with the same run id, because nothing is lost; `inspect`: it was killed,
   * and its record decides between another try and the end; `close`: nothing can run it any more.
   */
  action: 'resume' | 'inspect' | 'close';
  run: RunSummary;
  /** For how long nobody has worked on it. */
  silentMs: number;
  /** Another run of the job has begun since. */
  replaced: boolean;
}

/**
 * Lambda starts a killed run again after one and two minutes (retries of asynchronous invocations), and each try may
 * wait for a lease to expire. After a longer silence, nobody works on the run.
 */
export const PLATFORM_RETRIES_MS = 10 * 60_000;
/** When a run waited in vain, the last of those retries comes two minutes after it gave up. */
export const QUEUED_SILENCE_MS = 5 * 60_000;
/** When a start that was tried again has not appeared either. */
export const GIVE_UP_MS = 30 * 60_000;
/**
 * Longer than `ingest.timeout` may be: otherwise, a run that no start can finish would be started again forever, and
 * nobody notified.
 */
export const INGESTING_MS = 25 * 3_600_000;
/** The job may belong to another stack that shares the bucket, whose own watchdog comes first. */
export const NOT_OURS_MS = 60 * 60_000;

/**
 * Which runs need help. A second start with the same run id does no harm: it finds the run finished or in progress.
 *
 * @param leaseAges how long ago the lease of each job was written; a job with a live lease is left alone
 * @param parked the runs that wait for a slot outside of any process, and are started when they have their turn
 */
export function decideRepairs(
  jobs: WatchedJobs,
  states: ReadonlyMap<string, JobState>,
  leaseAges: ReadonlyMap<string, number>,
  now: Date,
  parked: ReadonlySet<string> = new Set(),
): Repair[] {
  return [...states].flatMap(([job, state]) => {
    const leaseAge = leaseAges.get(job) ?? Number.POSITIVE_INFINITY;
    if (leaseAge < leaseTimes.expiryMs) return [];
    return state.unfinished.flatMap((run) => {
      if (run.state === 'queued' && parked.has(run.runId)) return [];
      const replacedAt = beganAfter(run, state);
      // The lease of a frequent job is always young: a later run has taken it from this one.
      const age = now.getTime() - Math.max(Date.parse(run.startedAt), replacedAt ?? 0);
      const silentMs = replacedAt === undefined ? Math.min(leaseAge, age) : age;
      const ageMs = now.getTime() - Date.parse(run.startedAt);
      const action = actionFor(run, { silentMs, ageMs, configured: Object.hasOwn(jobs, job) });
      return action ? [{ action, run, silentMs, replaced: replacedAt !== undefined }] : [];
    });
  });
}

function actionFor(
  { state }: RunSummary,
  { silentMs, ageMs, configured }: { silentMs: number; ageMs: number; configured: boolean },
): Repair['action'] | undefined {
  if (!configured) return silentMs >= NOT_OURS_MS ? 'close' : undefined;
  if (state === 'ingesting' && ageMs >= INGESTING_MS) return 'close';
  if (state === 'ingesting') return silentMs >= leaseTimes.expiryMs ? 'resume' : undefined;
  if (state === 'queued') return silentMs >= QUEUED_SILENCE_MS ? 'resume' : undefined;
  return silentMs >= PLATFORM_RETRIES_MS ? 'inspect' : undefined;
}

/** When another run of the job had the lease after this one. */
function beganAfter(run: RunSummary, { last, lastEnded, unfinished }: JobState): number | undefined {
  const others = [last, lastEnded, ...unfinished].filter(
    (other) => other !== undefined && other.state !== 'skipped' && other.state !== 'queued',
  );
  const later = others
    .map((other) => Date.parse(other?.startedAt ?? ''))
    .filter((startedAt) => startedAt > Date.parse(run.startedAt));
  return later.length > 0 ? Math.max(...later) : undefined;
}

/**
 * Whether a killed run should be started again. One that the platform never tried again (its event was dropped) gets
 * that try. One that was tried again, was started on a person's machine, has a successor, or did not come back is over.
 */
export function isWorthRestart(
  { trigger, attempts = [] }: RunRecord,
  { silentMs, replaced }: Pick<Repair, 'silentMs' | 'replaced'>,
): boolean {
  return trigger !== 'cli' && attempts.length < 2 && !replaced && silentMs < GIVE_UP_MS;
}
