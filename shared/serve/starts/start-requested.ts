import { ProblemError, runUnderWay } from '../../api/problems.ts';
import type { RunRequest } from '../../runs/records/run-request.ts';
import type { RunPool } from '../pool/run-pool.ts';

/**
 * Starts a run that a caller of the API has asked for.
 *
 * @param how `record`: writes that it will take place, before anybody is told so; `at once`: only this process can do it
 * @throws ProblemError (503) when the process is about to end, (409) that names a run of the job which is under way
 */
export async function startRequested(
  pool: Pick<RunPool, 'closed' | 'runOf' | 'start'>,
  request: RunRequest,
  how: { record: () => Promise<void> } | 'at once',
): Promise<void> {
  if (pool.closed)
    throw new ProblemError(503, 'This process is about to end. Send the request again.', {
      headers: { 'retry-after': '5' },
    });
  const other = pool.runOf(request.job);
  if (other !== undefined && other !== request.runId) throw runUnderWay(request.job, other);
  if (how === 'at once') {
    pool.start(request, { atOnce: true });
    return;
  }
  // Of many requests at once, the first has the place before it is recorded.
  const recorded = how.record();
  pool.start(request, { recorded });
  await recorded;
}
