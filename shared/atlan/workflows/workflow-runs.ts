import type { ApiDependencies } from '../../api/dependencies.ts';
import { ProblemError } from '../../api/problems.ts';
import { findRun } from '../../api/runs/find-run.ts';
import type { Run } from '../../api/schemas.ts';
import { NAME_FORM } from '../../config/job-name.ts';
import { isRunId } from '../../runs/run-id.ts';
import { AtlanError } from '../answers.ts';
import type { AtlanDependencies } from '../atlan-dependencies.ts';
import { findConfiguredWorkflow } from './configured-workflows.ts';

/** A run of a workflow, as far as callers see it. */
export type WorkflowRun = Pick<
  Run,
  'id' | 'job' | 'state' | 'error' | 'startedAt' | 'endedAt' | 'rows' | 'manifest'
> &
  Partial<Pick<Run, 'bytes' | 'warnings'>>;

// A run is begun at once, and its record written before it asks its source; another process may have to be waited for.
const BEGIN_MS = 120_000;

/**
 * A run of a workflow.
 *
 * @throws AtlanError (404) when the workflow has no such run
 */
export async function findWorkflowRun(
  dependencies: ApiDependencies,
  workflowId: string,
  runId: string,
  now: number,
): Promise<WorkflowRun> {
  const job = await jobOf(dependencies, workflowId);
  // Documents are named in small letters; a UUID means the same in capitals.
  const id = runId.toLowerCase();
  const found = isRunId(id) ? await find(dependencies, id, now) : undefined;
  if (found?.job === job) return found;
  throw new AtlanError(404, `The workflow "${workflowId}" has no run "${runId}".`);
}

/**
 * The newest run of a workflow.
 *
 * @returns undefined for one that has been defined, and whose first run has no record yet
 * @throws AtlanError (404) when there is no such workflow, or it has not run
 */
export async function findNewestRun(
  dependencies: ApiDependencies,
  { own }: Pick<AtlanDependencies, 'own'>,
  workflowId: string,
  now: number,
): Promise<WorkflowRun | undefined> {
  const job = await jobOf(dependencies, workflowId);
  const id = await newestRunId(dependencies, job);
  const found = id === undefined ? undefined : await find(dependencies, id, now);
  if (found) return found;
  if (await own?.configs.find(job)) return undefined;
  throw new AtlanError(404, `There is no workflow "${workflowId}", or it has not run yet.`);
}

/** The id of the newest run of a workflow's job: the one that is under way, or the last. */
export async function newestRunId({ runs }: ApiDependencies, job: string): Promise<string | undefined> {
  const [holder, states] = await Promise.all([runs.readHolder(job), runs.listJobStates(job)]);
  return (holder?.alive ? holder.runId : undefined) ?? states.get(job)?.last.runId;
}

/** The job that runs a workflow: an extraction of the configuration, or one with the workflow's own id. */
async function jobOf({ readJobs }: ApiDependencies, workflowId: string): Promise<string> {
  const jobs = await readJobs();
  const job = findConfiguredWorkflow(jobs, workflowId)?.job;
  if (job !== undefined) return job;
  // A sync is no workflow: whoever may stop workflows may not stop it here.
  if (NAME_FORM.test(workflowId) && !Object.hasOwn(jobs, workflowId)) return workflowId;
  throw new AtlanError(404, `There is no workflow "${workflowId}".`);
}

async function find(
  dependencies: ApiDependencies,
  runId: string,
  now: number,
): Promise<WorkflowRun | undefined> {
  try {
    const run = await findRun(dependencies, runId);
    // One that is no longer in the configuration.
    return run.kind === 'sync' ? undefined : run;
  } catch (error) {
    if (!(error instanceof ProblemError && error.status === 404)) throw error;
  }
  // Requested, and about to begin; unless its process has ended before.
  const stored = await dependencies.requests.find(runId);
  if (!stored) return undefined;
  const { job } = stored.request;
  if (now - Date.parse(stored.requestedAt) < BEGIN_MS) return { id: runId, job, state: 'queued' };
  const message = 'The process that was to begin this run ended before.';
  return { id: runId, job, state: 'failed', error: { class: 'LostError', message } };
}
