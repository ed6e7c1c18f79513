import type { Dispatcher } from 'undici';
import type { PolyteiaTargetConfig, SourceConfig, SyncConfig } from '../config/schema/ferry-config.ts';
import { asSentence, unknownNameMessage } from '../config/unknown-name.ts';
import { ConfigError } from '../errors.ts';
import type { JobDescription, RunOptions } from '../runs/job.ts';
import type { RunStore } from '../runs/records/run-store.ts';
import type { JobReading } from '../source/job-reading.ts';

export interface RunSyncOptions extends RunOptions, JobReading {
  /** Replaces Ferry's own agent for Polyteia, for example by one with other time-outs. */
  dispatcher?: Dispatcher;
  /** Reads and checks, but sends and records nothing. */
  dryRun?: Rehearsal;
}

/** What a dry run needs besides. */
export interface Rehearsal {
  /** Where to put the file that a run would upload; undefined: nowhere. */
  file?: string | undefined;
  /** What runs of the job have left, to compare with. It is only read. */
  records: Pick<RunStore, 'readBaseline' | 'readLastUpload'>;
}

/** A sync with its source and target resolved. */
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
export function findSync<T extends Pick<RunSyncOptions, 'config' | 'job'>>(
  options: T,
): { description: JobDescription; work: T & Pick<SyncWork, 'sync' | 'source' | 'target'> } {
  const { config, job } = options;
  const sync = Object.hasOwn(config.syncs, job) ? config.syncs[job] : undefined;
  const source = sync && config.sources[sync.source];
  const target = sync && config.polyteia[sync.polyteia];
  if (!sync || !source || !target) {
    throw new ConfigError(asSentence(unknownNameMessage('sync', job, Object.keys(config.syncs))));
  }
  // The number of concurrent runs, and how Atlan knows the source, do not change what a run does.
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
