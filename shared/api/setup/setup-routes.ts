import type { MiddlewareHandler } from 'hono';
import { toEventBridgeSchedule, writtenSchedule } from '../../config/schedule/eventbridge-schedule.ts';
import { parseSchedule } from '../../config/schedule/parse-schedule.ts';
import { schedule as scheduleSchema } from '../../config/schema/ferry-config.ts';
import { ConfigError } from '../../errors.ts';
import type { Api } from '../api.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { JobIndex } from '../jobs/job-index.ts';
import { plannedRuns, skippedBy } from '../jobs/show-job.ts';
import { ProblemError } from '../problems.ts';
import { getPlannedRuns, getSetup, postColumns, postConfig } from '../routes.ts';
import type { SetupHost } from './setup-host.ts';
import type { Setup } from './setup-schemas.ts';

const SHOWN_RUNS = 5;
const MOST_LEVELS = 12;
/** Each is compared with the names that are known, in the process that also runs jobs. */
const MOST_VALUES = 2_000;

/** The routes below `/setup`: what a form needs to put a new job together. Nothing is stored. */
export function addSetupRoutes(
  api: Api,
  { readJobs, setup, now = () => new Date() }: Pick<ApiDependencies, 'readJobs' | 'setup' | 'now'>,
): void {
  const scheduler = setup?.scheduler ?? 'eventbridge';
  const show = async (): Promise<Setup> => {
    const index = await readJobs();
    const known: SetupHost['names'] = setup?.names ?? namesIn(index);
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

  // The validator lets a request without a body pass.
  const refuseNothing: MiddlewareHandler = async (context, next) => {
    if (context.req.method === 'POST' && (await context.req.text()) === '')
      throw new ProblemError(400, 'body: expected JSON', {
        members: { errors: [{ path: 'body', message: 'expected JSON' }] },
      });
    await next();
  };
  for (const { path } of [postConfig, postColumns]) api.use(path, refuseNothing);

  api.openapi(postConfig, async (context) => {
    const part = context.req.valid('json');
    // Which also has the names that a parsed object loses.
    const raw: unknown = await context.req.json();
    if (isDeeperThan(raw, MOST_LEVELS)) throw wrong('body', `expected at most ${MOST_LEVELS} levels`);
    if (countValues(raw) > MOST_VALUES)
      throw wrong('body', `expected at most ${MOST_VALUES} names and values; add the others later`);
    const { answerConfig } = await import('./answer-config.ts');
    return context.json(answerConfig(part, raw, await show(), scheduler), 200);
  });

  api.openapi(postColumns, async (context) => {
    if (!setup?.describe)
      throw new ProblemError(404, 'This host describes no queries that its configuration does not have.');
    const question = context.req.valid('json');
    if ((question.source === undefined) === (question.credentials === undefined))
      throw wrong('body.source', 'expected exactly one of source and credentials');
    return context.json(await setup.describe(question, context.req.raw.signal), 200);
  });
}

/** As far as the jobs show it. */
function namesIn(index: JobIndex): Pick<Setup, 'sources' | 'targets'> {
  const jobs = Object.values(index);
  const sources = new Set(jobs.flatMap(({ source, sources: read = [] }) => (source ? [source] : read)));
  const targets = new Set(jobs.flatMap(({ target }) => (target === undefined ? [] : [target])));
  return { sources: [...sources].sort().map((name) => ({ name })), targets: [...targets].sort() };
}

/** Whatever nests them, the levels of ferry.yaml are few. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

/** Values, and groups of them. */
const countValues = (value: unknown): number =>
  value === null || typeof value !== 'object'
    ? 1
    : Object.values(value).reduce((sum: number, inner) => sum + countValues(inner), 1);

const wrong = (path: string, message: string) =>
  new ProblemError(422, `${path}: ${message}`, { members: { errors: [{ path, message }] } });
