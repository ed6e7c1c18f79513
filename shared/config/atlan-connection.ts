import { createHash } from 'node:crypto';
import type { SourceConfig } from './schema/ferry-config.ts';

/** How Atlan knows a source. */
export interface AtlanConnection {
  /** Three parts: tenant/connector/id. */
  qualifiedName: string;
  name: string;
}

/** Where a source is; a file has no host. */
interface Place {
  host: string;
  port: number;
  database: string;
}

// Atlan's ids are the seconds at which a connection was created. No Atlan existed between 2001 and 2017, so these ids
// are free.
const FIRST_ID = 1_000_000_000n;
const IDS = 500_000_000n;

/**
 * The connection that the assets of a source belong to: as configured, else derived from where the server is, and the
 * same at each run. Two sources on one server share a connection, because their databases distinguish them. A file has
 * one of its own: two may have the same name, in different folders.
 *
 * @param options.name of the source
 * @param options.login where the source really is, because a secret may say it
 */
export function connectionOf(options: {
  name: string;
  source: Pick<SourceConfig, 'type' | 'odbc' | 'connection'>;
  login: Place;
  tenant: string;
}): AtlanConnection {
  const { name, source, login, tenant } = options;
  return {
    name: source.connection?.name ?? name,
    qualifiedName:
      source.connection?.qualifiedName ??
      `${tenant}/${connectorOf(source)}/${idOf(connectorOf(source), login)}`,
  };
}

/**
 * The connection as far as the configuration alone says it.
 *
 * @returns undefined where the source's secret may say where the server is
 */
export function knownConnection(
  name: string,
  source: SourceConfig,
  tenant: string,
): AtlanConnection | undefined {
  const { host = '', port = 0, database = '', connection, odbc } = source;
  const isKnown = odbc?.product === 'sqlite' ? database !== '' : host !== '' && port !== 0;
  if (connection?.qualifiedName === undefined && !isKnown) return undefined;
  return connectionOf({ name, source, login: { host, port, database }, tenant });
}

/** Atlan's name for the kind of database, whatever Ferry reads it with. */
export function connectorOf({ type, odbc }: Pick<SourceConfig, 'type' | 'odbc'>): string {
  if (odbc === undefined) return type;
  return { postgresql: 'postgres', mariadb: 'mysql', sqlite: 'sqlite', sqlserver: 'mssql' }[odbc.product];
}

function idOf(type: string, { host, port, database }: Place): bigint {
  const place = host === '' ? database : `${host.toLowerCase()}\n${port}`;
  const hash = createHash('sha256').update(`${type}\n${place}`).digest();
  return FIRST_ID + (hash.readBigUInt64BE() % IDS);
}
