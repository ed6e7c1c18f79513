import { checkJob } from '../../shared/checks/check-job.ts';
import { runSync } from '../../shared/sync/run-sync.ts';
import { acceptRefused } from '../../shared/sync/upload/accept-refused.ts';
import { resendArchived } from '../../shared/sync/upload/resend-archived.ts';
import {
  createJobFunction,
  type JobFunction,
  type JobFunctionDependencies,
  type JobWork,
} from '../jobs/job-function.ts';

const syncs: JobWork = {
  kind: 'sync',
  check: checkJob,
  run(event, work) {
    if ('accept' in event && event.accept) return acceptRefused(work, event.accept.runId, event.accept.why);
    if ('resend' in event && event.resend) return resendArchived(work, event.resend.runId, event.resend.why);
    return runSync(work);
  },
};

/** The function for syncs, without Lambda around it. */
export function createSyncFunction(dependencies: JobFunctionDependencies): JobFunction {
  return createJobFunction(dependencies, syncs);
}
