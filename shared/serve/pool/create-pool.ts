import { kindOfJob } from '../../config/job-kind.ts';
import { isFinished } from '../../runs/records/run-record.ts';
import type { CallerRuns } from '../callers/caller-runs.ts';
import { executeCallerRun } from '../callers/execute-caller-run.ts';
import type { ServeOptions } from '../serve-options.ts';
import { executeStart, limitedTo, type RunSurrounding } from '../starts/execute-start.ts';
import { refusePromise } from '../starts/promised-runs.ts';
import { createFreeMemory } from './free-memory.ts';
import { RunPool } from './run-pool.ts';

/** The runs of a process, of either kind of job, and of those that callers of Atlan's API describe. */
export function createPool(
  options: Pick<ServeOptions, 'maxRuns' | 'timeoutMs' | 'name'> &
    Omit<RunSurrounding, 'scope' | 'store' | 'signal' | 'deadline'>,
  store: RunSurrounding['store'],
  callers: CallerRuns | undefined,
): RunPool {
  const { maxRuns, timeoutMs, memoryLimitBytes, name: scope, logger, config } = options;
  const freeMemory = createFreeMemory();
  const noting: RunSurrounding['store'] = {
    ...store,
    async save(record) {
      await store.save(record);
      if (isFinished(record)) pool.noteEnd(record.id);
    },
  };
  const pool = new RunPool({
    maxRuns,
    scope,
    logger,
    execute: async (event, signal, rest) => {
      const surrounding = {
        ...options,
        // Runs at the same time share the memory.
        memoryLimitBytes: Math.floor(memoryLimitBytes / maxRuns),
        runsAtOnce: maxRuns,
        scope,
        store: noting,
        signal,
        rest,
        ...limitedTo(timeoutMs),
      };
      const isCallers = callers && 'runId' in event && kindOfJob(config, event.job) === undefined;
      try {
        return await (isCallers
          ? executeCallerRun(event, callers, surrounding)
          : executeStart(event, surrounding));
      } catch (error) {
        if ('runId' in event) await refusePromise(event, error, store);
        throw error;
      } finally {
        freeMemory();
      }
    },
  });
  return pool;
}
