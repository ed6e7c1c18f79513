import { createRoute, type z } from '@hono/zod-openapi';
import {
  cancelledSchema,
  checkStartedSchema,
  healthSchema,
  jobDetailSchema,
  jobListSchema,
  jobParam,
  jobsQuery,
  keyHeader,
  manifestDocumentSchema,
  noQuery,
  nothingSchema,
  pageQuery,
  problemSchema,
  runListSchema,
  runLogSchema,
  runParam,
  runSchema,
  shownCheckSchema,
  startedSchema,
  whySchema,
} from './schemas.ts';
import {
  columnsQuestionSchema,
  configPartSchema,
  describedQuerySchema,
  plannedSchema,
  scheduleQuery,
  setupSchema,
  writtenConfigSchema,
} from './setup/setup-schemas.ts';

/** Every route of the API. The OpenAPI document and the router both use these. */

const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const body = <Schema extends z.ZodType>(schema: Schema) => ({
  required: false,
  content: { 'application/json': { schema } },
});
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});
const failures = {
  401: problem('Behind ferry serve: the API token is missing or wrong.'),
  403: problem('Behind ferry serve without a token: the caller is no program of that machine.'),
  400: problem('The request does not match the route; `errors` says where.'),
  500: problem('A defect; see the log for details.'),
  503: problem('The state cannot be reached; try again.'),
};
const bodyFailures = { 413: problem('The body is too large.'), 415: problem('The body is not JSON.') };
const unknown = { 404: problem('Not found; the answer names the nearest match.') };
const starts = {
  202: {
    ...json(startedSchema, 'The run was requested.'),
    headers: {
      // The stage, or another proxy, may put a prefix before the path: only a relative address is always right.
      Location: {
        description: 'Address of the run, relative to the address of the request.',
        required: true,
        schema: { type: 'string' as const },
      },
    },
  },
  409: problem('Another run of the job is under way (`runId`), or there is nothing to send.'),
  422: problem('The Idempotency-Key was used for another request.'),
  ...unknown,
  ...failures,
  503: problem('The state cannot be reached, or the function cannot be started; try again.'),
  ...bodyFailures,
};

export const healthz = createRoute({
  method: 'get',
  path: '/healthz',
  summary: 'Is the API alive?',
  security: [],
  responses: { 200: json(healthSchema, 'The API is alive.') },
});

export const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  summary: 'Can the API read the jobs and their state?',
  request: { query: noQuery },
  responses: { 200: json(healthSchema, 'Jobs and state are readable.'), ...failures },
});

export const listJobs = createRoute({
  method: 'get',
  path: '/jobs',
  summary: 'All jobs, with the results of their newest runs',
  request: { query: jobsQuery },
  responses: { 200: json(jobListSchema, 'The jobs, by name.'), ...failures },
});

export const getJob = createRoute({
  method: 'get',
  path: '/jobs/{job}',
  summary: 'One job: its next runs, its newest runs, its baseline',
  request: { params: jobParam, query: noQuery },
  responses: { 200: json(jobDetailSchema, 'The job.'), ...unknown, ...failures },
});

export const postRun = createRoute({
  method: 'post',
  path: '/jobs/{job}/runs',
  summary: 'Start a run',
  request: { params: jobParam, query: noQuery, headers: keyHeader, body: body(nothingSchema) },
  responses: starts,
});

export const listJobRuns = createRoute({
  method: 'get',
  path: '/jobs/{job}/runs',
  summary: 'The runs of a job, newest first',
  request: { params: jobParam, query: pageQuery },
  responses: { 200: json(runListSchema, 'A page of runs.'), ...unknown, ...failures },
});

export const listRuns = createRoute({
  method: 'get',
  path: '/runs',
  summary: 'The runs of all jobs, newest first',
  request: { query: pageQuery },
  responses: { 200: json(runListSchema, 'A page of runs.'), ...failures },
});

export const getRun = createRoute({
  method: 'get',
  path: '/runs/{id}',
  summary: 'One run',
  request: { params: runParam, query: noQuery },
  responses: { 200: json(runSchema, 'The run.'), ...unknown, ...failures },
});

export const cancelRun = createRoute({
  method: 'post',
  path: '/runs/{id}/cancel',
  summary: 'Ask a run to stop; it stops within ten seconds and leaves the dataset unchanged',
  request: { params: runParam, query: noQuery, body: body(nothingSchema) },
  responses: {
    202: json(cancelledSchema, 'Cancellation requested.'),
    409: problem('The run has ended.'),
    ...unknown,
    ...failures,
    ...bodyFailures,
  },
});

export const acceptRun = createRoute({
  method: 'post',
  path: '/runs/{id}/accept',
  summary: 'Send the file that a guard refused, unchanged, and compare later results with it',
  request: { params: runParam, query: noQuery, headers: keyHeader, body: body(whySchema) },
  responses: starts,
});

export const resendRun = createRoute({
  method: 'post',
  path: '/runs/{id}/resend',
  summary: 'Send the archived file of an earlier run',
  request: { params: runParam, query: noQuery, headers: keyHeader, body: body(whySchema) },
  responses: starts,
});

export const postCheck = createRoute({
  method: 'post',
  path: '/jobs/{job}/check',
  summary: 'Try everything that a run of the job needs; reads no row, uploads nothing',
  request: { params: jobParam, query: noQuery, body: body(nothingSchema) },
  responses: {
    202: json(
      checkStartedSchema,
      'The check was requested, or one of the job is under way: then this is its id.',
    ),
    ...unknown,
    ...failures,
    ...bodyFailures,
  },
});

export const getCheck = createRoute({
  method: 'get',
  path: '/jobs/{job}/check',
  summary: 'The newest check of a job; it grows while the check is under way',
  request: { params: jobParam, query: noQuery },
  responses: { 200: json(shownCheckSchema, 'The check.'), ...unknown, ...failures },
});

export const getRunLog = createRoute({
  method: 'get',
  path: '/runs/{id}/log',
  summary: 'The last lines of the log of a run, as far as this host keeps them',
  request: { params: runParam, query: noQuery },
  responses: { 200: json(runLogSchema, 'The lines, oldest first.'), ...unknown, ...failures },
});

export const getRunManifest = createRoute({
  method: 'get',
  path: '/runs/{id}/manifest',
  summary: 'What the run of an extraction has written: databases, counts and files',
  request: { params: runParam, query: noQuery },
  responses: { 200: json(manifestDocumentSchema, 'The manifest.'), ...unknown, ...failures },
});

export const getSetup = createRoute({
  method: 'get',
  path: '/setup',
  summary: 'What a new job can be put together from',
  request: { query: noQuery },
  responses: { 200: json(setupSchema, 'Sources, targets, and what this host does.'), ...failures },
});

export const getPlannedRuns = createRoute({
  method: 'get',
  path: '/setup/schedule',
  summary: 'When a schedule would run',
  request: { query: scheduleQuery },
  responses: {
    200: json(plannedSchema, 'The next runs.'),
    422: problem('There is no such schedule, or time zone.'),
    ...failures,
  },
});

export const postConfig = createRoute({
  method: 'post',
  path: '/setup/config',
  summary: 'Write and check lines of ferry.yaml; nothing is stored',
  request: { query: noQuery, body: { ...body(configPartSchema), required: true } },
  responses: {
    200: json(writtenConfigSchema, 'The lines, and what is wrong with them.'),
    422: problem('The body has too many levels, or values.'),
    ...failures,
    ...bodyFailures,
  },
});

export const postColumns = createRoute({
  method: 'post',
  path: '/setup/columns',
  summary: 'How the columns of a query would be written; reads no row',
  request: { query: noQuery, body: { ...body(columnsQuestionSchema), required: true } },
  responses: {
    200: json(describedQuerySchema, 'The columns.'),
    422: problem('The source refuses the query, or Ferry the source.'),
    502: problem('The source cannot be reached, or refused the login.'),
    504: problem('The source takes too long.'),
    ...unknown,
    ...failures,
    503: problem('Too many sources are being asked; try again.'),
    ...bodyFailures,
  },
});

/** All routes. The allowed methods of each path come from here. */
export const routes = [
  healthz,
  readyz,
  listJobs,
  getJob,
  postRun,
  listJobRuns,
  listRuns,
  getRun,
  cancelRun,
  acceptRun,
  resendRun,
  postCheck,
  getCheck,
  getRunLog,
  getRunManifest,
  getSetup,
  getPlannedRuns,
  postConfig,
  postColumns,
] as const;

/** The methods that a path accepts, in capitals; empty for a path that does not exist. */
export function methodsOf(path: string): string[] {
  return routes
    .filter((route) => isPathOf(route.path, path))
    .flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
}

/** The route that a path belongs to, such as `/runs/{id}`; undefined for a path that does not exist. */
export const routeOf = (path: string): string | undefined =>
  routes.find((route) => isPathOf(route.path, path))?.path;

/** Whether a path is one of a route. */
export const isPathOf = (route: string, path: string): boolean =>
  new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
