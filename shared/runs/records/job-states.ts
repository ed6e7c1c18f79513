import * as z from 'zod';
import { isFinished, type RunRecord, runRecordSchema } from './run-record.ts';

/**
 * What the name of a document alone says about a run. With such names, one listing shows the states of all jobs. Each
 * run writes its own names, so jobs that start in the same second do not compete for one index.
 */
const runSummarySchema = z.object({
  job: z.string(),
  runId: z.uuid(),
  state: runRecordSchema.shape.state,
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  rows: z.int().nonnegative().optional(),
  /** Class of the error that ended it, or that made it partial. */
  error: z.string().optional(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

/** The newest runs of a job that people ask about first. */
export interface JobState {
  last: RunSummary;
  /** The last one that succeeded completely. */
  lastGood?: RunSummary;
  /** The run in progress, according to the records; the lease shows whether it is alive. */
  running?: RunSummary;
  /** The last one that ended or was stopped. A skipped run never began. */
  lastEnded?: RunSummary;
  /**
   * All that have not ended, newest first, including those that died, wait for a slot, or have a file that Polyteia is
   * still reading.
   */
  unfinished: RunSummary[];
}

const PREFIX = 'states/';
const FORM = /^states\/(.+)\.([0-9a-f]{12})-([0-9a-f-]{36})\.([a-z]+)\.(\d+)\.(\d*)\.(\d*)\.(\w*)$/;

/** The start of all state keys of a job, or of all jobs. */
export const stateKeysOf = (job?: string) => (job === undefined ? PREFIX : `${PREFIX}${job}.`);

/**
 * The name of a run's state: `states/{job}.{inverted time}-{id}.{state}.{started}.{ended}.{rows}.{error class}`, times
 * in milliseconds since 1970, empty where there is nothing to report.
 *
 * @param ordered `{inverted time}-{id}`, as in the name of the run's record
 */
export function stateKeyOf(record: RunRecord, ordered: string): string {
  const { job, state, startedAt, endedAt, rows, error } = record;
  const ended = endedAt === undefined ? '' : Date.parse(endedAt);
  return `${stateKeysOf(job)}${ordered}.${state}.${Date.parse(startedAt)}.${ended}.${rows ?? ''}.${error?.class ?? ''}`;
}

/** @returns undefined for a name that this release does not know */
const isMoment = (text: string) => !Number.isNaN(new Date(Number(text)).getTime());

function parseStateKey(key: string): RunSummary | undefined {
  const [, job, , runId, state, started, ended, rows, error] = FORM.exec(key) ?? [];
  // A role may write any name here. A moment that no calendar has is not a name of this release.
  if (started === undefined || !isMoment(started) || (ended && !isMoment(ended))) return undefined;
  return runSummarySchema.safeParse({
    job,
    runId,
    state,
    startedAt: new Date(Number(started)).toISOString(),
    ...(ended ? { endedAt: new Date(Number(ended)).toISOString() } : {}),
    ...(rows ? { rows: Number(rows) } : {}),
    ...(error ? { error } : {}),
  }).data;
}

/** The runs of a job that show how it is doing, newest first. */
interface Telling {
  last: RunSummary;
  lastGood: RunSummary | undefined;
  /**
   * The newest that had the lease. Anything older that has not ended has died, because only one run holds the lease at
   * a time.
   */
  lastHolder: RunSummary | undefined;
  lastEnded: RunSummary | undefined;
  unfinished: RunSummary[];
}

// A run goes through its states in this order, so the name with the later state is newer. An end is corrected at most
// once: a run that was recorded as lost turns out to have had its upload read.
const ORDER: readonly RunSummary['state'][] = [
  'queued',
  'running',
  'ingesting',
  'skipped',
  'cancelled',
  'failed',
  'partial',
  'succeeded',
];
const furthest = (a: RunSummary, b: RunSummary) => (ORDER.indexOf(b.state) > ORDER.indexOf(a.state) ? b : a);

function tellingRuns(keys: readonly string[]): Map<string, Telling> {
  const known = keys.flatMap((key) => parseStateKey(key) ?? []);
  const telling = new Map<string, Telling>();
  for (const [job, runs] of Map.groupBy(known, (run) => run.job)) {
    const standing = [...Map.groupBy(runs, ({ runId }) => runId).values()].map((names) =>
      names.reduce(furthest),
    );
    const [last] = standing;
    if (!last) continue;
    telling.set(job, {
      last,
      lastGood: standing.find(({ state }) => state === 'succeeded'),
      lastHolder: standing.find(({ state }) => state !== 'skipped'),
      lastEnded: standing.find((run) => isFinished(run) && run.state !== 'skipped'),
      unfinished: standing.filter((run) => !isFinished(run)),
    });
  }
  return telling;
}

/**
 * Builds the states of jobs from the names of their runs' states. Superseded names do not change the result: they are
 * removed only after the newer one was written, and perhaps never.
 *
 * @param keys in ascending order, so that a job's newest run comes first
 */
export function readJobStates(keys: readonly string[]): Map<string, JobState> {
  const states = new Map<string, JobState>();
  for (const [job, { last, lastGood, lastHolder, lastEnded, unfinished }] of tellingRuns(keys)) {
    states.set(job, {
      last,
      ...(lastGood ? { lastGood } : {}),
      ...(lastHolder && !isFinished(lastHolder) ? { running: lastHolder } : {}),
      ...(lastEnded ? { lastEnded } : {}),
      unfinished,
    });
  }
  return states;
}

/** The names that {@link readJobStates} does not need: all but a few of each job. */
export function supersededKeys(keys: readonly string[]): string[] {
  const idOf = ({ runId, state }: RunSummary) => `${runId} ${state}`;
  const kept = new Set(
    [...tellingRuns(keys).values()].flatMap(({ last, lastGood, lastHolder, lastEnded, unfinished }) =>
      [last, lastGood, lastHolder, lastEnded, ...unfinished].flatMap((run) => (run ? [idOf(run)] : [])),
    ),
  );
  const names = Map.groupBy(
    keys.flatMap((key) => parseStateKey(key) ?? []),
    ({ runId }) => runId,
  );
  return keys.filter((key) => {
    const run = parseStateKey(key);
    // Names of a later release are not removed.
    if (run === undefined || kept.has(idOf(run))) return false;
    // The name of its end goes last: without it, the run would appear to be in progress.
    const all = names.get(run.runId) ?? [];
    return all.length === 1 || all.reduce(furthest).state !== run.state;
  });
}
