import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteLiteral } from '../../duckdb/sql-text.ts';
import { ConfigError } from '../../errors.ts';
import type { ConnectionLogin } from '../credentials/credentials.ts';
import type { Dialect } from '../dialect.ts';

/** How long a statement waits for a lock if the login has no limit for that; then it is tried again. */
export const LOCK_TIMEOUT = '30s';
/** The same for questions about the catalog, for which nobody may queue behind Ferry. */
const CATALOG_LOCK_TIMEOUT = '1s';

/**
 * What a shell sets for psql, libpq uses for whatever a connection leaves open: another address than `host`, or
 * start-up options, which a pooler refuses.
 */
export function forgetPsqlVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (/^PG[A-Z]+$/.test(name)) delete process.env[name];
  }
}

const SERVICE_FILE = 'PGSERVICEFILE';

/**
 * Makes libpq read the name of the database from a file: https://www.postgresql.org/docs/current/libpq-pgservice.html
 *
 * @returns the name of its entry
 */
async function writeService(folder: string, database: Buffer): Promise<string> {
  if (database.includes('\n') || database.includes('\r'))
    throw new ConfigError(
      'Ferry cannot connect to a database whose name is not in UTF-8 and contains a line break.',
    );
  const path = join(folder, 'service.conf');
  await writeFile(path, Buffer.concat([Buffer.from('[ferry]\ndbname='), database, Buffer.from('\n')]), {
    mode: 0o600,
  });
  process.env[SERVICE_FILE] = path;
  return 'ferry';
}

const MOST_BYTES = 63;

/** A server cuts a longer name off without a word, and opens the database that it begins like. */
function assertWhole({ host, port, database }: Pick<ConnectionLogin, 'host' | 'port' | 'database'>): void {
  if (Buffer.byteLength(database) <= MOST_BYTES) return;
  throw new ConfigError(`The source at ${host}:${port} has no database "${database.slice(0, 100)}".`, {
    hint: `Names of databases have at most ${MOST_BYTES} bytes in Postgres; an umlaut has two.`,
  });
}

/** The options of a temporary secret: all that the client needs to know for a connection. */
async function secretOf(
  login: ConnectionLogin,
  tls: Parameters<Dialect['attach']>[2],
  folder: string,
): Promise<Record<string, string>> {
  const { host, certificateHost = host, hostRule } = login;
  if (login.databaseBytes === undefined) assertWhole(login);
  return {
    // The certificate is compared with HOST, and the connection is made to HOSTADDR. Without it, libpq resolves HOST
    // again, to which it may get another answer than the one that was allowed.
    HOST: certificateHost,
    ...(certificateHost === host && !hostRule ? {} : { HOSTADDR: login.address }),
    PORT: String(login.port),
    USER: login.username,
    PASSWORD: login.password,
    SSLMODE: tls.mode,
    ...(tls.caFile === undefined ? {} : { SSLROOTCERT: tls.caFile }),
    // DuckDB's text is UTF-8, but libpq reads bytes from its own file.
    ...(login.databaseBytes === undefined
      ? { DATABASE: login.database }
      : { SERVICE: await writeService(folder, login.databaseBytes) }),
    CONNECT_TIMEOUT: '10',
    APPLICATION_NAME: 'ferry',
    KEEPALIVES_IDLE: '30',
    // The one parameter of those here that poolers know: DuckDB's text is UTF-8, whatever a role is set to.
    CLIENT_ENCODING: 'UTF8',
  };
}

/** Attaches under the options of a secret. Every value is bound, so no error message can repeat one. */
async function attachBy(
  connection: DuckDBConnection,
  options: Record<string, string>,
  { name, readOnly }: { name: string; readOnly: boolean },
): Promise<void> {
  const secret = `ferry_${name}`;
  const list = Object.keys(options).map((option, index) => `${option} $${index + 1}`);
  await connection.run(
    `CREATE TEMPORARY SECRET ${secret} (TYPE postgres, ${list.join(', ')})`,
    Object.values(options),
  );
  try {
    await connection.run(
      `ATTACH '' AS ${name} (TYPE postgres, SECRET ${secret}${readOnly ? ', READ_ONLY' : ''})`,
    );
  } finally {
    await connection.run(`DROP SECRET ${secret}`);
  }
}

/** PgBouncer and RDS Proxy refuse start-up parameters, before they look at the login. */
const REFUSED_OPTIONS = /startup parameter|command-line options/i;

/** Whether the login, or the database, has its own limit, which start-up options override. */
const ownLockTimeout = `SELECT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS c (setting)
  WHERE c.setting LIKE 'lock_timeout=%'
    AND s.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = SESSION_USER))
    AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()))) AS own`;

/**
 * Attaches with a limit on waiting for locks on every connection, also on those that the client opens for a scan: it
 * cannot set one there. A pooler refuses that.
 */
async function attachWithLockTimeout(
  connection: DuckDBConnection,
  options: Record<string, string>,
  attached: { name: string; readOnly: boolean; limitLocks?: 'scan' | 'catalog' | undefined },
): Promise<void> {
  const ofCatalog = attached.limitLocks === 'catalog';
  const limit = ofCatalog ? CATALOG_LOCK_TIMEOUT : LOCK_TIMEOUT;
  try {
    await attachBy(connection, { ...options, OPTIONS: `-c lock_timeout=${limit}` }, attached);
  } catch (error) {
    if (!REFUSED_OPTIONS.test(String(error))) throw error;
    return attachBy(connection, options, attached);
  }
  if (ofCatalog) return;
  const reader = await connection.runAndReadAll(
    `SELECT * FROM postgres_query(${quoteLiteral(attached.name)}, $1)`,
    [ownLockTimeout],
  );
  if (reader.getRowsJS()[0]?.[0] === false) return;
  await connection.run(`DETACH ${attached.name}`);
  await attachBy(connection, options, attached);
}

/** See Dialect.attach. */
export const attachPostgres: Dialect['attach'] = async (connection, login, tls, attaching) => {
  forgetPsqlVariables();
  try {
    const options = await secretOf(login, tls, attaching.folder);
    // Elsewhere no OPTIONS, because of poolers: what they would set is set in each transaction.
    const attach = attaching.limitLocks === undefined ? attachBy : attachWithLockTimeout;
    await attach(connection, options, attaching);
  } finally {
    delete process.env[SERVICE_FILE];
  }
};
