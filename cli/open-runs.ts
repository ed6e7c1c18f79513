import type { Run } from '../shared/api/schemas.ts';
import { ConfigError } from '../shared/errors.ts';
import { isFinished, type RunRecord } from '../shared/runs/records/run-record.ts';
import type { UnreadableRun } from '../shared/runs/records/run-records.ts';
import { unknownRun } from '../shared/runs/unknown-run.ts';
import type { CliContext } from './cli-context.ts';
import { type GlobalOptions, openRunStore } from './options.ts';
import { connectStack } from './stack/connect-stack.ts';

/** A list of runs, and of those whose records cannot be read. */
export interface ListedRuns {
  runs: (RunRecord | Run)[];
  unreadable: UnreadableRun[];
}

/** The recorded runs of this machine's state folder, or of a stack. */
export interface Runs {
  /** The newest runs of one job, or of all. */
  list(options: { job?: string | undefined; limit: number }): Promise<ListedRuns>;
  /**
   * Asks a run to stop.
   *
   * @throws ConfigError when there is no such run, or it has ended
   */
  cancel(id: string): Promise<{ job: string }>;
}

/** The runs that the options refer to. */
export async function openRuns(options: GlobalOptions, context: CliContext): Promise<Runs> {
  const connected = await connectStack(options, context);
  if (connected) return { list: connected.api.listRuns, cancel: connected.api.cancel };
  const store = await openRunStore(options, context);
  return {
    list: ({ job, limit }) => store.listPage({ limit, ...(job === undefined ? {} : { job }) }),
    async cancel(id) {
      const record = await store.get(id);
      if (!record) throw unknownRun(id);
      if (isFinished(record)) throw new ConfigError(`Run ${id} has already ended (${record.state}).`);
      if (record.state === 'ingesting')
        throw new ConfigError(`Run ${id} has already uploaded its file, and Polyteia is reading it.`);
      await store.requestCancel(record.job, record.id, context.user);
      return { job: record.job };
    },
  };
}
