import { warnOfOddSteps } from '../config/rules/odd-step-warnings.ts';
import { warnOfPastSchedules } from '../config/rules/past-schedule-warnings.ts';
import type { FerryConfig, ScheduleConfig } from '../config/schema/ferry-config.ts';
import { toFerryError } from '../errors.ts';
import { createRunRequestStore } from '../runs/records/run-request-store.ts';
import { createRunStore } from '../runs/records/run-store.ts';
import type { SecretReader } from '../source/credentials/secrets.ts';
import { formatCount, formatDuration } from '../text/format.ts';
import type { Channel } from '../watchdog/alerts/channel.ts';
import { createWebhook } from '../watchdog/alerts/webhook.ts';
import { runRound } from '../watchdog/watchdog.ts';
import { type WatchedJobs, watchedJobsOf } from '../watchdog/watched-jobs.ts';
import { openAtlan } from './callers/open-atlan.ts';
import { openListeners } from './listeners/open-listeners.ts';
import { createPool } from './pool/create-pool.ts';
import { pruneState } from './pool/prune-state.ts';
import { RunRecovery } from './pool/run-recovery.ts';
import type { ServeOptions } from './serve-options.ts';
import { makeUpForMissedStarts } from './starts/make-up-for-missed-starts.ts';
import { Scheduler } from './starts/scheduler.ts';
import { StoreClock } from './starts/store-clock.ts';
import { runStartupChecks } from './startup-checks.ts';

// As on AWS.
const ROUND_MS = 5 * 60_000;
const PRUNE_MS = 24 * 3_600_000;

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
  const atlan = options.api && options.atlan && openAtlan(options, options.atlan, runs, () => pool);
  const pool = createPool(options, runs, atlan?.callers);
  const schedules = schedulesOf(config);
  const { catchUpMs } = options;
  const clock = new StoreClock(options);
  const scheduler = new Scheduler({
    schedules,
    start: (job, plannedFor) => pool.start({ job, scheduledTime: plannedFor.toISOString() }),
    catchUpMs,
    logger,
    clock,
    beforeRound: () => clock.compare(),
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
  await clock.compare();
  await using listeners = await openListeners(options, {
    runs,
    requests,
    pool,
    scheduler,
    clock,
    atlan,
  });
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
  for (const warning of [...warnOfOddSteps(config), ...warnOfPastSchedules(config, new Date(servedSince))])
    logger.warn(warning);
  const channels = channelsOf(config, secrets);
  await warnOfUnusable(channels, logger);
  const recovery = new RunRecovery({
    isOurs: async (job) => Object.hasOwn(watched, job) || (await atlan?.callers.isWorkflow(job)) === true,
    runs,
    requests,
    pool,
    scope,
    logger,
    clock,
    ...(options.lookMs === undefined ? {} : { lookMs: options.lookMs }),
  });
  const watch = async () => {
    let prunedAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const jobs = { ...(await atlan?.callers.watched().catch(() => ({}))), ...watched };
      await runRound({
        documents,
        runs,
        requests,
        channels,
        deadLetters: { receive: async () => [], remove: async () => {} },
        start: async (event) => pool.start(event),
        where: {
          stack: scope,
          jobs,
          logsUrl: () => undefined,
          scheduler: 'process',
          language: config.language,
        },
        scope,
        logger,
        now: () => new Date(clock.now()),
      }).catch((thrown: unknown) => {
        const error = toFerryError(thrown);
        logger.error({ class: error.class }, `the watchdog’s round failed: ${error.message}`);
      });
      if (clock.now() - prunedAt >= PRUNE_MS) {
        prunedAt = clock.now();
        await pruneState({
          documents,
          folder: options.stateFolder,
          runs,
          jobs: Object.keys(jobs),
          workflows: atlan?.callers,
          now: prunedAt,
          logger,
        });
      }
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

/** Not only when there is something to report. */
async function warnOfUnusable(channels: readonly Channel[], logger: ServeOptions['logger']): Promise<void> {
  for (const channel of channels) {
    await channel.assertUsable?.().catch((thrown: unknown) => {
      const { class: name, message, hint } = toFerryError(thrown);
      logger.error({ class: name, hint }, `alerts would reach nobody: ${message}`);
    });
  }
}

function logSchedules(
  schedules: ReadonlyMap<string, ScheduleConfig>,
  { config, logger }: Pick<ServeOptions, 'config' | 'logger'>,
): void {
  for (const [job, { cron, timezone }] of schedules) logger.info({ job, cron, timezone }, 'job scheduled');
  const jobs = Object.entries({ ...config.syncs, ...config.extractions });
  if (schedules.size === 0) {
    logger.warn(`none of ${formatCount(jobs.length, 'job')} has a schedule: only the API starts runs`);
    return;
  }
  for (const [job, { schedule }] of jobs) {
    if (!schedule) logger.info({ job }, 'job has no schedule: only the API starts it');
    else if (!schedule.enabled)
      logger.info({ job }, 'job is switched off (enabled: false): only the API starts it');
  }
}
