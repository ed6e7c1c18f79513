import type { Api } from '../../api/api.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { isFinished } from '../../runs/records/run-record.ts';
import { type Clock, realClock } from '../../sleep.ts';
import { AtlanError } from '../answers.ts';
import type { AtlanDependencies } from '../atlan-dependencies.ts';
import { readBody } from '../read-body.ts';
import { readFlag } from '../read-flag.ts';
import { startWorkflow } from './start-workflow.ts';
import { findNewestRun, findWorkflowRun, newestRunId, type WorkflowRun } from './workflow-runs.ts';
import { secondsOf, statusOf } from './workflow-status.ts';

// One read of a record, while a caller waits.
const LOOK_MS = 500;

/** The routes of the runs of workflows: `/start`, `/status`, `/stop`, `/result`. */
export function addWorkflowRoutes(api: Api, dependencies: ApiDependencies, atlan: AtlanDependencies): void {
  const { runs, logger } = dependencies;
  const { waitMs, clock = realClock } = atlan;

  api.post('/workflows/v1/start', async (context) => {
    const body = await readBody(context);
    const data = await startWorkflow(dependencies, atlan, body, context.env.caller);
    return context.json({ success: true, message: 'Workflow started successfully', data });
  });

  api.get('/workflows/v1/status/:workflow/:run', async (context) => {
    const { workflow, run: runId } = context.req.param();
    const run = await findWorkflowRun(dependencies, workflow, runId, clock.now());
    return context.json({
      success: true,
      message: 'Workflow status fetched successfully',
      data: {
        workflow_id: workflow,
        run_id: run.id,
        status: statusOf(run),
        execution_duration_seconds: secondsOf(run, clock.now()),
        last_executed_run_id: (await newestRunId(dependencies, run.job)) ?? run.id,
      },
    });
  });

  api.post('/workflows/v1/stop/:workflow/:run', async (context) => {
    const { workflow, run: runId } = context.req.param();
    const { id, job, state } = await findWorkflowRun(dependencies, workflow, runId, clock.now());
    if (isFinished({ state })) throw new AtlanError(409, `The run "${id}" has already ended.`);
    await runs.requestCancel(job, id, context.env.caller);
    logger.info({ run: id, job, triggeredBy: context.env.caller }, 'cancel requested');
    return context.json({ success: true });
  });

  api.get('/workflows/v1/result/:workflow', async (context) => {
    const { workflow } = context.req.param();
    const waits = readFlag('wait', context.req.query('wait'));
    const { signal } = context.req.raw;
    const find = () => findNewestRun(dependencies, atlan, workflow, clock.now());
    const run = waits ? await waitForEnd(find, { waitMs, clock, signal }) : await find();
    return context.json(showResult(workflow, run));
  });
}

/** Asks until the run has ended, or the time is over, or the caller has gone. */
async function waitForEnd(
  find: () => Promise<WorkflowRun | undefined>,
  { waitMs, clock, signal }: { waitMs: number; clock: Clock; signal: AbortSignal },
): Promise<WorkflowRun | undefined> {
  const end = clock.now() + waitMs;
  for (;;) {
    const run = await find();
    if ((run && isFinished(run)) || clock.now() + LOOK_MS > end || signal.aborted) return run;
    await clock.sleep(LOOK_MS, signal).catch(() => {});
  }
}

function showResult(workflowId: string, run: WorkflowRun | undefined) {
  const status = run === undefined ? 'RUNNING' : statusOf(run);
  const about = (state: string) => ({ status: state, workflow_id: workflowId });
  if (run === undefined || status === 'RUNNING') {
    const message = 'Workflow is still running';
    return { success: true, message, data: { ...about('running'), message } };
  }
  if (status === 'COMPLETED') {
    const { id, rows = 0, bytes = 0, manifest, warnings = [] } = run;
    const result = { workflow_id: workflowId, run_id: id, entities: rows, bytes, manifest, warnings };
    return { success: true, message: 'Workflow completed', data: { ...about('completed'), result } };
  }
  const reason = run.error?.message ?? `Workflow ${status.toLowerCase()}`;
  return { success: false, message: 'Workflow failed', data: { ...about('failed'), error: reason } };
}
