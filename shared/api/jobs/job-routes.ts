import pLimit from 'p-limit';
import { StateError } from '../../errors.ts';
import type { Api } from '../api.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { unknownName } from '../problems.ts';
import { getJob, listJobRuns, listJobs, postRun } from '../routes.ts';
import { showRuns } from '../runs/find-run.ts';
import { startRun } from '../runs/start-run.ts';
import type { JobDetail } from '../schemas.ts';
import { addCheckRoutes } from './check-routes.ts';
import type { IndexedJob } from './job-index.ts';
import { plannedRuns, recentRunsOf, showJob, skippedBy } from './show-job.ts';

const SHOWN_RUNS = 5;
const READS_AT_ONCE = 50;

/** The routes below `/jobs`. */
export function addJobRoutes(api: Api, dependencies: ApiDependencies): void {
  const { runs, readJobs, logger } = dependencies;
  const findJob = async (name: string): Promise<IndexedJob> => {
    const jobs = await readJobs();
    const job = Object.hasOwn(jobs, name) ? jobs[name] : undefined;
    if (!job) throw unknownName('job', name, Object.keys(jobs));
    return job;
  };

  /** What is there and cannot be read is no reason to hide the rest of the job. */
  const showBaseline = async (job: string): Promise<Pick<JobDetail, 'baseline' | 'unreadable'>> => {
    try {
      const stored = await runs.readBaseline(job);
      if (!stored) return {};
      const { schemaVersion: _schemaVersion, ...baseline } = stored;
      return { baseline };
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      logger.error({ class: error.class, job }, error.message);
      return { unreadable: [error.message, error.hint ?? ''].join(' ').trim() };
    }
  };

  api.openapi(listJobs, async (context) => {
    const { runs: wanted } = context.req.valid('query');
    const [jobs, states] = await Promise.all([readJobs(), runs.listJobStates()]);
    const someRun = [...states.values()].some(({ running }) => running !== undefined);
    const living = someRun ? await runs.listLivingJobs() : new Set<string>();
    const now = new Date();
    const names = Object.keys(jobs).sort();
    // Each is a small document of its own.
    const atOnce = pLimit(READS_AT_ONCE);
    const shown = names.map(async (name) => {
      const job = jobs[name];
      if (!job) return [];
      const [nextRun] = plannedRuns(job, now, 1);
      const state = states.get(name);
      const facts = showJob(name, job, state, living.has(name));
      const recentRuns =
        wanted === 0 ? undefined : recentRunsOf(await atOnce(() => runs.readRecent(name)), state, wanted);
      return [
        {
          ...facts,
          ...(nextRun === undefined ? {} : { nextRun }),
          ...(recentRuns === undefined ? {} : { recentRuns }),
        },
      ];
    });
    return context.json({ jobs: (await Promise.all(shown)).flat() }, 200);
  });

  api.openapi(getJob, async (context) => {
    const { job: name } = context.req.valid('param');
    const job = await findJob(name);
    const [states, holder, baseline] = await Promise.all([
      runs.listJobStates(name),
      runs.readHolder(name),
      showBaseline(name),
    ]);
    const state = states.get(name);
    const alive = holder?.alive === true && holder.runId === state?.running?.runId;
    const facts = showJob(name, job, state, alive);
    const now = new Date();
    const nextRuns = plannedRuns(job, now, SHOWN_RUNS);
    const skippedRuns = skippedBy(job, now);
    const planned = { nextRuns, ...(skippedRuns.length === 0 ? {} : { skippedRuns }) };
    return context.json({ ...facts, ...planned, ...baseline }, 200);
  });

  addCheckRoutes(api, dependencies, findJob);

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
