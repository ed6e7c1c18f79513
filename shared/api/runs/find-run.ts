import { isFinished, type RunRecord } from '../../runs/records/run-record.ts';
import type { RunPage, UnreadableRun } from '../../runs/records/run-records.ts';
import type { StoredRequest } from '../../runs/records/run-request-store.ts';
import { isRunId } from '../../runs/run-id.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { about } from '../jobs/show-job.ts';
import { unknownName } from '../problems.ts';
import type { Run } from '../schemas.ts';

// Lambda tries to deliver an event for this long:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
const DELIVERY_MS = 6 * 3_600_000;

/**
 * Finds a run: its record, or the request that will become it.
 *
 * @throws ProblemError (404) when there is neither
 */
export async function findRun(dependencies: ApiDependencies, given: string): Promise<Run> {
  const { runs, requests } = dependencies;
  // Documents are named in small letters; a UUID means the same in capitals.
  const id = given.toLowerCase();
  // A text that is not an id names no document.
  if (!isRunId(id)) throw unknownName('run', given);
  const record = await runs.get(id);
  if (record) return showRun(dependencies, record);
  const request = await requests.find(id);
  const queued = request && (await showQueued(dependencies, request));
  if (!queued) throw unknownName('run', id);
  // The record may have been written between the two reads.
  const begun = await runs.get(id);
  return begun ? showRun(dependencies, begun) : queued;
}

/** A page of runs, as the API shows them. */
export async function showRuns(
  dependencies: ApiDependencies,
  { runs, unreadable, next }: RunPage,
): Promise<{ runs: Run[]; unreadable?: UnreadableRun[]; next?: string }> {
  const shown = await Promise.all(runs.map((record) => showRun(dependencies, record)));
  return {
    runs: shown,
    ...(unreadable.length === 0 ? {} : { unreadable }),
    ...(next === undefined ? {} : { next }),
  };
}

/**
 * A record that says `running` is only true while the run has its job's lease. A run that Polyteia is still reading
 * needs no lease.
 */
async function showRun({ runs }: ApiDependencies, record: RunRecord): Promise<Run> {
  if (isFinished(record) || record.state === 'ingesting') return withoutVersion(record);
  const holder = await runs.readHolder(record.job);
  if (holder?.alive && holder.runId === record.id) {
    const { phase, bytes, heartbeatAgeMs } = holder;
    const progress = {
      ...(phase === undefined ? {} : { phase }),
      ...(bytes === undefined ? {} : { bytes }),
      heartbeatAgeMs,
    };
    return { ...withoutVersion(record), stale: false, progress };
  }
  // It may have ended between the two reads.
  const again = (await runs.getOfJob(record.job, record.id)) ?? record;
  if (isFinished(again)) return withoutVersion(again);
  const isParked = again.state === 'queued' && (await runs.findParkedRun(again.job)) === again.id;
  return { ...withoutVersion(again), stale: !isParked };
}

function withoutVersion({ schemaVersion: _schemaVersion, ...record }: RunRecord): Run {
  return record;
}

async function showQueued(
  { readJobs }: ApiDependencies,
  { request, requestedAt }: StoredRequest,
): Promise<Run | undefined> {
  const { job, runId, triggeredBy } = request;
  const jobs = await readJobs();
  const entry = Object.hasOwn(jobs, job) ? jobs[job] : undefined;
  if (!entry) return undefined;
  return {
    id: runId,
    job,
    ...about(entry),
    state: 'queued',
    trigger: 'api',
    triggeredBy,
    requestedAt,
    phases: [],
    warnings: [],
    stale: Date.now() - Date.parse(requestedAt) > DELIVERY_MS,
  };
}
