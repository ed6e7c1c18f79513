/** Where a server is; one with a flavor is a MySQL. */
export interface SourceAddress {
  host: string;
  port: number;
  database: string;
  flavor?: string;
}

/** A started server as a source of ferry.yaml; its login is in the secret of the given name. */
export function sourceConfig(server: SourceAddress, secret: string) {
  const { host, port, database } = server;
  return {
    type: server.flavor === undefined ? 'postgres' : 'mysql',
    host,
    port,
    database,
    auth: { type: 'password', secret },
    tls: { mode: 'disable' },
  };
}
