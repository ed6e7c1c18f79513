import { createApi } from '../api/create-api.ts';
import { jobIndexOf } from '../api/job-index.ts';
import { ProblemError } from '../api/problems.ts';
import type { FerryConfig, ScheduleConfig } from '../config/schema/ferry-config.ts';
import { StateError, toFerryError } from '../errors.ts';
import type { DocumentStore } from '../runs/documents/document-store.ts';
import { createRunRequestStore } from '../runs/records/run-request-store.ts';
import { createRunStore } from '../runs/records/run-store.ts';
import { deadlineOfOwn } from '../runs/run-limits.ts';
import { type Clock, sleep } from '../sleep.ts';
import type { SecretReader } from '../source/credentials/secrets.ts';
import { formatCount, formatDuration } from '../text/format.ts';
import type { Channel } from '../watchdog/alerts/channel.ts';
import { createWebhook } from '../watchdog/alerts/webhook.ts';
import { readScheduleMemory, unchangedSince } from '../watchdog/schedule-memory.ts';
import { runRound } from '../watchdog/watchdog.ts';
import { type WatchedJobs, watchedJobsOf } from '../watchdog/watched-jobs.ts';
import { type ApiAccess, isLoopbackAddress } from './api-access.ts';
import { createApiServer } from './api-server.ts';
import { type Listening, listen } from './bounded-server.ts';
import { executeStart, type RunSurrounding } from './execute-start.ts';
import { createHealthServer } from './health-server.ts';
import { findMissedStarts } from './missed-starts.ts';
import { RunPool } from './run-pool.ts';
import { RunRecovery } from './run-recovery.ts';
import { Scheduler } from './scheduler.ts';
import { runStartupChecks } from './startup-checks.ts';

export interface ServeOptions
  extends Pick<
    RunSurrounding,
    | 'config'
    | 'secrets'
    | 'openOutput'
    | 'extensionFolders'
    | 'memoryLimitBytes'
    | 'threads'
    | 'workFolder'
    | 'logger'
    | 'leaseTimes'
    | 'onProgress'
  > {
  documents: DocumentStore;
  /** Makes the ids of scheduled runs unique: the same for all replicas. */
  name: string;
  /** How many runs work at once. */
  maxRuns: number;
  /** How long after its planned time a missed start is made up for. */
  catchUpMs: number;
  /** How long runs may continue after the signal. */
  graceMs: number;
  /** The time after which a run gives up. */
  timeoutMs: number;
  healthPort: number;
  /** Undefined: no API. */
  api: { host: string; port: number; access: ApiAccess } | undefined;
  /** Whether a failed check ends the process, as with the Go connector. */
  exitOnFailedCheck: boolean;
  /** Ends it. */
  signal: AbortSignal;
  /** Called when both listeners answer. */
  onListening?: (addresses: { health: Listening; api: Listening | undefined }) => void;
  /** How often to look for unfinished runs, in ms. @default as in run-recovery.ts */
  lookMs?: number;
  /** How long the start-up checks of a job may take, in ms. @default as in startup-checks.ts */
  checkMs?: number;
  /** @default the real one */
  clock?: Clock;
}

// As on AWS.
const ROUND_MS = 5 * 60_000;

/**
 * Keeps the schedules of a configuration in this process, runs its jobs, answers probes and the API, and continues runs
 * that others left. Ends when the signal is aborted: runs have the grace period, and are then handed over.
 *
 * @throws ConfigError when it cannot begin: a port is taken
 */
export async function serve(options: ServeOptions): Promise<'stopped' | 'check failed'> {
  const { config, documents, logger, signal, name: scope, secrets } = options;
  const runs = createRunStore(documents, options.leaseTimes);
  const requests = createRunRequestStore(documents);
  const pool = createPool(options, runs);
  const schedules = schedulesOf(config);
  const { catchUpMs, clock = { sleep, now: Date.now } } = options;
  const scheduler = new Scheduler({
    schedules,
    start: (job, plannedFor) => pool.start({ job, scheduledTime: plannedFor.toISOString() }),
    catchUpMs,
    logger,
    clock,
  });
  // At once, whatever else is still under way: a request, a round of the watchdog, a check.
  const stopping = new Promise<void>((resolve, reject) => {
    const stop = () => {
      logger.info(`stopping: runs have ${formatDuration(options.graceMs)} to end`);
      pool.stop(options.graceMs).then(resolve, reject);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  // No listener opens, and no run begins, if the state cannot be used.
  await runs.assertReachable();
  await using listeners = await openListeners(options, { runs, requests, pool, scheduler });
  options.onListening?.(listeners);

  const failed = runStartupChecks({ ...options, state: documents });
  if (options.exitOnFailedCheck && (await failed).length > 0 && !signal.aborted) {
    const hint = 'Fix it and start again. ferry check shows the same checks as a table.';
    logger.error({ hint }, 'a start-up check failed, so nothing is scheduled');
    return 'check failed';
  }
  const watched = watchedJobs(config, options.timeoutMs);
  const servedSince = clock.now();
  await makeUpForMissedStarts({ ...options, now: servedSince, schedules, watched, runs, pool });
  logSchedules(schedules, options);
  const channels = channelsOf(config, secrets);
  const recovery = new RunRecovery({
    jobs: new Set(Object.keys(watched)),
    runs,
    requests,
    pool,
    scope,
    logger,
    clock,
    ...(options.lookMs === undefined ? {} : { lookMs: options.lookMs }),
  });
  const watch = async () => {
    while (!signal.aborted) {
      await runRound({
        documents,
        runs,
        requests,
        channels,
        deadLetters: { receive: async () => [], remove: async () => {} },
        start: async (event) => pool.start(event),
        where: { stack: scope, jobs: watched, logsUrl: () => undefined, scheduler: 'process' },
        scope,
        logger,
      }).catch((thrown: unknown) => {
        const error = toFerryError(thrown);
        logger.error({ class: error.class }, `the watchdog’s round failed: ${error.message}`);
      });
      await clock.sleep(ROUND_MS, signal).catch(() => {});
    }
  };
  await Promise.all([scheduler.run(signal, servedSince), recovery.run(signal), watch(), failed, stopping]);
  logger.info('stopped');
  return 'stopped';
}

/** The schedules that are switched on, by job. */
function schedulesOf({ syncs, extractions }: FerryConfig): Map<string, ScheduleConfig> {
  return new Map(
    Object.entries({ ...syncs, ...extractions }).flatMap(([job, { schedule }]) =>
      schedule?.enabled ? [[job, schedule] as const] : [],
    ),
  );
}

/** What the watchdog knows about the jobs: their time is that of this process's runs, not of a function. */
function watchedJobs(config: FerryConfig, timeoutMs: number): WatchedJobs {
  const jobs = watchedJobsOf(config, '15m');
  return Object.fromEntries(Object.entries(jobs).map(([job, watched]) => [job, { ...watched, timeoutMs }]));
}

function channelsOf({ alerts }: FerryConfig, secrets: SecretReader): Channel[] {
  const webhook = alerts?.webhook;
  return webhook === undefined ? [] : [createWebhook(() => secrets.read(webhook))];
}

function createPool(options: ServeOptions, store: RunSurrounding['store']): RunPool {
  const { maxRuns, timeoutMs, memoryLimitBytes, name: scope, logger } = options;
  return new RunPool({
    maxRuns,
    scope,
    logger,
    execute: (event, signal) =>
      executeStart(event, {
        ...options,
        // Runs at the same time share the memory.
        memoryLimitBytes: Math.floor(memoryLimitBytes / maxRuns),
        scope,
        store,
        signal,
        deadline: deadlineOfOwn(timeoutMs),
        deadlineHint: 'Check what the source is doing. If the run needs more time, allow it: --timeout.',
      }),
  });
}

async function openListeners(
  options: ServeOptions,
  {
    runs,
    requests,
    pool,
    scheduler,
  }: {
    runs: ReturnType<typeof createRunStore>;
    requests: ReturnType<typeof createRunRequestStore>;
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
          if (other !== undefined && other !== request.runId)
            throw new ProblemError(
              409,
              `Run ${other} of ${request.job} is under way; wait until it ends, or cancel it.`,
              { members: { runId: other } },
            );
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

/**
 * Reports the starts that were missed while no process kept the schedules, and makes up for those that are recent
 * enough.
 */
async function makeUpForMissedStarts(
  options: Pick<ServeOptions, 'documents' | 'name' | 'logger' | 'catchUpMs'> & {
    now: number;
    schedules: ReadonlyMap<string, ScheduleConfig>;
    watched: WatchedJobs;
    runs: ReturnType<typeof createRunStore>;
    pool: RunPool;
  },
): Promise<void> {
  const { documents, name, logger, catchUpMs, now, schedules, watched, runs, pool } = options;
  try {
    const { memory } = await readScheduleMemory(documents, name);
    const missed = findMissedStarts({
      schedules,
      since: unchangedSince(memory, watched),
      states: await runs.listJobStates(),
      now: new Date(now),
      catchUpMs,
    });
    for (const { job, plannedFor, count, more, makeUp } of missed) {
      const latest = plannedFor.toISOString();
      logger.warn(
        { job, plannedFor: latest },
        `${more ? 'at least ' : ''}${formatCount(count, 'planned start')} missed while Ferry was down, the last at ${latest}: ${
          makeUp
            ? 'it is made up for now'
            : `it is not made up for, because --catch-up only allows ${formatDuration(catchUpMs)}`
        }`,
      );
      if (makeUp) pool.start({ job, scheduledTime: latest });
    }
  } catch (error) {
    // Without it, missed starts are unknown; the schedules continue.
    if (!(error instanceof StateError)) throw error;
    logger.error({ class: error.class, hint: error.hint }, error.message);
  }
}

function logSchedules(
  schedules: ReadonlyMap<string, ScheduleConfig>,
  { config, logger }: Pick<ServeOptions, 'config' | 'logger'>,
): void {
  for (const [job, { cron, timezone }] of schedules) logger.info({ job, cron, timezone }, 'job scheduled');
  const jobs = Object.keys(config.syncs).length + Object.keys(config.extractions).length;
  if (schedules.size === 0)
    logger.warn(`none of ${formatCount(jobs, 'job')} has a schedule: only the API starts runs`);
}
