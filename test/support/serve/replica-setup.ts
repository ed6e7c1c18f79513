import type { PolyteiaStandIn } from '../polyteia/stand-in/types.ts';
import type { PostgresServer } from '../servers/postgres-server.ts';
import { sourceConfig } from '../source/source-config.ts';
import { DATASET } from '../sync/sync-setup.ts';
import type { ServeSetup } from './start-serve.ts';

/** How many rows the one sync of {@link replicaSetup} sends. */
export const ROWS = 50_000;

/** What replicas with one sync have in common, but for their state. */
export function replicaSetup({
  postgres,
  polyteia,
  api,
  job,
}: {
  postgres: PostgresServer;
  polyteia: PolyteiaStandIn;
  api: 'classic' | 'session';
  job: string;
}): Pick<ServeSetup, 'config' | 'secrets'> {
  const target = api === 'session' ? { api, organization: 'stadt-test', ingest: { pollInterval: '1s' } } : {};
  const query = `SELECT i AS id, md5(i::text) AS t FROM generate_series(1, ${ROWS}) i`;
  return {
    config: {
      version: 1,
      sources: { erp: sourceConfig(postgres, 'erp') },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl, ...target } },
      syncs: { [job]: { source: 'erp', dataset: DATASET, whenUnchanged: 'upload', query } },
    },
    secrets: {
      erp: { username: postgres.user, password: postgres.password },
      polyteia: polyteia.personalAccessKey,
    },
  };
}
