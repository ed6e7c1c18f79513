import type { AtlanDependencies } from '../../atlan/atlan-dependencies.ts';
import { createWorkflowConfigs } from '../../atlan/workflows/workflow-config.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import { realClock } from '../../sleep.ts';
import type { RunPool } from '../pool/run-pool.ts';
import type { ServeOptions } from '../serve-options.ts';
import { recordPromise } from '../starts/promised-runs.ts';
import { CallerRuns } from './caller-runs.ts';
import { createProcessProbes } from './process-probes.ts';

// Proxies in front of the API usually wait for a minute.
const RESULT_WAIT_MS = 50_000;

/** Atlan's API in this process, and the runs that its callers start. */
export interface OpenAtlan {
  dependencies: AtlanDependencies;
  callers: CallerRuns;
}

/** @returns undefined when the API is off */
export function openAtlan(options: ServeOptions, runs: RunStore, pool: () => RunPool): OpenAtlan | undefined {
  const { api, atlan, documents, clock = realClock } = options;
  if (!api || !atlan) return undefined;
  const { rules, applicationName, configDays } = atlan;
  const configs = createWorkflowConfigs(documents, { days: configDays, now: clock.now });
  const callers = new CallerRuns({
    ...options,
    rules,
    configs,
    pool,
    record: (request, config) => recordPromise(request, config, runs),
  });
  return {
    callers,
    dependencies: {
      catalogs: createProcessProbes({ ...options, rules }),
      own: { configs, starter: callers },
      applicationName,
      waitMs: RESULT_WAIT_MS,
      clock,
    },
  };
}
