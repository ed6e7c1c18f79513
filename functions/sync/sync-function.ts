import { checkJob } from '../../shared/checks/check-job.ts';
import { answerQueryProbe } from '../../shared/checks/query-probe.ts';
import { executeSync } from '../../shared/sync/execute-sync.ts';
import {
  createJobFunction,
  type JobFunction,
  type JobFunctionDependencies,
  type JobWork,
} from '../jobs/job-function.ts';

const syncs: JobWork = {
  kind: 'sync',
  check: checkJob,
  describe: answerQueryProbe,
  run: (event, work) => executeSync(work, 'runId' in event ? event : {}),
};

/** The function for syncs, without Lambda around it. */
export function createSyncFunction(dependencies: JobFunctionDependencies): JobFunction {
  return createJobFunction(dependencies, syncs);
}
