import type { Socket } from 'node:net';
import { ConfigError } from '../../errors.ts';
import type { Login } from '../credentials/credentials.ts';
import { explainRefusalByCode } from '../explain-error.ts';
import { mysqlErrorPatterns } from './mysql-errors.ts';

/**
 * Besides those in mysql-dialect.ts, the only host that DuckDB's client treats differently, and it has no other
 * spelling.
 */
const UNVERIFIED_HOST = '127.0.0.1';
const PLAIN_TEXT_METHOD = 'mysql_clear_password';
const ERROR_PACKET = 0xff;

/**
 * Waits for the greeting of a MySQL or MariaDB server, because DuckDB's client would wait forever.
 *
 * Without TLS the client sends the password in plain text to anyone who wants it so, which a server may say in its
 * greeting, and is then refused here, or for the single user later: to ask for that would count as a failed login, and
 * could lock the account.
 *
 * @throws what a server means that refuses everybody before it greets; ConfigError when the password would travel in
 *   plain text, or to a server whose name is not verified; Error when there is
 *   no greeting
 */
export async function probeMysqlServer(socket: Socket, login: Login, encrypted: boolean): Promise<void> {
  const at = `${login.host}:${login.port}`;
  if (encrypted && login.host === UNVERIFIED_HOST) {
    throw new ConfigError(
      `The certificate of the source at ${at} cannot be verified: DuckDB's client compares no host name for this address.`,
      {
        hint: 'Use the name in the certificate as `host` (for a tunnel, add a line to /etc/hosts), or set tls: { mode: disable }.',
      },
    );
  }
  const greeting = await readPacket(socket);
  if (greeting[0] === ERROR_PACKET) {
    const said = greeting.toString('utf8', 3).replace(/^#\w{5}/, '');
    throw explainRefusalByCode(mysqlErrorPatterns, { code: String(greeting.readUInt16LE(1)), said }, login);
  }
  if (!encrypted && greeting.includes(PLAIN_TEXT_METHOD)) {
    throw new ConfigError(
      `The source at ${at} asks for passwords in plain text, but the connection is unencrypted (tls.mode: disable).`,
      {
        hint: 'Set tls: { mode: verify-full } on this source, with the ca of its certificate. The password was not sent.',
      },
    );
  }
}

/** The content of the first packet, after its length in three bytes and its number. */
async function readPacket(socket: Socket): Promise<Buffer> {
  let received: Buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk]);
    const length = received.length < 4 ? Number.POSITIVE_INFINITY : received.readUIntLE(0, 3);
    if (received.length >= 4 + length) return received.subarray(4, 4 + length);
  }
  throw new Error('The server closed the connection before its greeting.');
}
