import type { Api } from './api.ts';
import type { ApiDependencies } from './dependencies.ts';
import { showRuns } from './find-run.ts';
import type { IndexedJob } from './job-index.ts';
import { unknownName } from './problems.ts';
import { getJob, listJobRuns, listJobs, postRun } from './routes.ts';
import { plannedRuns, showJob } from './show-job.ts';
import { startRun } from './start-run.ts';

const SHOWN_RUNS = 5;

/** The routes below `/jobs`. */
export function addJobRoutes(api: Api, dependencies: ApiDependencies): void {
  const { runs, readJobs } = dependencies;
  const findJob = async (name: string): Promise<IndexedJob> => {
    const jobs = await readJobs();
    const job = Object.hasOwn(jobs, name) ? jobs[name] : undefined;
    if (!job) throw unknownName('job', name, Object.keys(jobs));
    return job;
  };

  api.openapi(listJobs, async (context) => {
    const [jobs, states] = await Promise.all([readJobs(), runs.listJobStates()]);
    const someRun = [...states.values()].some(({ running }) => running !== undefined);
    const living = someRun ? await runs.listLivingJobs() : new Set<string>();
    const now = new Date();
    const names = Object.keys(jobs).sort();
    const shown = names.flatMap((name) => {
      const job = jobs[name];
      if (!job) return [];
      const [nextRun] = plannedRuns(job, now, 1);
      const facts = showJob(name, job, states.get(name), living.has(name));
      return [{ ...facts, ...(nextRun === undefined ? {} : { nextRun }) }];
    });
    return context.json({ jobs: shown }, 200);
  });

  api.openapi(getJob, async (context) => {
    const { job: name } = context.req.valid('param');
    const job = await findJob(name);
    const [states, holder, stored] = await Promise.all([
      runs.listJobStates(name),
      runs.readHolder(name),
      runs.readBaseline(name),
    ]);
    const state = states.get(name);
    const alive = holder?.alive === true && holder.runId === state?.running?.runId;
    const facts = showJob(name, job, state, alive);
    const nextRuns = plannedRuns(job, new Date(), SHOWN_RUNS);
    if (!stored) return context.json({ ...facts, nextRuns }, 200);
    const { schemaVersion: _schemaVersion, ...baseline } = stored;
    return context.json({ ...facts, nextRuns, baseline }, 200);
  });

  api.openapi(postRun, async (context) => {
    const { job } = context.req.valid('param');
    await findJob(job);
    const key = context.req.valid('header')['idempotency-key'];
    const started = await startRun(dependencies, { job, triggeredBy: context.env.caller }, key);
    return context.json(started, 202, { location: `../../runs/${started.runId}` });
  });

  api.openapi(listJobRuns, async (context) => {
    const { job } = context.req.valid('param');
    await findJob(job);
    const { limit, cursor } = context.req.valid('query');
    const page = await runs.listPage({ job, limit, ...(cursor === undefined ? {} : { after: cursor }) });
    return context.json(await showRuns(dependencies, page), 200);
  });
}
