import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Certificate } from '../network/certificates.ts';
import type { TokenJudge } from '../source/rds-tokens.ts';
import type { MysqlServer } from './mysql-server.ts';

/** A server instead of Amazon's MySQL, whose plugin for tokens is nowhere else. */
export interface MysqlCleartextServer extends AsyncDisposable {
  host: string;
  port: number;
  stop(): Promise<void>;
}

const CLEAR_PASSWORD = 'mysql_clear_password';
const CLIENT_SSL = 0x800;
const CLIENT_CONNECT_WITH_DB = 0x8;
const PLUGIN_AUTH_LENENC = 0x200000;
const CONNECT_ATTRS = 0x100000;
const SSL_REQUEST_LENGTH = 32;

/**
 * Starts one on a free port of 127.0.0.1. It supports TLS only, asks for `mysql_clear_password`, has the token judged, and then signs in at
 * a real MariaDB, which answers everything else.
 */
export async function startMysqlCleartextServer(options: {
  certificate: Certificate;
  tokens: TokenJudge;
  behind: MysqlServer;
}): Promise<MysqlCleartextServer> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    return socket;
  };
  const server = createServer((client) => {
    const { host, port } = options.behind;
    const behind = keep(connect(port, host));
    converse(keep(client), behind, options).catch(() => {
      client.destroy();
      behind.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const { port } = server.address() as AddressInfo;
  return { host: '127.0.0.1', port, stop, [Symbol.asyncDispose]: stop };
}

async function converse(
  client: Socket,
  behind: Socket,
  { certificate, tokens, behind: { user, password } }: Parameters<typeof startMysqlCleartextServer>[0],
): Promise<void> {
  const fromBehind = packetsOf(behind);
  const greeting = await fromBehind();
  const salt = saltOf(greeting);
  client.write(packet(0, withSsl(greeting)));

  // Read by hand until TLS begins, as what comes after is for TLS.
  const first = (await once(client, 'data'))[0] as Buffer;
  if (first.readUIntLE(0, 3) !== SSL_REQUEST_LENGTH) throw new Error('The client did not ask for TLS.');
  client.pause();
  client.unshift(first.subarray(4 + SSL_REQUEST_LENGTH));
  const stream: Duplex = new TLSSocket(client, { isServer: true, ...certificate });
  stream.on('error', () => client.destroy());
  const fromClient = packetsOf(stream);
  const login = readLogin(await fromClient());

  stream.write(packet(3, Buffer.from(`\xfe${CLEAR_PASSWORD}\0`, 'latin1')));
  const token = (await fromClient()).toString().replace(/\0$/, '');
  if (tokens.judge(login.username, token) !== undefined) {
    const refusal = `Access denied for user '${login.username}'@'127.0.0.1' (using password: YES)`;
    stream.end(packet(5, Buffer.concat([Buffer.from([0xff, 0x15, 0x04]), Buffer.from(`#28000${refusal}`)])));
    return;
  }
  behind.write(packet(1, loginBehind(login, user, password, salt)));
  const answer = await fromBehind();
  stream.write(packet(5, answer));
  if (answer[0] !== 0) throw new Error('The server behind refused the login.');
  fromBehind.release((chunk) => stream.write(chunk));
  fromClient.release((chunk) => behind.write(chunk));
  stream.on('close', () => behind.destroy());
  behind.on('close', () => stream.destroy());
}

function packet(sequence: number, body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(body.length, 0, 3);
  header.writeUInt8(sequence, 3);
  return Buffer.concat([header, body]);
}

/** Reads packet by packet, until all that comes is handed to somebody else. */
function packetsOf(stream: Duplex) {
  let received: Buffer = Buffer.alloc(0);
  let take: ((chunk: Buffer) => void) | undefined;
  let wake = () => {};
  stream.on('data', (chunk: Buffer) => {
    if (take) take(chunk);
    else received = Buffer.concat([received, chunk]);
    wake();
  });
  const next = async (): Promise<Buffer> => {
    for (;;) {
      const length = received.length < 4 ? Number.POSITIVE_INFINITY : 4 + received.readUIntLE(0, 3);
      if (received.length >= length) {
        const body = received.subarray(4, length);
        received = received.subarray(length);
        return body;
      }
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        stream.once('close', () => reject(new Error('The other side has gone.')));
      });
    }
  };
  return Object.assign(next, {
    release(to: (chunk: Buffer) => void) {
      take = to;
      if (received.length > 0) to(received);
    },
  });
}

/** Where the fields of a greeting are: behind the version, which ends in a zero. */
const capabilitiesAt = (greeting: Buffer) => greeting.indexOf(0, 1) + 1 + 4 + 8 + 1;

function withSsl(greeting: Buffer): Buffer {
  const changed = Buffer.from(greeting);
  const at = capabilitiesAt(greeting);
  changed.writeUInt16LE(changed.readUInt16LE(at) | CLIENT_SSL, at);
  return changed;
}

/** Twenty bytes in two parts. */
function saltOf(greeting: Buffer): Buffer {
  const at = capabilitiesAt(greeting);
  const secondPart = at + 2 + 1 + 2 + 2 + 1 + 10;
  return Buffer.concat([greeting.subarray(at - 9, at - 1), greeting.subarray(secondPart, secondPart + 12)]);
}

interface ClientLogin {
  capabilities: number;
  /** The fixed fields at the beginning. */
  head: Buffer;
  username: string;
  database: string;
}

function readLogin(body: Buffer): ClientLogin {
  const capabilities = body.readUInt32LE(0);
  const usernameEnd = body.indexOf(0, 32);
  const username = body.subarray(32, usernameEnd).toString();
  const answerLength = body.readUInt8(usernameEnd + 1);
  const databaseAt = usernameEnd + 2 + answerLength;
  const named = (capabilities & CLIENT_CONNECT_WITH_DB) !== 0;
  const database = named ? body.subarray(databaseAt, body.indexOf(0, databaseAt)).toString() : '';
  return { capabilities, head: body.subarray(0, 32), username, database };
}

/** The same login by its own password: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods_native_password_authentication.html */
function loginBehind(login: ClientLogin, user: string, password: string, salt: Buffer): Buffer {
  const sha1 = (...parts: (string | Buffer)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest();
  const once = sha1(password);
  const mask = sha1(salt, sha1(once));
  const proof = Buffer.from(once.map((byte, index) => byte ^ (mask[index] ?? 0)));
  const head = Buffer.from(login.head);
  head.writeUInt32LE((login.capabilities & ~(CLIENT_SSL | PLUGIN_AUTH_LENENC | CONNECT_ATTRS)) >>> 0, 0);
  const database = (login.capabilities & CLIENT_CONNECT_WITH_DB) === 0 ? '' : `${login.database}\0`;
  return Buffer.concat([
    head,
    Buffer.from(`${user}\0`),
    Buffer.from([proof.length]),
    proof,
    Buffer.from(`${database}mysql_native_password\0`),
  ]);
}
