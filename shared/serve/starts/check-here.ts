import pLimit from 'p-limit';
import { ProblemError } from '../../api/problems.ts';
import { checkExtractionJob } from '../../checks/check-extraction-job.ts';
import { checkJob } from '../../checks/check-job.ts';
import { failedCheck } from '../../checks/check-result.ts';
import { kindOfJob } from '../../config/job-kind.ts';
import { DeadlineError } from '../../errors.ts';
import { findExtraction } from '../../extraction/extraction-work.ts';
import { CHECK_MS, type CheckRequest, recordJobCheck } from '../../runs/records/job-check.ts';
import { BETWEEN_CHECKS_MS, RefusedLogins } from '../../source/credentials/refused-logins.ts';
import type { StartupCheckOptions } from '../startup-checks.ts';

// Each opens connections to a source.
const AT_ONCE = 2;
// One for each of many jobs, each asked for by somebody who waits.
const WAITING = 10;

/**
 * Checks jobs in this process, when callers of the API ask for it; the results are in the state.
 *
 * @returns gives the id of the check that answers: the request's, or that of one that waits or is under way; throws
 * ProblemError (503) when too many wait
 */
export function createCheckStarter(
  options: Omit<StartupCheckOptions, 'checkMs'>,
): (request: CheckRequest) => Promise<string> {
  const limit = pLimit(AT_ONCE);
  /** The check of each job that waits or is under way. */
  const unfinished = new Map<string, string>();
  const finish = ({ job, id }: CheckRequest) => {
    if (unfinished.get(job) === id) unfinished.delete(job);
  };
  const refusals = new RefusedLogins({ forgetMs: BETWEEN_CHECKS_MS });
  const { openOutput, logger, ...reading } = options;
  const check = (request: CheckRequest) =>
    recordJobCheck(request, options.state, async (progress) => {
      const late = AbortSignal.timeout(CHECK_MS);
      const { job } = request;
      const work = {
        ...reading,
        ...progress,
        refusals,
        job,
        signal: AbortSignal.any([options.signal, late]),
      };
      try {
        if (kindOfJob(options.config, job) === 'sync') return await checkJob(work);
        const { output } = findExtraction(options.config, job).extraction;
        return await checkExtractionJob({ ...work, output: await openOutput(output) });
      } catch (error) {
        const reason = late.aborted ? new DeadlineError('The check took longer than 3 minutes.') : error;
        return [failedCheck('check', reason)];
      } finally {
        // Before its end is recorded: a caller who reads that may ask for the next check at once.
        finish(request);
      }
    });
  return async (request) => {
    const { job } = request;
    const other = unfinished.get(job);
    if (other !== undefined) return other;
    if (limit.pendingCount >= WAITING)
      throw new ProblemError(503, 'Too many checks wait for their turn. Ask again when some have ended.', {
        headers: { 'retry-after': '30' },
      });
    logger.info({ job, triggeredBy: request.requestedBy }, 'check requested');
    unfinished.set(job, request.id);
    // Whoever asked looks for the results.
    void limit(() => check(request))
      .catch(() => {})
      .finally(() => finish(request));
    return request.id;
  };
}
