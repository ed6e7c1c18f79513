import type { ApiDependencies } from '../../api/dependencies.ts';
import { jobIndexOf } from '../../api/jobs/job-index.ts';
import { findExtraction } from '../../extraction/extraction-work.ts';
import { manifestSchema } from '../../extraction/output/manifest.ts';
import type { RunRequestStore } from '../../runs/records/run-request-store.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import type { Clock } from '../../sleep.ts';
import type { RunPool } from '../pool/run-pool.ts';
import type { ServeOptions } from '../serve-options.ts';
import { createCheckStarter } from '../starts/check-here.ts';
import { recordPromise } from '../starts/promised-runs.ts';
import { startRequested } from '../starts/start-requested.ts';
import type { RunLogs } from './run-logs.ts';

/** What a process that answers the API needs to know. */
export type ProcessApiOptions = Omit<
  ServeOptions,
  'healthPort' | 'api' | 'name' | 'catchUpMs' | 'graceMs' | 'maxRuns' | 'timeoutMs' | 'exitOnFailedCheck'
>;

/** What the API works with in a process that runs the jobs itself. */
export function createProcessApi(
  options: ProcessApiOptions,
  parts: {
    runs: RunStore;
    requests: RunRequestStore;
    pool: RunPool;
    logs: Pick<RunLogs, 'read'>;
    clock: Pick<Clock, 'now'>;
  },
): ApiDependencies {
  const { config, logger, documents } = options;
  const { runs, requests, pool, logs, clock } = parts;
  const index = jobIndexOf(config);
  return {
    readJobs: async () => index,
    documents,
    runs,
    requests,
    start: (request) => startRequested(pool, request, { record: () => recordPromise(request, config, runs) }),
    check: createCheckStarter({ ...options, state: documents }),
    readLog: async ({ id }) => logs.read(id),
    async readManifest({ job, manifest }) {
      if (!Object.hasOwn(config.extractions, job)) return undefined;
      const output = await options.openOutput(findExtraction(config, job).extraction.output);
      const start = `${output.location}/`;
      // The extraction may have written elsewhere at that time.
      if (!manifest.startsWith(start)) return undefined;
      const found = await output.read(manifest.slice(start.length));
      return found && manifestSchema.parse(JSON.parse(found.body));
    },
    logger,
    now: () => new Date(clock.now()),
  };
}
