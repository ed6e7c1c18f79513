import type { Run } from '../../shared/api/schemas.ts';
import { ConfigError } from '../../shared/errors.ts';
import { isFinished, type RunRecord } from '../../shared/runs/records/run-record.ts';
import { listRunIds, type UnreadableRun } from '../../shared/runs/records/run-records.ts';
import { createRunStore, type RunStore } from '../../shared/runs/records/run-store.ts';
import { isRunId } from '../../shared/runs/run-id.ts';
import { unknownRun } from '../../shared/runs/unknown-run.ts';
import { nameSome } from '../../shared/text/name-some.ts';
import type { CliContext } from '../cli-context.ts';
import { type GlobalOptions, readConfig } from '../options.ts';
import type { SentAs } from '../output/runs-table.ts';
import { type ConnectedStack, connectStack } from '../stack/connect-stack.ts';
import { openState } from './open-state.ts';

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
  cancel(id: string): Promise<{ job: string; id: string }>;
  /**
   * The id that a person gave, in full: they may give its beginning.
   *
   * @throws ConfigError when it is the beginning of none, or of several
   */
  resolve(given: string): Promise<string>;
  /** The names of the jobs, of the configuration or of runs. */
  jobs(): Promise<string[]>;
  /** The run of this id, or beginning of one; undefined for none. */
  find(given: string): Promise<RunRecord | Run | undefined>;
  /** Where the runs are recorded, for people. */
  place: string;
  isLocal: boolean;
  /** Which of these runs sent the file of an earlier one, and of which kind that was. */
  sentAs(runs: readonly (RunRecord | Run)[]): Promise<SentAs>;
}

/** The runs that the options refer to. */
export async function openRuns(options: GlobalOptions, context: CliContext): Promise<Runs> {
  const connected = await connectStack(options, context);
  if (connected) {
    const { api } = connected;
    const resolve = (given: string) => resolveRunId(given, listRecentIds(connected));
    return {
      list: api.listRuns,
      resolve,
      jobs: async () => (await api.listJobs()).map(({ name }) => name),
      async find(given) {
        const id = await resolve(given);
        return isRunId(id) ? api.getRun(id) : undefined;
      },
      place: `the stack ${connected.stack.name}`,
      isLocal: false,
      async cancel(given) {
        const id = await resolve(given);
        return { ...(await api.cancel(id)), id };
      },
      sentAs: (runs) => findSentAs(runs, (id) => api.getRun(id)),
    };
  }
  const { documents, own } = await openState(options, context);
  const store = createRunStore(documents);
  const resolve = (given: string) => resolveRunId(given, () => listRunIds(documents, ALL));
  return {
    jobs: () => listJobNames(store, options, context),
    async find(given) {
      const id = await resolve(given);
      const run = isRunId(id) ? await store.get(id) : undefined;
      return run && (await withProgress(store, run));
    },
    place: 'folder' in own ? own.folder : `s3://${own.bucket}`,
    isLocal: true,
    list: ({ job, limit }) => store.listPage({ limit, ...(job === undefined ? {} : { job }) }),
    resolve,
    async cancel(given) {
      const id = await resolve(given);
      const record = await store.get(id);
      if (!record) throw unknownRun(id);
      if (isFinished(record)) throw new ConfigError(`Run ${id} has already ended (${record.state}).`);
      if (record.state === 'ingesting')
        throw new ConfigError(`Run ${id} has already uploaded its file, and Polyteia is reading it.`);
      await store.requestCancel(record.job, record.id, context.user);
      return { job: record.job, id };
    },
    sentAs: (runs) => findSentAs(runs, (id) => store.get(id)),
  };
}

/** A run with what its last heartbeat reported, while it is under way. */
async function withProgress(store: RunStore, run: RunRecord): Promise<RunRecord | Run> {
  if (isFinished(run)) return run;
  const holder = await store.readHolder(run.job);
  if (!holder?.alive || holder.runId !== run.id) return run;
  const { phase, heartbeatAgeMs } = holder;
  return { ...run, progress: { ...(phase === undefined ? {} : { phase }), heartbeatAgeMs } };
}

/** Of the configuration, if it can be read, and of the newest runs: a job may have been renamed or removed. */
async function listJobNames(store: RunStore, options: GlobalOptions, context: CliContext): Promise<string[]> {
  const loaded = await readConfig(options, context).catch(() => undefined);
  const { syncs = {}, extractions = {} } = loaded?.config ?? {};
  const { runs } = await store.listPage({ limit: RECENT });
  return [...new Set([...Object.keys({ ...syncs, ...extractions }), ...runs.map(({ job }) => job)])];
}

const RECENT = 1_000;
const ALL = 100_000;

/** What may be the beginning of an id: enough of it that a mistyped one does not stop another run. */
const BEGINNING = /^[0-9a-f]{4}[0-9a-f-]{0,31}$/;

/** The ids of the newest runs of a stack. */
export const listRecentIds =
  ({ api }: Pick<ConnectedStack, 'api'>) =>
  async (): Promise<string[]> =>
    (await api.listRuns({ limit: RECENT })).runs.map(({ id }) => id);

/**
 * The id that a person gave the beginning of; the same text if it is the beginning of none.
 *
 * @throws ConfigError when it is that of several
 */
export async function resolveRunId(given: string, listIds: () => Promise<string[]>): Promise<string> {
  if (isRunId(given) || !BEGINNING.test(given)) return given;
  const found = (await listIds()).filter((id) => id.startsWith(given));
  const [only] = found;
  if (found.length > 1) {
    throw new ConfigError(`${given} is the beginning of ${found.length} runs.`, {
      hint: `Give more of it: ${nameSome(found)}.`,
    });
  }
  return only ?? given;
}

async function findSentAs(
  runs: readonly (RunRecord | Run)[],
  get: (id: string) => Promise<RunRecord | Run | undefined>,
): Promise<SentAs> {
  const found = new Map<string, 'accepted' | 'resent'>();
  for (const { id, sentFrom } of runs) {
    if (!sentFrom) continue;
    const from =
      runs.find((one) => one.id === sentFrom.runId) ?? (await get(sentFrom.runId).catch(() => undefined));
    found.set(id, from?.error?.class === 'GuardError' ? 'accepted' : 'resent');
  }
  return found;
}
