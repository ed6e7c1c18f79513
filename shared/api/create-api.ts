import { OpenAPIHono } from '@hono/zod-openapi';
import type { Api } from './api.ts';
import { checkBody, checkPath, limitBody } from './check-request.ts';
import type { ApiDependencies, ApiEnvironment } from './dependencies.ts';
import { addJobRoutes } from './jobs/job-routes.ts';
import { answerProblem, keepPrivate, ProblemError, problemHandler, refuseInvalid } from './problems.ts';
import { healthz, methodsOf, readyz } from './routes.ts';
import { addRunRoutes } from './runs/run-routes.ts';
import { addSetupRoutes } from './setup/setup-routes.ts';

/**
 * The API: from a web-standard Request to a Response, whatever server is in front of it. `fetch` is given the caller,
 * never throws, and answers every error as problem+json.
 */
export function createApi(dependencies: ApiDependencies): Api {
  const api: Api = new OpenAPIHono<ApiEnvironment>({ defaultHook: refuseInvalid });
  api.use(keepPrivate);
  api.use(checkPath, limitBody, checkBody);
  api.openapi(healthz, (context) => context.json({ status: 'ok' as const }, 200));
  api.openapi(readyz, async (context) => {
    await Promise.all([dependencies.readJobs(), dependencies.runs.assertReachable()]);
    return context.json({ status: 'ok' as const }, 200);
  });
  addJobRoutes(api, dependencies);
  addRunRoutes(api, dependencies);
  addSetupRoutes(api, dependencies);
  api.notFound((context) => {
    const { pathname } = new URL(context.req.url);
    const methods = methodsOf(pathname);
    return answerProblem(
      methods.length > 0
        ? new ProblemError(405, `This route supports ${methods.join(', ')}.`, {
            headers: { allow: methods.join(', ') },
          })
        : new ProblemError(404, 'There is no such route; openapi.json lists them.'),
    );
  });
  api.onError(problemHandler(dependencies.logger));
  return api;
}
