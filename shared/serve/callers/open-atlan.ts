import type { AtlanDependencies } from '../../atlan/atlan-dependencies.ts';
import { createWorkflowConfigs } from '../../atlan/workflows/workflow-config.ts';
import { isFinished } from '../../runs/records/run-record.ts';
import type { RunStore } from '../../runs/records/run-store.ts';
import { realClock } from '../../sleep.ts';
import type { RunPool } from '../pool/run-pool.ts';
import type { AtlanSettings, ServeOptions } from '../serve-options.ts';
import { recordPromise } from '../starts/promised-runs.ts';
import { CallerRuns } from './caller-runs.ts';
import { createProcessProbes, type ProcessProbes } from './process-probes.ts';

// Proxies in front of the API usually wait for a minute.
const RESULT_WAIT_MS = 50_000;

/** Atlan's API in this process, and the runs that its callers start. */
export interface OpenAtlan {
  dependencies: AtlanDependencies;
  callers: CallerRuns;
  probes: ProcessProbes;
}

/** What the extractions of callers work with. */
export type AtlanSurrounding = Pick<
  ServeOptions,
  | 'config'
  | 'secrets'
  | 'documents'
  | 'extensionFolders'
  | 'memoryLimitBytes'
  | 'threads'
  | 'workFolder'
  | 'timeoutMs'
  | 'clock'
>;

/** Opens Atlan's API, as far as the operator allows it. */
export function openAtlan(
  options: AtlanSurrounding,
  { rules, applicationName, configDays }: AtlanSettings,
  runs: RunStore,
  pool: () => RunPool,
): OpenAtlan {
  const { documents, clock = realClock } = options;
  const configs = createWorkflowConfigs(documents, { days: configDays, now: clock.now });
  const callers = new CallerRuns({
    ...options,
    rules,
    configs,
    pool,
    record: (request, config) => recordPromise(request, config, runs),
    hasEnded: async (runId) => {
      const record = await runs.get(runId);
      return record !== undefined && isFinished(record);
    },
  });
  const probes = createProcessProbes({ ...options, rules });
  return {
    callers,
    probes,
    dependencies: {
      catalogs: probes,
      own: { configs, starter: callers },
      applicationName,
      waitMs: RESULT_WAIT_MS,
      clock,
    },
  };
}
