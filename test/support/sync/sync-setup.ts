import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Sleep } from '../../../shared/sleep.ts';
import { type FerryResult, runFerry, runFerryProcess } from '../cli/ferry-command.ts';
import { startPolyteiaStandIn } from '../polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../polyteia/stand-in/types.ts';
import { type PostgresOptions, type PostgresServer, startPostgres } from '../servers/postgres-server.ts';
import { sourceConfig } from '../source/source-config.ts';

export const DATASET = 'ds_meldungen1';

/** A source, a stand-in and a folder in which `ferry` runs as a person would run it. */
export interface SyncSetup extends AsyncDisposable {
  postgres: PostgresServer;
  polyteia: PolyteiaStandIn;
  folder: string;
  /**
   * Writes a ferry.yaml with one sync and runs it.
   *
   * @param sync fields of the sync, over a query of table `orders`
   * @param changes replaces the source or target fields and secrets
   */
  run(sync?: Record<string, unknown>, changes?: SyncChanges): Promise<FerryResult & { leftovers: string[] }>;
}

export interface SyncChanges {
  source?: Record<string, unknown>;
  target?: Record<string, unknown>;
  secrets?: Record<string, unknown>;
  args?: readonly string[];
  /** What to run instead of `run orders`. */
  command?: readonly string[];
  onStderr?: (text: string) => NodeJS.Signals | undefined;
  signalDelayMs?: number;
  /** How it waits between tries. @default with the real clock */
  sleep?: Sleep;
  /** As a person would run it, with its own process. @default false */
  ownProcess?: boolean;
}

/** Starts a Postgres and a stand-in with one dataset. */
export async function setUpSync(options: PostgresOptions = {}): Promise<SyncSetup> {
  const [postgres, polyteia] = await Promise.all([
    startPostgres(options),
    startPolyteiaStandIn({ datasets: [DATASET] }),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'ferry sync ü '));
  const temporary = join(folder, 'tmp');
  return {
    postgres,
    polyteia,
    folder,
    async run(sync = {}, changes = {}) {
      const query = 'duckdbQuery' in sync ? {} : { query: 'SELECT * FROM orders' };
      const config = {
        version: 1,
        sources: {
          erp: { ...sourceConfig(postgres, 'erp'), ...changes.source },
        },
        polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl, ...changes.target } },
        // Most tests look at what an upload does, and upload the same thing again and again.
        syncs: { orders: { source: 'erp', dataset: DATASET, whenUnchanged: 'upload', ...query, ...sync } },
      };
      const secrets = {
        erp: { username: postgres.user, password: postgres.password },
        polyteia: polyteia.personalAccessKey,
        ...changes.secrets,
      };
      await mkdir(temporary, { recursive: true });
      await writeFile(join(folder, 'ferry.yaml'), stringify(config));
      await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
      const ferry = changes.ownProcess ? runFerryProcess : runFerry;
      const result = await ferry(
        [...(changes.command ?? ['run', 'orders']), '--secrets', 'secrets.json', ...(changes.args ?? [])],
        {
          folder,
          environment: { TMPDIR: temporary },
          ...(changes.sleep && { sleep: changes.sleep }),
          ...(changes.onStderr ? { onStderr: changes.onStderr } : {}),
          ...(changes.signalDelayMs === undefined ? {} : { signalDelayMs: changes.signalDelayMs }),
        },
      );
      const leftovers = await readdir(temporary, { recursive: true });
      return { ...result, leftovers };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([postgres.stop(), polyteia.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
