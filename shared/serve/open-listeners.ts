import { createApi } from '../api/create-api.ts';
import { jobIndexOf } from '../api/job-index.ts';
import { ProblemError, runUnderWay } from '../api/problems.ts';
import type { RunRequestStore } from '../runs/records/run-request-store.ts';
import type { RunStore } from '../runs/records/run-store.ts';
import { isLoopbackAddress } from './api-access.ts';
import { createApiServer } from './api-server.ts';
import { type Listening, listen } from './bounded-server.ts';
import { createHealthServer } from './health-server.ts';
import type { RunPool } from './run-pool.ts';
import type { Scheduler } from './scheduler.ts';
import type { ServeOptions } from './serve-options.ts';

/**
 * Opens the listener for probes and, if it is wanted, the API's. Both close when the result is disposed.
 *
 * @throws ConfigError when a port is taken
 */
export async function openListeners(
  options: Pick<ServeOptions, 'config' | 'logger' | 'healthPort' | 'api' | 'signal'>,
  {
    runs,
    requests,
    pool,
    scheduler,
  }: {
    runs: RunStore;
    requests: RunRequestStore;
    pool: RunPool;
    scheduler: Scheduler;
  },
): Promise<{ health: Listening; api: Listening | undefined } & AsyncDisposable> {
  const { config, logger, healthPort, api: wanted, signal } = options;
  const startedAt = performance.now();
  // Until its first round it is as old as the process, because checks come first.
  const lastRoundAgeMs = () => Math.min(scheduler.lastRoundAgeMs(), performance.now() - startedAt);
  const health = await listen(
    createHealthServer({
      lastRoundAgeMs: () => (signal.aborted ? 0 : lastRoundAgeMs()),
      assertReachable: () => runs.assertReachable(),
    }),
    { port: healthPort, setting: 'HEALTH_CHECK_PORT' },
  );
  logger.info(`health: ${health.url}/healthz and /readyz`);
  let api: Listening | undefined;
  try {
    if (wanted) {
      const index = jobIndexOf(config);
      const router = createApi({
        readJobs: async () => index,
        runs,
        requests,
        start: async (request) => {
          if (pool.closed)
            throw new ProblemError(503, 'This process is about to end. Send the request again.', {
              headers: { 'retry-after': '5' },
            });
          const other = pool.runOf(request.job);
          if (other !== undefined && other !== request.runId) throw runUnderWay(request.job, other);
          pool.start(request, true);
        },
        logger,
      });
      api = await listen(createApiServer(router, wanted.access), {
        host: wanted.host,
        port: wanted.port,
        setting: '--api-port or --api-host',
      });
      logger.info(`API: ${api.url}`);
      if (wanted.access.type === 'none' && !isLoopbackAddress(wanted.host))
        logger.warn(
          'the API answers everyone who can reach it (--api-auth none): give it a token with FERRY_API_TOKEN, or protect it by other means',
        );
    }
  } catch (error) {
    await health.close();
    throw error;
  }
  return {
    health,
    api,
    async [Symbol.asyncDispose]() {
      await Promise.all([health.close(), api?.close()]);
    },
  };
}
