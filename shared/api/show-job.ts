import { toEventBridgeSchedule, zoneOf } from '../config/schedule/eventbridge-schedule.ts';
import { parseSchedule, splitZonePrefix } from '../config/schedule/parse-schedule.ts';
import { nextRuns } from '../config/schedule/schedule-times.ts';
import { ConfigError } from '../errors.ts';
import type { JobState, RunSummary } from '../runs/records/job-states.ts';
import type { IndexedJob } from './job-index.ts';
import type { JobDetail } from './schemas.ts';

type ShownRun = NonNullable<JobDetail['lastRun']>;

/** The part of a job that is shown next to its planned runs. */
export function showJob(
  name: string,
  job: IndexedJob,
  state: JobState | undefined,
  /** Whether somebody is running the job, as far as its lease shows. */
  alive: boolean,
): Omit<JobDetail, 'nextRuns' | 'baseline'> {
  const { schedule } = job;
  const show = ({ runId, state: runState, startedAt, endedAt, rows, error }: RunSummary): ShownRun => ({
    id: runId,
    state: runState,
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(rows === undefined ? {} : { rows }),
    ...(error === undefined ? {} : { error }),
    ...(runState === 'running' && !(alive && runId === state?.running?.runId) ? { stale: true } : {}),
  });
  return {
    name,
    ...about(job),
    ...(schedule ? { schedule: { ...expressionOf(schedule), enabled: schedule.enabled } } : {}),
    ...(state?.running ? { running: show(state.running) } : {}),
    ...(state ? { lastRun: show(state.last) } : {}),
    ...(state?.lastGood ? { lastGoodRun: show(state.lastGood) } : {}),
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

/** As EventBridge writes it; as it was written, where EventBridge has no such schedule (`ferry serve`). */
function expressionOf(schedule: NonNullable<IndexedJob['schedule']>): {
  expression: string;
  timezone: string;
} {
  try {
    return toEventBridgeSchedule(schedule);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { expression: splitZonePrefix(schedule.cron).expression, timezone: zoneOf(schedule) };
  }
}
