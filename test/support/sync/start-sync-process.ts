import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunRecord, runRecordSchema } from '../../../shared/runs/records/run-record.ts';
import type { PolyteiaStandIn } from '../polyteia/stand-in/types.ts';
import { readOutput } from '../processes/child-output.ts';
import type { PostgresServer } from '../servers/postgres-server.ts';
import { sourceConfig } from '../source/source-config.ts';
import type { SyncProcessInput } from './sync-process.ts';
import { DATASET } from './sync-setup.ts';

const SCRIPT = fileURLToPath(new URL('./sync-process.ts', import.meta.url));

/** What a run in its own process needs. */
export interface SyncProcessOptions extends Pick<SyncProcessInput, 'leaseTimes' | 'runId' | 'endAt'> {
  postgres: PostgresServer;
  polyteia: PolyteiaStandIn;
  query: string;
  /** Holds the state and the work folder. */
  folder: string;
  /** @default orders */
  job?: string;
  /** More fields of the Polyteia target. */
  target?: Record<string, unknown>;
}

/** A started run. */
export interface SyncProcess {
  child: ChildProcess;
  /** Waits for the record that the process prints at its end. */
  record(): Promise<RunRecord>;
  /** Waits for a moment, as sync-process.ts names them. */
  reach(moment: string): Promise<void>;
  /** Waits until the process is gone; the signal that ended it, null when it ended on its own. */
  ended(): Promise<NodeJS.Signals | null>;
  /** The term of its lease; undefined when it got none. */
  term(): number | undefined;
}

/** Starts a run in its own process (sync-process.ts). */
export function startSyncProcess(options: SyncProcessOptions): SyncProcess {
  const { postgres, polyteia, query, folder, job = 'orders', target, leaseTimes, runId, endAt } = options;
  const input: SyncProcessInput = {
    config: {
      version: 1,
      sources: { erp: sourceConfig(postgres, 'erp') },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl, ...target } },
      syncs: { [job]: { source: 'erp', dataset: DATASET, whenUnchanged: 'upload', query } },
    },
    job,
    secrets: {
      erp: JSON.stringify({ username: postgres.user, password: postgres.password }),
      polyteia: polyteia.personalAccessKey,
    },
    stateFolder: join(folder, 'state'),
    workFolder: join(folder, 'work'),
    leaseTimes,
    ...(runId === undefined ? {} : { runId }),
    ...(endAt === undefined ? {} : { endAt }),
  };
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { text, printed, ended } = readOutput(child);
  return {
    child,
    record: async () => {
      const [, json = ''] = await printed(/^record (.*)$/m, 'the record');
      return runRecordSchema.parse(JSON.parse(json));
    },
    reach: async (moment) => {
      await printed(new RegExp(`^${moment}$`, 'm'), moment);
    },
    ended: async () => (await ended).signal,
    term: () => {
      const term = /^term (\d+)$/m.exec(text())?.[1];
      return term === undefined ? undefined : Number(term);
    },
  };
}
