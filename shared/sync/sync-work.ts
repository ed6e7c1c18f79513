import type { Dispatcher } from 'undici';
import { asSentence, unknownNameMessage } from '../config/config-problems.ts';
import type { PolyteiaTargetConfig, SourceConfig, SyncConfig } from '../config/schema/ferry-config.ts';
import { ConfigError } from '../errors.ts';
import type { JobDescription, RunOptions } from '../runs/job.ts';
import type { JobReading } from '../source/job-reading.ts';

export interface RunSyncOptions extends RunOptions, JobReading {
  /** The way to Polyteia instead of Ferry's own agent, such as one with other time-outs. */
  dispatcher?: Dispatcher;
  /** Reads and checks, and writes the file there instead of uploading it. */
  dryRun?: { file: string };
}

/** A sync with what its names stand for. */
export type SyncWork = RunSyncOptions & {
  sync: SyncConfig;
  source: SourceConfig;
  target: PolyteiaTargetConfig;
};

/** The file's name in the run's private folder. */
export const RESULT_FILE = 'result.parquet';

/**
 * Looks a sync up in the configuration.
 *
 * @throws ConfigError when there is no such sync
 */
export function findSync(options: RunSyncOptions): { description: JobDescription; work: SyncWork } {
  const { config, job } = options;
  const sync = Object.hasOwn(config.syncs, job) ? config.syncs[job] : undefined;
  const source = sync && config.sources[sync.source];
  const target = sync && config.polyteia[sync.polyteia];
  if (!sync || !source || !target) {
    throw new ConfigError(asSentence(unknownNameMessage('sync', job, Object.keys(config.syncs))));
  }
  // How many runs there may be at once, and how Atlan knows the source, is nothing that decides what a run does.
  const { maxConcurrentRuns, connection: _connection, ...read } = source;
  const description = {
    name: job,
    kind: 'sync' as const,
    source: sync.source,
    ...(maxConcurrentRuns === undefined ? {} : { slots: { [sync.source]: maxConcurrentRuns } }),
    dataset: sync.dataset,
    target: sync.polyteia,
    config: { source: read, target, sync },
  };
  return { description, work: { ...options, sync, source, target } };
}
