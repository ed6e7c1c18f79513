import { z } from 'zod';
import { isFinished, type RunRecord, runRecordSchema } from './run-record.ts';

/**
 * What is known of a run from the name of a document alone. Such names make the states of all jobs readable with one listing: each
 * run writes names of its own, so that jobs that start in the same second do not contend for one index.
 */
const runSummarySchema = z.object({
  job: z.string(),
  runId: z.uuid(),
  state: runRecordSchema.shape.state,
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  rows: z.int().nonnegative().optional(),
  /** Class of the error that ended it. */
  error: z.string().optional(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

/** The newest runs of a job that a person asks for first. */
export interface JobState {
  last: RunSummary;
  /** The last one that succeeded. */
  lastGood?: RunSummary;
  /** The one that runs, as far as records tell: whether it lives is the lease's to say. */
  running?: RunSummary;
}

const PREFIX = 'states/';
const FORM = /^states\/(.+)\.([0-9a-f]{12})-([0-9a-f-]{36})\.([a-z]+)\.(\d+)\.(\d*)\.(\d*)\.(\w*)$/;

/** What all state keys of a job, or of all jobs, begin with. */
export const stateKeysOf = (job?: string) => (job === undefined ? PREFIX : `${PREFIX}${job}.`);

/**
 * The name of a run's state: `states/{job}.{inverted time}-{id}.{state}.{started}.{ended}.{rows}.{error class}`, times in
 * milliseconds since 1970, empty where there is nothing to tell.
 *
 * @param ordered `{inverted time}-{id}`, as in the name of the run's record
 */
export function stateKeyOf(record: RunRecord, ordered: string): string {
  const { job, state, startedAt, endedAt, rows, error } = record;
  const ended = endedAt === undefined ? '' : Date.parse(endedAt);
  return `${stateKeysOf(job)}${ordered}.${state}.${Date.parse(startedAt)}.${ended}.${rows ?? ''}.${error?.class ?? ''}`;
}

/** @returns undefined for a name that this release does not know */
function parseStateKey(key: string): RunSummary | undefined {
  const [, job, , runId, state, started, ended, rows, error] = FORM.exec(key) ?? [];
  if (started === undefined) return undefined;
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

/** The runs of a job, newest first, that tell how it is doing. */
interface Telling {
  last: RunSummary;
  lastGood: RunSummary | undefined;
  /** The newest that had the lease: what is older and has not ended has died, as one holder has it at a time. */
  lastHolder: RunSummary | undefined;
}

function tellingRuns(keys: readonly string[]): Map<string, Telling> {
  const known = keys.flatMap((key) => parseStateKey(key) ?? []);
  const telling = new Map<string, Telling>();
  for (const [job, runs] of Map.groupBy(known, (run) => run.job)) {
    const finished = new Set(runs.filter(isFinished).map(({ runId }) => runId));
    const standing = runs.filter((run) => isFinished(run) || !finished.has(run.runId));
    const [last] = standing;
    if (!last) continue;
    telling.set(job, {
      last,
      lastGood: standing.find(({ state }) => state === 'succeeded'),
      lastHolder: standing.find(({ state }) => state !== 'skipped'),
    });
  }
  return telling;
}

/**
 * Makes the states of jobs out of the names of their runs' states. Superseded names change nothing in it: they are removed only after
 * the newer one was written, and perhaps never.
 *
 * @param keys in ascending order, so that a job's newest run comes first
 */
export function readJobStates(keys: readonly string[]): Map<string, JobState> {
  const states = new Map<string, JobState>();
  for (const [job, { last, lastGood, lastHolder }] of tellingRuns(keys)) {
    states.set(job, {
      last,
      ...(lastGood ? { lastGood } : {}),
      ...(lastHolder && !isFinished(lastHolder) ? { running: lastHolder } : {}),
    });
  }
  return states;
}

/**
 * The names without which {@link readJobStates} says the same, whichever of them are removed. The end of a run is only among them when
 * its begin no longer is there, which would seem to go on: two or three names of each job are left by the next time at the latest.
 */
export function supersededKeys(keys: readonly string[]): string[] {
  const idOf = ({ runId, state }: RunSummary) => `${runId} ${state}`;
  const kept = new Set(
    [...tellingRuns(keys).values()].flatMap(({ last, lastGood, lastHolder }) =>
      [last, lastGood, lastHolder].flatMap((run) => (run ? [idOf(run)] : [])),
    ),
  );
  // A name of a later release is not this one's to remove.
  const known = keys.flatMap((key) => {
    const run = parseStateKey(key);
    return run ? [{ key, run }] : [];
  });
  const begun = new Set(known.filter(({ run }) => !isFinished(run)).map(({ run }) => run.runId));
  return known
    .filter(({ run }) => !kept.has(idOf(run)) && !(isFinished(run) && begun.has(run.runId)))
    .map(({ key }) => key);
}
