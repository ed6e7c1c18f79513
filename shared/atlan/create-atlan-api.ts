import { OpenAPIHono } from '@hono/zod-openapi';
import type { Api } from '../api/api.ts';
import type { ApiDependencies, ApiEnvironment } from '../api/dependencies.ts';
import { keepPrivate } from '../api/problems.ts';
import { AtlanError, answerError, answerThrown } from './answers.ts';
import type { AtlanDependencies } from './atlan-dependencies.ts';
import { methodsOfAtlan } from './atlan-routes.ts';
import { addSourceRoutes } from './source-routes.ts';
import { addConfigRoutes } from './workflows/config-routes.ts';
import { addWorkflowRoutes } from './workflows/workflow-routes.ts';

/** Whether a path belongs to Atlan's API, whose errors have another form than Ferry's own. */
export const isAtlanPath = (path: string) => /^\/((workflows|server)(\/|$)|(health|ready)$)/.test(path);

/** The routes for which no caller needs to say who it is. */
export const isOpenAtlanPath = (path: string) => /^\/(server\/)?(health|ready)$/.test(path);

/** Two APIs on one listener: paths of Atlan's go there, all others to Ferry's own. */
export function joinApis(own: Pick<Api, 'fetch'>, atlan: Pick<Api, 'fetch'>): Pick<Api, 'fetch'> {
  return {
    fetch: (request, ...rest) => {
      const { pathname } = new URL(request.url);
      return (isAtlanPath(pathname) ? atlan : own).fetch(request, ...rest);
    },
  };
}

/** An answer of Ferry's own form, in the app's. */
export async function inAtlanForm(response: Response): Promise<Response> {
  const { detail } = (await response.json()) as { detail: string };
  const { status, headers } = response;
  const kept = Object.fromEntries([...headers].filter(([name]) => !name.startsWith('content-')));
  const known = status === 401 || status === 403 || status === 405 ? status : 422;
  return answerError(new AtlanError(known, detail, { headers: kept }));
}

/**
 * The REST API of Atlan's Postgres app: its paths, bodies and messages, with the status codes of version 3 of its SDK.
 * `fetch` never throws, and answers every error in the app's form.
 */
export function createAtlanApi(dependencies: ApiDependencies, atlan: AtlanDependencies): Api {
  const api: Api = new OpenAPIHono<ApiEnvironment>();
  api.use(keepPrivate);
  for (const path of ['/server/health', '/health'])
    api.get(path, (context) => context.json({ status: 'healthy' }));
  for (const path of ['/server/ready', '/ready'])
    api.get(path, async (context) => {
      await Promise.all([dependencies.readJobs(), dependencies.runs.assertReachable()]);
      return context.json({ status: 'ok' });
    });
  addSourceRoutes(api, atlan);
  addWorkflowRoutes(api, dependencies, atlan);
  addConfigRoutes(api, dependencies, atlan);
  api.notFound((context) => {
    const methods = methodsOfAtlan(context.req.path);
    if (methods.length === 0)
      return answerError(new AtlanError(404, 'There is no such route; /openapi.json lists them.'));
    const allow = methods.join(', ');
    return answerError(new AtlanError(405, `This route supports ${allow}.`, { headers: { allow } }));
  });
  api.onError(answerThrown(dependencies.logger));
  return api;
}
