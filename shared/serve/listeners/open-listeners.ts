import type { Api } from '../../api/api.ts';
import { createApi } from '../../api/create-api.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { observeRequests } from '../../api/observe-requests.ts';
import { routeOf } from '../../api/routes.ts';
import { atlanRouteOf } from '../../atlan/atlan-routes.ts';
import { createAtlanApi, joinApis } from '../../atlan/create-atlan-api.ts';
import type { RunRequestStore } from '../../runs/records/run-request-store.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import type { Clock } from '../../sleep.ts';
import type { BrowserAccess } from '../browser/browser-sessions.ts';
import { consoleFolder } from '../browser/console-files.ts';
import { createConsole } from '../browser/create-console.ts';
import type { OpenAtlan } from '../callers/open-atlan.ts';
import { setupHere } from '../callers/setup-here.ts';
import type { RunPool } from '../pool/run-pool.ts';
import type { ServeOptions } from '../serve-options.ts';
import type { Scheduler } from '../starts/scheduler.ts';
import { currentAccess } from './api-access.ts';
import { createApiServer } from './api-server.ts';
import { type Listening, listen } from './bounded-server.ts';
import { createHealthServer } from './health-server.ts';
import { isLoopbackAddress } from './loopback.ts';
import { createProcessApi } from './process-api.ts';
import { createRunLogs } from './run-logs.ts';

/**
 * Opens the listener for probes and, if it is wanted, the API's. Both close when the result is disposed.
 *
 * @throws ConfigError when a port is taken
 */
export async function openListeners(
  options: ServeOptions,
  {
    runs,
    requests,
    pool,
    scheduler,
    atlan,
    clock,
  }: {
    runs: RunStore;
    requests: RunRequestStore;
    pool: RunPool;
    scheduler: Scheduler;
    atlan: OpenAtlan | undefined;
    clock: Pick<Clock, 'now'>;
  },
): Promise<{ health: Listening; api: Listening | undefined } & AsyncDisposable> {
  const { logger, healthPort, api: wanted, signal } = options;
  const logs = createRunLogs();
  const startedAt = performance.now();
  // Until its first round it is as old as the process, because checks come first.
  const lastRoundAgeMs = () => Math.min(scheduler.lastRoundAgeMs(), performance.now() - startedAt);
  const health = await listen(
    createHealthServer({
      lastRoundAgeMs: () => (signal.aborted ? 0 : lastRoundAgeMs()),
      isStopping: () => signal.aborted,
      assertReachable: () => runs.assertReachable(),
      scrape: options.scrape,
    }),
    { port: healthPort, setting: 'HEALTH_CHECK_PORT' },
  );
  logger.info(`health: ${health.url}/healthz and /readyz${options.scrape ? ', metrics: /metrics' : ''}`);
  let api: Listening | undefined;
  try {
    if (wanted) {
      const dependencies = createProcessApi(options, { runs, requests, pool, logs, clock });
      const router = routerOf(dependencies, atlan, options);
      const observed = observeRequests(router, (path) => routeOf(path) ?? atlanRouteOf(path));
      const console = consoleOf(observed, options);
      api = await listen(createApiServer(observed, wanted.access, console), {
        host: wanted.host,
        port: wanted.port,
        setting: '--api-port or --api-host',
      });
      logger.info(`API: ${api.url}`);
      if (console) logger.info(`console: ${api.url}/console`);
      if (wanted.access.type === 'none' && !isLoopbackAddress(wanted.host))
        logger.warn(
          'the API answers everyone who can reach it (--api-auth none): give it a token with FERRY_API_TOKEN, or protect it by other means',
        );
    }
  } catch (error) {
    logs[Symbol.dispose]();
    await health.close();
    throw error;
  }
  return {
    health,
    api,
    async [Symbol.asyncDispose]() {
      await Promise.all([health.close(), api?.close()]);
      logs[Symbol.dispose]();
    },
  };
}

/** Ferry's own routes, and Atlan's. */
function routerOf(
  dependencies: ApiDependencies,
  atlan: OpenAtlan | undefined,
  { config, api: wanted, atlan: settings }: ServeOptions,
): Pick<Api, 'fetch'> {
  if (!atlan || !settings) return createApi(dependencies);
  // Whoever is known to nobody has no query of theirs sent to a source.
  const probes = wanted?.access.type === 'none' ? undefined : atlan.probes;
  const setup = setupHere(config, { rules: settings.rules, probes });
  return joinApis(createApi({ ...dependencies, setup }), createAtlanApi(dependencies, atlan.dependencies));
}

/** The console beside the API, for the same people: undefined where its files are not built. */
function consoleOf(
  api: Pick<Api, 'fetch'>,
  { api: wanted, name, config: { language }, consoleFolder: folder = consoleFolder() }: ServeOptions,
): ((request: Request) => Promise<Response>) | undefined {
  if (!wanted || folder === undefined) return undefined;
  const make = (access: BrowserAccess) =>
    createConsole({
      api: async (request) => api.fetch(request, { caller: 'console' }),
      path: '/console/',
      access,
      localOnly: wanted.access.type === 'loopback',
      subject: name,
      language,
      folder,
    });
  let latest: { token: string | undefined; answer: ReturnType<typeof make> } | undefined;
  return async (request) => {
    const access = await currentAccess(wanted.access);
    const token = access.type === 'token' ? access.token : undefined;
    // With another token, those who signed in with the old one sign in again.
    if (latest === undefined || latest.token !== token)
      latest = { token, answer: make(access.type === 'token' ? access : { type: 'open' }) };
    return latest.answer(request);
  };
}
