import { latestDueTime } from '../../config/schedule/due-time.ts';
import { writtenSchedule, zoneOf } from '../../config/schedule/eventbridge-schedule.ts';
import { parseSchedule } from '../../config/schedule/parse-schedule.ts';
import { nextRuns, skippedRuns } from '../../config/schedule/schedule-times.ts';
import type { JobState, RunSummary } from '../../runs/records/job-states.ts';
import { newestFirst, type RecentRun } from '../../runs/records/recent-runs.ts';
import { goDurationMs } from '../../text/go-duration.ts';
import type { JobDetail } from '../schemas.ts';
import type { IndexedJob } from './job-index.ts';

type ShownRun = NonNullable<JobDetail['lastRun']>;

/** The part of a job that is shown next to its planned runs. */
export function showJob(
  name: string,
  job: IndexedJob,
  state: JobState | undefined,
  /** Whether somebody is running the job, as far as its lease shows. */
  alive: boolean,
): Omit<JobDetail, 'nextRuns' | 'skippedRuns' | 'baseline' | 'unreadable'> {
  const { schedule } = job;
  const show = ({ runId: id, ...run }: RunSummary): ShownRun => ({
    ...showRun({ id, ...run }),
    ...(run.state === 'running' && !(alive && id === state?.running?.runId) ? { stale: true } : {}),
  });
  return {
    name,
    ...about(job),
    ...(schedule ? { schedule: { ...writtenSchedule(schedule), enabled: schedule.enabled } } : {}),
    ...(state?.running ? { running: show(state.running) } : {}),
    ...(state ? { lastRun: show(state.last) } : {}),
    ...(state?.lastEnded ? { lastEndedRun: show(state.lastEnded) } : {}),
    ...(state?.lastGood ? { lastGoodRun: show(state.lastGood) } : {}),
    ...overdueOf(job, state, new Date()),
  };
}

/** What a job copies and from where, as in the records of its runs. */
export function about({ kind, source, dataset, target, sources }: IndexedJob) {
  return kind === 'sync' ? { kind, source, dataset, target } : { kind, sources };
}

/**
 * The next scheduled runs of a job; empty when it has no schedule, is switched off, or counts in minutes from its
 * deployment.
 */
export function plannedRuns({ schedule }: IndexedJob, after: Date, count: number): string[] {
  if (!schedule?.enabled) return [];
  const { schedule: parsed } = parseSchedule(schedule.cron);
  if (parsed.type === 'rate') return [];
  return nextRuns(parsed, zoneOf(schedule), after, count).map((run) => run.toISOString());
}

/** Whether a planned run has not begun, as far as the newest run shows. */
function overdueOf(
  { schedule }: IndexedJob,
  state: JobState | undefined,
  now: Date,
): Pick<JobDetail, 'overdueSince'> {
  if (!schedule || !state) return {};
  const newest = new Date(state.last.startedAt);
  const windowMs = schedule.window === undefined ? 0 : (goDurationMs(schedule.window) ?? 0);
  const planned = { ...schedule, windowMs };
  const due = latestDueTime(planned, { since: newest, newest, now });
  return due ? { overdueSince: due.toISOString() } : {};
}

const YEAR_MS = 365 * 86_400_000;

/** The planned runs of the next year that a clock change skips. A schedule of every hour loses none that matters. */
export function skippedBy({ schedule }: IndexedJob, now: Date): NonNullable<JobDetail['skippedRuns']> {
  if (!schedule?.enabled) return [];
  const { schedule: parsed } = parseSchedule(schedule.cron);
  if (parsed.type === 'rate' || parsed.hours === undefined) return [];
  const local = (wall: number) => new Date(wall).toISOString().slice(0, 16);
  return skippedRuns(parsed, zoneOf(schedule), now, new Date(now.getTime() + YEAR_MS)).map(
    ({ from, to, times }) => ({ from: local(from), to: local(to), times: times.map(local) }),
  );
}

/** The newest ended runs: those that are remembered, and one that somebody else has ended. */
export function recentRunsOf(
  remembered: readonly RecentRun[],
  state: JobState | undefined,
  count: number,
): ShownRun[] {
  const ended = state?.lastEnded;
  const { runId: id = '', job: _job, ...facts } = ended ?? {};
  const known = remembered.filter((run) => run.id !== ended?.runId);
  const all = ended ? newestFirst([{ id, ...facts } as RecentRun, ...known]) : known;
  return all.slice(0, count).map(showRun);
}

const showRun = ({ id, state, startedAt, endedAt, rows, error }: RecentRun): ShownRun => ({
  id,
  state,
  startedAt,
  ...(endedAt === undefined ? {} : { endedAt }),
  ...(rows === undefined ? {} : { rows }),
  ...(error === undefined ? {} : { error }),
});
