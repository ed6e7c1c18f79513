import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import mysql from 'mysql2/promise';
import type { ConnectionLogin } from '../credentials/credentials.ts';
import type { Refusal } from '../error-patterns.ts';

const TIMEOUT_MS = 3_000;

/** Uses mysql2, which returns the number of an error that DuckDB's client omits. See Dialect.askRefusal. */
export async function askMysqlRefusal(
  login: ConnectionLogin,
  { caFile }: { caFile: string | undefined },
): Promise<Refusal | undefined> {
  const { host, address, port, username, password, database } = login;
  const socket = connect({ host: address, port });
  const timer = setTimeout(() => socket.destroy(new Error('timed out')), TIMEOUT_MS);
  const verified = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
  try {
    const connection = await mysql.createConnection({
      host,
      stream: socket,
      user: username,
      password,
      database,
      connectTimeout: TIMEOUT_MS,
      charset: 'utf8mb4',
      // Always with the name in the certificate, as DuckDB's client does; the password goes in plain text only to
      // verified servers.
      ...(verified === undefined
        ? {}
        : {
            ssl: { ca: verified, rejectUnauthorized: true, verifyIdentity: true },
            enableCleartextPlugin: true,
          }),
    });
    connection.destroy();
    return undefined;
  } catch (error) {
    const { errno, sqlMessage } = error as { errno?: unknown; sqlMessage?: unknown };
    // Errors of the server have both; those of the network or of this client do not.
    if (typeof errno !== 'number' || typeof sqlMessage !== 'string') return undefined;
    return { code: String(errno), said: sqlMessage };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
