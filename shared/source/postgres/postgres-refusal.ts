import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import pg from 'pg';
import type { SourceConfig } from '../../config/schema/ferry-config.ts';
import type { ConnectionLogin } from '../credentials/credentials.ts';
import type { Refusal } from '../error-patterns.ts';

const TIMEOUT_MS = 3_000;

/**
 * Uses node-postgres, which returns the fields of an error that libpq omits. See Dialect.askRefusal.
 *
 * @param facts what Ferry asks first
 */
export async function askPostgresRefusal(
  login: ConnectionLogin,
  { mode, caFile }: { mode: SourceConfig['tls']['mode']; caFile: string | undefined },
  facts = 'SELECT 1',
): Promise<Refusal | undefined> {
  // It only accepts bytes in UTF-8, and would ask for another database.
  if (login.databaseBytes !== undefined) return undefined;
  const { address, port, username, password, database, certificateHost = login.host } = login;
  const client = new pg.Client({
    host: address,
    port,
    user: username,
    password,
    database,
    ssl: mode === 'disable' ? false : await verification(mode, caFile, certificateHost),
    connectionTimeoutMillis: TIMEOUT_MS,
    application_name: 'ferry',
    client_encoding: 'UTF8',
  });
  // What follows the refusal.
  client.on('error', () => {});
  try {
    await client.connect();
    // A pooler may accept the login and refuse that afterwards.
    await client.query('BEGIN READ ONLY');
    await client.query(facts);
    return undefined;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code === undefined) return undefined;
    return { code: `${error.code} ${error.routine ?? ''}`, said: error.message };
  } finally {
    client.end().catch(() => {});
  }
}

/** What libpq verifies in each mode. */
async function verification(
  mode: SourceConfig['tls']['mode'],
  caFile: string | undefined,
  host: string,
): Promise<ConnectionOptions> {
  const name = isIP(host) === 0 ? { servername: host } : {};
  if (mode === 'require' && caFile === undefined) return { ...name, rejectUnauthorized: false };
  if (caFile === undefined) throw new Error(`There are no authorities for tls.mode ${mode}.`);
  return {
    ...name,
    ca: await readFile(caFile, 'utf8'),
    rejectUnauthorized: true,
    // The connection is made to the address.
    checkServerIdentity: (_address, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
  };
}
