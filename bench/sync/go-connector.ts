import { freePort } from '../../test/support/processes/bound-process.ts';
import type { Contender } from './contenders.ts';

/** What a source's login and a sync's target are for the Go connector. */
export interface GoConnectorJob {
  type: 'postgres' | 'mysql';
  server: { host: string; port: number; user: string; password: string; database: string };
  table: string;
  dataset: string;
  polyteia: { baseUrl: string; personalAccessKey: string };
  /** How often the dataset was replaced so far. */
  uploads: () => number;
}

/**
 * Polyteia's Go connector, given by the path of its binary: it runs one job on a schedule, so it is started with one of
 * every second, and ended with its first upload. The second until then is subtracted.
 */
export async function goConnector(binary: string, job: GoConnectorJob): Promise<Contender> {
  const { type, server, table, dataset, polyteia, uploads } = job;
  let before = 0;
  return {
    name: 'Go connector',
    kind: 'peer',
    uploads: true,
    command: [binary],
    environment: {
      PERSONAL_ACCESS_TOKEN: polyteia.personalAccessKey,
      POLYTEIA_BASE_URL: polyteia.baseUrl,
      DATASET_ID: dataset,
      CRON_SCHEDULE: '@every 1s',
      LOG_LEVEL: 'error',
      HEALTH_CHECK_PORT: String(await freePort()),
      SOURCE_DATABASE_TYPE: type,
      SOURCE_DATABASE_HOST: server.host,
      SOURCE_DATABASE_PORT: String(server.port),
      SOURCE_DATABASE_USER: server.user,
      SOURCE_DATABASE_PASSWORD: server.password,
      SOURCE_DATABASE_NAME: server.database,
      SOURCE_DATABASE_SQL_QUERY: `SELECT * FROM db.${table}`,
    },
    until: {
      begin: () => {
        before = uploads();
      },
      isDone: () => uploads() > before,
      waitSeconds: 1,
    },
  };
}
