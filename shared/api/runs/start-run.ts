import { isFinished } from '../../runs/records/run-record.ts';
import type { RunRequest } from '../../runs/records/run-request.ts';
import { newRunId } from '../../runs/run-id.ts';
import { activeTraceparent } from '../../telemetry/trace-context.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ProblemError, runUnderWay } from '../problems.ts';
import type { Started } from '../schemas.ts';

/** What a caller asks for. The run's id is generated here. */
export type Wanted = Omit<RunRequest, 'runId'>;

/**
 * Two requests that ask for the same thing. The caller does not count: the session of a role has another name each
 * time.
 */
const sameDemand = (a: Wanted, b: Wanted) =>
  a.job === b.job && JSON.stringify([a.accept, a.resend]) === JSON.stringify([b.accept, b.resend]);

/**
 * Starts a run, or finds the one that the same idempotency key has started.
 *
 * @throws ProblemError (409) when another run of the job is under way, (422) when the key stands for something else
 */
export async function startRun(
  dependencies: ApiDependencies,
  wanted: Wanted,
  key: string | undefined,
): Promise<Started> {
  const { runs, requests, logger, now } = dependencies;
  const { job } = wanted;
  const earlier = key === undefined ? undefined : await requests.findByKey(job, key);
  if (earlier) return repeat(dependencies, wanted, earlier);

  const holder = await runs.readHolder(job);
  if (holder?.alive) await assertEnded(dependencies, job, holder.runId);
  const parked = await runs.findParkedRun(job);
  if (parked !== undefined && (await runs.getOfJob(job, parked))?.state === 'queued')
    throw runUnderWay(job, parked);
  const request: RunRequest = { ...wanted, runId: newRunId(now?.()) };
  const stored = { requestedAt: new Date().toISOString(), request };
  const claimed = key === undefined ? request : await requests.claimKey(key, stored);
  if (claimed.runId !== request.runId) return repeat(dependencies, wanted, claimed);
  const traceparent = activeTraceparent();
  if (traceparent !== undefined) await runs.noteTrace(job, { runId: request.runId, traceparent });
  await deliver(dependencies, request);
  logger.info({ ...request, run: request.runId }, 'run requested');
  return { runId: request.runId, job, state: 'queued' };
}

/** A run releases its lease after its record says how it ended: a caller who saw that may start the next run. */
async function assertEnded({ runs }: ApiDependencies, job: string, runId: string | undefined): Promise<void> {
  if (runId === undefined)
    throw new ProblemError(
      409,
      `A run of ${job} may be under way: its lease cannot be read. Try again in a minute.`,
    );
  const record = await runs.getOfJob(job, runId);
  if (record && isFinished(record)) return;
  throw runUnderWay(job, runId);
}

/**
 * The same request again. It starts the run only if that has not begun yet, because the first delivery may have failed.
 */
async function repeat(dependencies: ApiDependencies, wanted: Wanted, earlier: RunRequest): Promise<Started> {
  if (!sameDemand(wanted, earlier)) {
    throw new ProblemError(422, 'This Idempotency-Key was used for another request; use a new one.');
  }
  const { job, runId } = earlier;
  const record = await dependencies.runs.getOfJob(job, runId);
  // One that waits may have lost the process that was to begin it.
  if (record && record.state !== 'queued') return { runId, job, state: record.state };
  await deliver(dependencies, earlier);
  return { runId, job, state: 'queued' };
}

/** Stored first, so that a caller who knows the id can find the run. */
async function deliver({ requests, start }: ApiDependencies, request: RunRequest): Promise<void> {
  if (!(await requests.find(request.runId)))
    await requests.save({ requestedAt: new Date().toISOString(), request });
  await start(request);
}
