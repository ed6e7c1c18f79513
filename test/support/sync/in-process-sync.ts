import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore, type RunStore } from '../../../shared/runs/records/run-store.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import type { RunSyncOptions } from '../../../shared/sync/sync-work.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import type { PolyteiaStandIn } from '../polyteia/stand-in/types.ts';
import type { PostgresServer } from '../servers/postgres-server.ts';
import { sourceConfig } from '../source/source-config.ts';
import { DATASET } from './sync-setup.ts';

/** What runs of the sync `orders` need, with their own state folder: for settings that no command line has, such as a deadline. */
export interface InProcessSync extends AsyncDisposable {
  store: RunStore;
  stateFolder: string;
  workFolder: string;
  /** @param sync fields of the sync, over a query of table `orders` */
  options(sync?: Record<string, unknown>, target?: Record<string, unknown>): RunSyncOptions;
}

/** Makes the folders. */
export async function setUpInProcessSync(
  postgres: Pick<PostgresServer, 'host' | 'port' | 'database' | 'user' | 'password'>,
  polyteia: PolyteiaStandIn,
): Promise<InProcessSync> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry here ü '));
  const stateFolder = join(folder, 'state');
  const workFolder = join(folder, 'work');
  const store = createRunStore(createFolderDocumentStore(stateFolder));
  const secrets = {
    erp: JSON.stringify({ username: postgres.user, password: postgres.password }),
    polyteia: polyteia.personalAccessKey,
  };
  return {
    store,
    stateFolder,
    workFolder,
    options: (sync = {}, target = {}) => ({
      config: parseConfig(
        JSON.stringify({
          version: 1,
          sources: { erp: sourceConfig(postgres, 'erp') },
          polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl, ...target } },
          syncs: { orders: { source: 'erp', dataset: DATASET, query: 'SELECT * FROM orders', ...sync } },
        }),
        'ferry.yaml',
      ),
      job: 'orders',
      trigger: { type: 'cli', triggeredBy: 'test' },
      scope: 'test',
      store,
      secrets: createLocalSecretReader({ values: new Map(Object.entries(secrets)), environment: {} }),
      extensionFolders: [PROJECT_EXTENSIONS],
      workFolder,
      memoryLimitBytes: 256_000_000,
      threads: 1,
      maxTries: 1,
      logger: createLogger({ level: 'silent' }),
    }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
