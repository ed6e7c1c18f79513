import { sleep } from '../../shared/sleep.ts';
import { freePort } from '../../test/support/processes/bound-process.ts';
import type { Contender } from './contenders.ts';

/** Of the second in which the process starts: far enough from the next for a start, which takes some milliseconds. */
const STARTS_AT_MS = 500;

/** What a source's login and a sync's target are for the Go connector. */
export interface GoConnectorJob {
  type: 'postgres' | 'mysql';
  server: { host: string; port: number; user: string; password: string; database: string };
  table: string;
  dataset: string;
  polyteia: { baseUrl: string; personalAccessKey: string };
  /** How often the dataset was replaced so far. */
  uploads: () => number;
  /** More than a run takes: the next one begins then, whether or not the first has ended. */
  everySeconds: number;
}

/**
 * Polyteia's Go connector, given by the path of its binary. It only runs on a schedule, `@every`, which begins at a whole
 * second (https://github.com/robfig/cron/blob/v3.0.1/constantdelay.go), and is ended with its first upload. Until its run
 * begins, it does nothing, and this is subtracted. It downloads DuckDB's extension before its first run ever.
 */
export async function goConnector(binary: string, job: GoConnectorJob): Promise<Contender> {
  const { type, server, table, dataset, polyteia, uploads, everySeconds } = job;
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
      CRON_SCHEDULE: `@every ${everySeconds}s`,
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
      begin: async () => {
        before = uploads();
        await sleep((STARTS_AT_MS - (Date.now() % 1000) + 1000) % 1000);
      },
      isDone: () => uploads() > before,
      waitSeconds: everySeconds - STARTS_AT_MS / 1000,
      giveUpSeconds: 3 * everySeconds,
    },
  };
}
