import { latestDueTime } from '../config/schedule/due-time.ts';
import { StateError } from '../errors.ts';
import type { JobState, RunSummary } from '../runs/records/job-states.ts';
import type { RunRecord } from '../runs/records/run-record.ts';
import { scheduledRunId, timeOfRunId } from '../runs/run-id.ts';
import type { ScheduleMemory } from './schedule-memory.ts';
import type { WatchedJobs } from './watched-jobs.ts';

/** What can be wrong with a job. A job has at most one problem of each kind at a time. */
export const problemKinds = ['failed', 'overdue', 'near-time', 'near-rows'] as const;
export type ProblemKind = (typeof problemKinds)[number];

/** The class of a partly failed extraction, whatever the errors of its databases, which differ each time. */
export const PARTIAL = 'partial';

/** Something about a job that people should know. */
export interface Problem {
  job: string;
  /** Empty for a job with several sources. */
  source: string;
  kind: ProblemKind;
  /**
   * For a failure, the class of its error, or {@link PARTIAL}; otherwise as `kind`. A problem whose class changes is
   * reported again.
   */
  class: string;
  /** What it is about: a run's id, or the planned time of a run that does not exist. */
  subject: string;
  since: string;
  /** Measured and allowed, for a value near its limit. */
  measured?: { value: number; limit: number };
}

/** Share of a limit above which people are notified. */
export const NEAR = 0.8;

export interface Observed {
  jobs: WatchedJobs;
  states: ReadonlyMap<string, JobState>;
  memory: ScheduleMemory;
  /** Makes the ids of scheduled runs unique. */
  scope: string;
  now: Date;
  /** Reads a run if the name of its state does not say enough: only for the few jobs that may have a problem. */
  readRun: (job: string, id: string) => Promise<RunRecord | undefined>;
}

/** One damaged record must not hide what is wrong with the other jobs. `ferry runs` and the API show it. */
const ifUnreadable =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (error instanceof StateError) return instead;
    throw error;
  };

/** All problems at this moment, reported or not. */
export async function findProblems(observed: Observed): Promise<Problem[]> {
  const { jobs, states } = observed;
  const found = await Promise.all(
    Object.keys(jobs).map(async (job) => {
      const state = states.get(job);
      return [
        findFailure(observed, job, state),
        await findOverdue(observed, job, state),
        await findNearTime(observed, job, state),
        findNearRows(observed, job, state),
      ];
    }),
  );
  return found.flat().filter((problem) => problem !== undefined);
}

const sourceOf = ({ jobs }: Observed, job: string) => jobs[job]?.source ?? '';

function findFailure(observed: Observed, job: string, state: JobState | undefined): Problem | undefined {
  const ended = state?.lastEnded;
  if (ended?.state !== 'failed' && ended?.state !== 'partial') return undefined;
  return {
    job,
    source: sourceOf(observed, job),
    kind: 'failed',
    class: ended.state === 'partial' ? PARTIAL : (ended.error ?? 'UnexpectedError'),
    subject: ended.runId,
    since: ended.endedAt ?? ended.startedAt,
  };
}

const known = (state: JobState | undefined): RunSummary[] =>
  state
    ? [state.last, state.lastGood, state.lastEnded, ...state.unfinished].filter((run) => run !== undefined)
    : [];

async function findOverdue(
  observed: Observed,
  job: string,
  state: JobState | undefined,
): Promise<Problem | undefined> {
  const { jobs, memory, scope, now, readRun } = observed;
  const schedule = jobs[job]?.schedule;
  const since = Object.hasOwn(memory.jobs, job) ? memory.jobs[job]?.since : undefined;
  if (!schedule || since === undefined) return undefined;
  const newest = state && timeOfRunId(state.last.runId);
  const due = latestDueTime(schedule, { since: new Date(since), newest, now });
  if (!due) return undefined;
  const id = scheduledRunId(scope, job, due.toISOString());
  // An unreadable record still shows that the run was not missed.
  const isThere = async () => (await readRun(job, id).catch(ifUnreadable(true))) !== undefined;
  if (known(state).some(({ runId }) => runId === id) || (await isThere())) return undefined;
  const at = due.toISOString();
  return { job, source: sourceOf(observed, job), kind: 'overdue', class: 'overdue', subject: at, since: at };
}

async function findNearTime(
  observed: Observed,
  job: string,
  state: JobState | undefined,
): Promise<Problem | undefined> {
  const limit = observed.jobs[job]?.timeoutMs;
  const good = state?.lastGood;
  if (limit === undefined || good?.endedAt === undefined) return undefined;
  const atMostMs = Date.parse(good.endedAt) - Date.parse(good.startedAt);
  if (atMostMs <= limit * NEAR) return undefined;
  // It may have waited for a slot, or for the next invocation: only the record says how long it worked.
  const record = await observed.readRun(job, good.runId).catch(ifUnreadable(undefined));
  const value = record?.durationMs;
  if (value === undefined || value <= limit * NEAR || (record?.attempts?.length ?? 1) > 1) return undefined;
  return near(observed, job, 'near-time', good, { value, limit });
}

function findNearRows(observed: Observed, job: string, state: JobState | undefined): Problem | undefined {
  const limit = observed.jobs[job]?.maxRows;
  const value = state?.lastGood?.rows;
  if (limit === undefined || value === undefined || value <= limit * NEAR) return undefined;
  return near(observed, job, 'near-rows', state?.lastGood, { value, limit });
}

function near(
  observed: Observed,
  job: string,
  kind: 'near-time' | 'near-rows',
  run: RunSummary | undefined,
  measured: { value: number; limit: number },
): Problem | undefined {
  if (!run) return undefined;
  const since = run.endedAt ?? run.startedAt;
  return { job, source: sourceOf(observed, job), kind, class: kind, subject: run.runId, since, measured };
}
