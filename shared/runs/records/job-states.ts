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
  /** Class of the error that ended it, or that made it partial. */
  error: z.string().optional(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

/** The newest runs of a job that a person asks for first. */
export interface JobState {
  last: RunSummary;
  /** The last one that succeeded, as a whole. */
  lastGood?: RunSummary;
  /** The one that runs, as far as records show: the lease says whether it is alive. */
  running?: RunSummary;
  /** The last one that ended on its own or was stopped; a skipped one never began. */
  lastEnded?: RunSummary;
  /** All that have not ended, newest first: also those that died, wait for a slot, or that Polyteia still reads the file of. */
  unfinished: RunSummary[];
}

const PREFIX = 'states/';
const FORM = /^states\/(.+)\.([0-9a-f]{12})-([0-9a-f-]{36})\.([a-z]+)\.(\d+)\.(\d*)\.(\d*)\.(\w*)$/;

/** What all state keys of a job, or of all jobs, begin with. */
export const stateKeysOf = (job?: string) => (job === undefined ? PREFIX : `${PREFIX}${job}.`);

/**
 * The name of a run's state: `states/{job}.{inverted time}-{id}.{state}.{started}.{ended}.{rows}.{error class}`, times in
 * milliseconds since 1970, empty where there is nothing to report.
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
  // A role may write any name here: a moment that no calendar has is one that this release does not know.
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

/** The runs of a job, newest first, that show how it is doing. */
interface Telling {
  last: RunSummary;
  lastGood: RunSummary | undefined;
  /** The newest that had the lease: what is older and has not ended has died, as one holder has it at a time. */
  lastHolder: RunSummary | undefined;
  lastEnded: RunSummary | undefined;
  unfinished: RunSummary[];
}

// A run goes through its states in this order, so that of two names the one further on is newer. An end is corrected at most once: a
// run that was called lost turns out to have had its upload read.
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
 * Makes the states of jobs out of the names of their runs' states. Superseded names change nothing in it: they are removed only after
 * the newer one was written, and perhaps never.
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

/** The names without which {@link readJobStates} says the same: all but a handful of each job. */
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
    // A name of a later release is not this one's to remove.
    if (run === undefined || kept.has(idOf(run))) return false;
    // The name of its end goes last: without it a run would seem to be under way.
    const all = names.get(run.runId) ?? [];
    return all.length === 1 || all.reduce(furthest).state !== run.state;
  });
}
