import type { MysqlServer } from './mysql-server.ts';
import type { PostgresServer } from './postgres-server.ts';

/** A started server as a source of ferry.yaml; its login is in the secret of the given name. */
export function sourceConfig(server: PostgresServer | MysqlServer, secret: string) {
  const { host, port, database } = server;
  return {
    type: 'flavor' in server ? 'mysql' : 'postgres',
    host,
    port,
    database,
    auth: { type: 'password', secret },
    tls: { mode: 'disable' },
  };
}
