import { isFinished } from '../../runs/records/run-record.ts';
import type { Api } from '../api.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ProblemError } from '../problems.ts';
import { acceptRun, cancelRun, getRun, getRunLog, getRunManifest, listRuns, resendRun } from '../routes.ts';
import type { Run } from '../schemas.ts';
import { findRun, showRuns } from './find-run.ts';
import { startRun, type Wanted } from './start-run.ts';

/** The routes below `/runs`. */
export function addRunRoutes(api: Api, dependencies: ApiDependencies): void {
  const { runs, readJobs, logger } = dependencies;

  api.openapi(listRuns, async (context) => {
    const { limit, cursor } = context.req.valid('query');
    const page = await runs.listPage({ limit, ...(cursor === undefined ? {} : { after: cursor }) });
    return context.json(await showRuns(dependencies, page), 200);
  });

  api.openapi(getRun, async (context) => {
    const run = await findRun(dependencies, context.req.valid('param').id);
    return context.json({ ...run, actions: await actionsOf(run) }, 200);
  });

  api.openapi(getRunLog, async (context) => {
    const { id, job } = await findRun(dependencies, context.req.valid('param').id);
    if (!dependencies.readLog)
      throw new ProblemError(404, 'This host keeps no log of runs that it can read: use ferry logs.');
    return context.json({ lines: await dependencies.readLog({ id, job }) }, 200);
  });

  api.openapi(getRunManifest, async (context) => {
    const { id, job, manifest } = await findRun(dependencies, context.req.valid('param').id);
    if (manifest === undefined) throw new ProblemError(404, `Run ${id} has written no manifest.`);
    const found = await dependencies.readManifest?.({ id, job, manifest });
    if (found === undefined)
      throw new ProblemError(404, `The manifest of run ${id} cannot be read from here: it is ${manifest}.`);
    return context.json(found as { schemaVersion: number }, 200);
  });

  /** What its routes would not refuse. */
  async function actionsOf(run: Run): Promise<NonNullable<Run['actions']>> {
    const { id, job, kind, state, error } = run;
    if (!isFinished({ state })) return state === 'ingesting' ? [] : ['cancel'];
    if (kind !== 'sync' || !Object.hasOwn(await readJobs(), job)) return [];
    const [refused, archived] = await Promise.all([
      error?.class === 'GuardError' ? runs.hasRefused(job, id) : false,
      runs.hasArchived(job, id),
    ]);
    return [...(refused ? (['accept'] as const) : []), ...(archived ? (['resend'] as const) : [])];
  }

  api.openapi(cancelRun, async (context) => {
    const { id, job, state } = await findRun(dependencies, context.req.valid('param').id);
    if (isFinished({ state })) throw new ProblemError(409, `Run ${id} has already ended (${state}).`);
    if (state === 'ingesting')
      throw new ProblemError(409, `Run ${id} has already uploaded its file, and Polyteia is reading it.`);
    await runs.requestCancel(job, id, context.env.caller);
    logger.info({ run: id, job, triggeredBy: context.env.caller }, 'cancel requested');
    // It has no heartbeat that would notice.
    if ((await runs.findParkedRun(job)) === id)
      await dependencies.start({ job, runId: id, triggeredBy: context.env.caller });
    return context.json({ runId: id, job, cancelRequested: true as const }, 202);
  });

  api.openapi(acceptRun, async (context) => {
    const run = await findRun(dependencies, context.req.valid('param').id);
    assertSends(run);
    if (run.error?.class !== 'GuardError')
      throw new ProblemError(409, `Run ${run.id} was not refused by a guard.`);
    await assertStillConfigured(run);
    if (!(await runs.hasRefused(run.job, run.id)))
      throw new ProblemError(409, `The refused file of run ${run.id} is no longer kept; run the job again.`);
    const demand = {
      ...demandOf(run, context.env.caller),
      accept: sendAgain(run, context.req.valid('json').why),
    };
    const started = await startRun(dependencies, demand, context.req.valid('header')['idempotency-key']);
    return context.json(started, 202, { location: `../${started.runId}` });
  });

  api.openapi(resendRun, async (context) => {
    const run = await findRun(dependencies, context.req.valid('param').id);
    assertSends(run);
    await assertStillConfigured(run);
    if (!(await runs.hasArchived(run.job, run.id)))
      throw new ProblemError(409, `There is no archived file of run ${run.id}.`);
    const demand = {
      ...demandOf(run, context.env.caller),
      resend: sendAgain(run, context.req.valid('json').why),
    };
    const started = await startRun(dependencies, demand, context.req.valid('header')['idempotency-key']);
    return context.json(started, 202, { location: `../${started.runId}` });
  });

  async function assertStillConfigured({ id, job }: Run): Promise<void> {
    if (!Object.hasOwn(await readJobs(), job))
      throw new ProblemError(409, `The job "${job}" of run ${id} is no longer configured.`);
  }
}

function assertSends({ id, job, kind }: Run): void {
  if (kind === 'sync') return;
  throw new ProblemError(
    409,
    `Run ${id} belongs to the extraction "${job}", which sends nothing to Polyteia: run the job again.`,
  );
}

const demandOf = ({ job }: Run, caller: string): Wanted => ({ job, triggeredBy: caller });

const sendAgain = ({ id }: Run, why: string | undefined) => ({
  runId: id,
  ...(why === undefined ? {} : { why }),
});
