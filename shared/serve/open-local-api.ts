import { createApi } from '../api/create-api.ts';
import { createAtlanApi, joinApis } from '../atlan/create-atlan-api.ts';
import { kindOfJob } from '../config/job-kind.ts';
import { createRunRequestStore } from '../runs/records/run-request-store.ts';
import { createRunStore } from '../runs/records/run-store.ts';
import { realClock } from '../sleep.ts';
import { openAtlan } from './callers/open-atlan.ts';
import { setupHere } from './callers/setup-here.ts';
import { createProcessApi, type ProcessApiOptions } from './listeners/process-api.ts';
import type { RunLogs } from './listeners/run-logs.ts';
import { createPool } from './pool/create-pool.ts';
import { RunRecovery } from './pool/run-recovery.ts';
import type { AtlanSettings, ServeOptions } from './serve-options.ts';

/** The API of a process that keeps no schedules. */
export interface LocalApi {
  /** Answers a request for a path of the API. */
  answer: (request: Request) => Promise<Response>;
  /** Runs have this long to end, and are then handed over to the next process. */
  stop(graceMs: number): Promise<void>;
}

/** No credentials of callers. */
const CLOSED: AtlanSettings = {
  rules: { hostRule: undefined, roleArns: [], tls: {} },
  applicationName: 'default',
  configDays: 30,
};

/**
 * Opens the API over the state of this machine: it starts runs in this process that are asked for here, and
 * no schedule and no run of another process that was killed.
 *
 * @param caller who uses it, for the records of runs
 * @throws StorageUnavailableError when the state cannot be reached
 */
export async function openLocalApi(
  options: ProcessApiOptions &
    Pick<ServeOptions, 'maxRuns' | 'timeoutMs' | 'name'> & { atlan?: AtlanSettings },
  { logs, caller }: { logs: Pick<RunLogs, 'read'>; caller: string },
): Promise<LocalApi> {
  const { documents, config, logger, name: scope } = options;
  const runs = createRunStore(documents, options.leaseTimes);
  const requests = createRunRequestStore(documents);
  await runs.assertReachable();
  const settings = options.atlan ?? CLOSED;
  const atlan = openAtlan(options, settings, runs, () => pool);
  const pool = createPool(options, runs, atlan.callers);
  const clock = options.clock ?? realClock;
  const dependencies = createProcessApi(options, { runs, requests, pool, logs, clock });
  const started = new Set<string>();
  const own = createApi({
    ...dependencies,
    setup: setupHere(config, { rules: settings.rules, probes: atlan.probes }),
    start(request) {
      started.add(request.runId);
      return dependencies.start(request);
    },
  });
  const api = joinApis(own, createAtlanApi(dependencies, atlan.dependencies));
  const ending = new AbortController();
  // Whoever only looks at a state, which may be shared, does not begin what others have left there.
  const isOurs = (job: string, runId: string) => started.has(runId) && kindOfJob(config, job) !== undefined;
  const recovery = new RunRecovery({ isOurs, runs, requests, pool, scope, logger, clock });
  const recovering = recovery.run(ending.signal);
  return {
    answer: async (request) => api.fetch(request, { caller }),
    async stop(graceMs) {
      ending.abort();
      await Promise.all([pool.stop(graceMs), recovering]);
    },
  };
}
