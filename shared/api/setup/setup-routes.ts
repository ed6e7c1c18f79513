import { toEventBridgeSchedule, writtenSchedule } from '../../config/schedule/eventbridge-schedule.ts';
import { parseSchedule } from '../../config/schedule/parse-schedule.ts';
import { schedule as scheduleSchema } from '../../config/schema/ferry-config.ts';
import { ConfigError } from '../../errors.ts';
import type { Api } from '../api.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { JobIndex } from '../job-index.ts';
import { ProblemError } from '../problems.ts';
import { getPlannedRuns, getSetup, postColumns, postConfig } from '../routes.ts';
import { plannedRuns, skippedBy } from '../show-job.ts';
import { checkConfigPart } from './check-config-part.ts';
import { secretStepsOf } from './secret-steps.ts';
import type { Setup } from './setup-schemas.ts';
import { writeConfigPart } from './write-config-part.ts';

const SHOWN_RUNS = 5;

/** The routes below `/setup`: what a form needs to put a new job together. Nothing is stored. */
export function addSetupRoutes(
  api: Api,
  { readJobs, setup, now = () => new Date() }: Pick<ApiDependencies, 'readJobs' | 'setup' | 'now'>,
): void {
  const scheduler = setup?.scheduler ?? 'eventbridge';
  const show = async (): Promise<Setup> => {
    const index = await readJobs();
    const known = setup?.names ?? namesIn(index);
    return {
      ...known,
      jobs: Object.keys(index).sort(),
      acceptsCredentials: setup?.acceptsCredentials ?? false,
      describesQueries: setup?.describe !== undefined,
      startsNew: setup?.startsNew ?? false,
    };
  };

  api.openapi(getSetup, async (context) => context.json(await show(), 200));

  api.openapi(getPlannedRuns, (context) => {
    const { data: given, error } = scheduleSchema.safeParse(context.req.valid('query'));
    if (!given) throw wrong('query.timezone', `expected ${error.issues[0]?.message}`);
    try {
      parseSchedule(given.cron);
      if (scheduler === 'eventbridge') toEventBridgeSchedule(given);
    } catch (thrown) {
      if (thrown instanceof ConfigError) throw wrong('query.cron', thrown.message);
      throw thrown;
    }
    const at = now();
    return context.json(
      {
        ...writtenSchedule(given),
        nextRuns: plannedRuns({ kind: 'sync', schedule: given }, at, SHOWN_RUNS),
        skippedRuns: skippedBy({ kind: 'sync', schedule: given }, at),
      },
      200,
    );
  });

  api.openapi(postConfig, async (context) => {
    const part = context.req.valid('json');
    const problems = checkConfigPart(part, await context.req.json(), await show(), scheduler);
    return context.json({ yaml: writeConfigPart(part), problems, ...secretStepsOf(part) }, 200);
  });

  api.openapi(postColumns, async (context) => {
    if (!setup?.describe)
      throw new ProblemError(404, 'This host describes no queries that its configuration does not have.');
    return context.json(await setup.describe(context.req.valid('json')), 200);
  });
}

/** As far as the jobs show it. */
function namesIn(index: JobIndex): Pick<Setup, 'sources' | 'targets'> {
  const jobs = Object.values(index);
  const sources = new Set(jobs.flatMap(({ source, sources: read = [] }) => (source ? [source] : read)));
  const targets = new Set(jobs.flatMap(({ target }) => (target === undefined ? [] : [target])));
  return { sources: [...sources].sort().map((name) => ({ name })), targets: [...targets].sort() };
}

const wrong = (path: string, message: string) =>
  new ProblemError(400, `${path}: ${message}`, { members: { errors: [{ path, message }] } });
