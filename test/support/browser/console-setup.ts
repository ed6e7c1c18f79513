import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { openOutputStore } from '../../../shared/extraction/output/open-output-store.ts';
import { parseHostRule } from '../../../shared/network/host-rule.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { openConsoleServer } from '../../../shared/serve/browser/console-server.ts';
import { createRunLogs } from '../../../shared/serve/listeners/run-logs.ts';
import { openLocalApi } from '../../../shared/serve/open-local-api.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { startPolyteiaStandIn } from '../polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../polyteia/stand-in/types.ts';
import { FAST_LEASES } from '../serve/start-serve.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres-server.ts';
import { sourceConfig } from '../source/source-config.ts';
import { builtConsole } from './built-console.ts';

/** A console over a town's jobs, with a real Postgres. */
export interface ConsoleSetup extends AsyncDisposable {
  /** The address that opens it, once: each time it is another one. */
  readonly address: string;
  /** Without what opens it. */
  url: string;
  postgres: PostgresServer;
  polyteia: PolyteiaStandIn;
}

const DATASETS = ['ds_meldungen', 'ds_haushalt', 'ds_slow', 'ds_kurz'];

/**
 * Starts a console whose jobs are those of a town: odd names, a guard, a slow query, an extraction of two databases.
 *
 * @param options.allowHosts what the set-up form may try. @default nothing but configured sources
 */
export async function startConsole({ allowHosts }: { allowHosts?: string } = {}): Promise<ConsoleSetup> {
  const [postgres, polyteia, folder, pages] = await Promise.all([
    startPostgres(),
    startPolyteiaStandIn({ datasets: DATASETS }),
    mkdtemp(join(tmpdir(), 'ferry console ü ')),
    builtConsole(),
  ]);
  await postgres.query(`CREATE TABLE meldungen AS
    SELECT n AS id, 'Straßenlaterne defekt' AS "Größe <b>", now() AS eingegangen FROM generate_series(1, 100) n`);
  const berlin = { timezone: 'Europe/Berlin' };
  const sync = { source: 'stadt', whenUnchanged: 'upload', archive: { keep: 3 } };
  const config = {
    version: 1,
    sources: {
      stadt: sourceConfig(postgres, 'stadt'),
      weg: { ...sourceConfig(postgres, 'stadt'), host: '127.0.0.1', port: 1 },
    },
    polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
    syncs: {
      'offene-meldungen': {
        ...sync,
        query: 'SELECT * FROM meldungen',
        dataset: 'ds_meldungen',
        schedule: { cron: '30 2 * * *', ...berlin },
        guards: { maxRowChange: '10%' },
      },
      haushalt: {
        ...sync,
        source: 'weg',
        query: 'SELECT 1 AS id',
        dataset: 'ds_haushalt',
        schedule: { cron: '0 5 1 * *', ...berlin },
      },
      kaputt: { ...sync, query: 'SELECT * FROM gibt_es_nicht', dataset: 'ds_haushalt' },
      kurz: {
        ...sync,
        query: 'SELECT n AS id, pg_sleep(0.05)::text AS s FROM generate_series(1, 60) n',
        dataset: 'ds_kurz',
      },
      langsam: {
        ...sync,
        query: 'SELECT n AS id, pg_sleep(0.05)::text AS s FROM generate_series(1, 400) n',
        dataset: 'ds_slow',
      },
    },
    extractions: { 'stadt-katalog': { sources: ['stadt'], include: { '^postgres$': ['^public$'] } } },
  };
  const secrets = new Map([
    ['stadt', JSON.stringify({ username: postgres.user, password: postgres.password })],
    ['polyteia', polyteia.personalAccessKey],
  ]);
  // Before the logger, which asks how much is wanted of it.
  const logs = createRunLogs();
  const ending = new AbortController();
  const api = await openLocalApi(
    {
      config: parseConfig(JSON.stringify(config), 'ferry.yaml', 'process'),
      secrets: createLocalSecretReader({ values: secrets, environment: {} }),
      documents: createFolderDocumentStore(join(folder, 'state')),
      openOutput: (output) =>
        openOutputStore({
          output,
          own: { folder: join(folder, 'state') },
          client: () => {
            throw new Error('This test writes to folders only.');
          },
        }),
      extensionFolders: [PROJECT_EXTENSIONS],
      memoryLimitBytes: 512_000_000,
      threads: 1,
      workFolder: join(folder, 'work'),
      logger: createLogger({ level: 'silent' }),
      leaseTimes: FAST_LEASES,
      signal: ending.signal,
      name: 'test',
      maxRuns: 2,
      timeoutMs: 600_000,
      atlan: {
        rules: {
          hostRule: allowHosts === undefined ? undefined : parseHostRule(allowHosts, '--allow-hosts'),
          roleArns: [],
          tls: {},
        },
        applicationName: 'default',
        configDays: 1,
      },
    },
    { logs, caller: 'jürgen' },
  );
  let address = '';
  const { listening, address: first } = await openConsoleServer(
    { api: api.answer, subject: 'stadt/ferry.yaml', folder: pages },
    0,
    {
      onOpened(next) {
        address = next;
      },
    },
  );
  address = first;
  return {
    get address() {
      return address;
    },
    url: listening.url,
    postgres,
    polyteia,
    async [Symbol.asyncDispose]() {
      await listening.close();
      await api.stop(0);
      ending.abort();
      logs[Symbol.dispose]();
      await Promise.all([postgres.stop(), polyteia.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
