import type { PostgresServer } from './postgres-server.ts';

/** A started Postgres as a source of ferry.yaml; its login is in the secret of the given name. */
export function sourceConfig({ host, port, database }: PostgresServer, secret: string) {
  return {
    type: 'postgres',
    host,
    port,
    database,
    auth: { type: 'password', secret },
    tls: { mode: 'disable' },
  };
}
