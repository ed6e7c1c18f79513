import type { Socket } from 'node:net';
import { ConfigError } from '../../errors.ts';
import type { Login } from '../credentials.ts';

const PROTOCOL_VERSION = 10;
const AUTH_SWITCH = 0xfe;
// LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH
const CAPABILITIES = 0x00088201;
const UTF8MB4 = 45;
/** No server has it, so that the server names the one that it wants. */
const NO_METHOD = 'ferry_asks_for_the_method';
const PLAIN_TEXT_METHOD = 'mysql_clear_password';
/** The one host besides those in mysql.ts that the client treats unlike others, and it has no other spelling. */
const UNVERIFIED_HOST = '127.0.0.1';

/**
 * Waits for the greeting of a MySQL or MariaDB server, for which DuckDB's client would wait for ever. Where nothing will be encrypted
 * it also asks how the user is to sign in, as the client would send the password in plain text to whoever wants it so; it says the
 * user's name for that, and nothing secret. This catches a server that is honest: from one that lies only TLS protects.
 *
 * @throws ConfigError when the password would travel in plain text, or to a server whose name is not verified; Error when there is
 *   no greeting
 */
export async function probeMysqlServer(socket: Socket, login: Login, encrypted: boolean): Promise<void> {
  if (encrypted && login.host === UNVERIFIED_HOST) {
    throw new ConfigError(
      `The certificate of the source at ${login.host}:${login.port} cannot be verified: DuckDB's client compares no name with it for this address.`,
      {
        hint: 'Use the name in the certificate as `host` (a line in /etc/hosts leads it to a tunnel), or tls: { mode: disable }.',
      },
    );
  }
  const packets = readPackets(socket);
  const greeting = await nextPacket(packets);
  // Anything else is a refusal, which the client gets as well and the dialect explains.
  if (encrypted || greeting.body[0] !== PROTOCOL_VERSION) return;
  let { body } = greeting;
  if (!body.includes(PLAIN_TEXT_METHOD)) {
    socket.write(loginWithoutProof(login.username, greeting.sequence + 1));
    ({ body } = await nextPacket(packets));
    if (body[0] !== AUTH_SWITCH || !body.includes(PLAIN_TEXT_METHOD)) return;
  }
  throw new ConfigError(
    `The source at ${login.host}:${login.port} wants the password of user "${login.username}" in plain text, and tls.mode: disable leaves the connection unencrypted.`,
    {
      hint: 'Set tls: { mode: verify-full } on this source, with the ca of its certificate. The password was not sent.',
    },
  );
}

interface Packet {
  sequence: number;
  body: Buffer;
}

async function* readPackets(socket: Socket): AsyncGenerator<Packet, undefined> {
  let received: Buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4) {
      const end = 4 + received.readUIntLE(0, 3);
      if (received.length < end) break;
      yield { sequence: received.readUInt8(3), body: received.subarray(4, end) };
      received = received.subarray(end);
    }
  }
}

async function nextPacket(packets: AsyncGenerator<Packet, undefined>): Promise<Packet> {
  const { value } = await packets.next();
  if (!value) throw new Error('The server ended the conversation.');
  return value;
}

/** The client's answer to the greeting, with an empty proof for a method that does not exist. */
function loginWithoutProof(username: string, sequence: number): Buffer {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(CAPABILITIES, 0);
  fixed.writeUInt8(UTF8MB4, 8);
  const body = Buffer.concat([fixed, Buffer.from(`${username}\0\0${NO_METHOD}\0`)]);
  const header = Buffer.alloc(4);
  header.writeUIntLE(body.length, 0, 3);
  header.writeUInt8(sequence, 3);
  return Buffer.concat([header, body]);
}
