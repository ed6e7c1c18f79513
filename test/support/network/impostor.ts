import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.ts';

/** A server that behaves like a database up to the password, asks for that in plain text, and keeps all that it gets. */
export interface Impostor extends AsyncDisposable {
  host: string;
  port: number;
  /** What clients sent before or without TLS, one connection after the other. */
  readonly plain: Buffer;
  /** What clients sent inside TLS. */
  readonly decrypted: Buffer;
  stop(): Promise<void>;
}

export interface ImpostorOptions {
  kind: 'postgres' | 'mysql';
  /** What it shows when asked for TLS; without one it has no TLS. */
  certificate?: Certificate;
  /** For mysql: when it says that it wants the password in plain text. @default switch */
  asks?: 'in greeting' | 'switch';
}

/** Starts one on a free port of 127.0.0.1. */
export async function startImpostor(options: ImpostorOptions): Promise<Impostor> {
  const heard = { plain: Buffer.alloc(0), decrypted: Buffer.alloc(0) };
  const hear = (how: keyof typeof heard, chunk: Buffer) => {
    heard[how] = Buffer.concat([heard[how], chunk]);
  };
  const sockets = new Set<Socket>();
  const speak = options.kind === 'mysql' ? speakMysql : speakPostgres;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    converse(socket, options, speak(options), hear).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    get plain() {
      return heard.plain;
    },
    get decrypted() {
      return heard.decrypted;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** What to say first, and what to answer; TLS may begin after so many bytes of the message, of which the client sends more unasked. */
interface Script {
  greeting?: Buffer;
  answer(message: Buffer): { say: Buffer; tlsFrom?: number };
}

async function converse(
  socket: Socket,
  { certificate }: ImpostorOptions,
  { greeting, answer }: Script,
  hear: (how: 'plain' | 'decrypted', chunk: Buffer) => void,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  if (greeting) socket.write(greeting);
  let stream: Duplex = socket;
  const listen = (how: 'plain' | 'decrypted') => {
    stream.on('data', (message: Buffer) => {
      const { say, tlsFrom } = answer(message);
      hear(how, message.subarray(0, tlsFrom));
      stream.write(say);
      if (tlsFrom === undefined) return;
      stream.removeAllListeners('data');
      socket.pause();
      socket.unshift(message.subarray(tlsFrom));
      stream = new TLSSocket(socket, { isServer: true, ...certificate });
      stream.on('error', () => socket.destroy());
      listen('decrypted');
    });
  };
  listen('plain');
  await once(socket, 'close');
}

const SSL_REQUEST_CODE = 80877103;
const GSS_REQUEST_CODE = 80877104;

function speakPostgres({ certificate }: ImpostorOptions): Script {
  const error = 'SFATAL\0C28P01\0Mpassword authentication failed\0\0';
  return {
    answer(message) {
      const code = message.length === 8 ? message.readUInt32BE(4) : 0;
      if (code === SSL_REQUEST_CODE && certificate) return { say: Buffer.from('S'), tlsFrom: 8 };
      if (code === SSL_REQUEST_CODE || code === GSS_REQUEST_CODE) return { say: Buffer.from('N') };
      if (message[0] === 0) return { say: Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]) };
      return {
        say: Buffer.concat([Buffer.from([0x45, 0, 0, 0, error.length + 4]), Buffer.from(error)]),
      };
    },
  };
}

const PLAIN_TEXT_METHOD = 'mysql_clear_password';
const CLIENT_SSL = 0x800;
const SSL_REQUEST_LENGTH = 32;

function speakMysql({ certificate, asks = 'switch' }: ImpostorOptions): Script {
  const packet = (sequence: number, ...parts: (string | number[])[]) => {
    const body = Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))),
    );
    return Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, sequence]), body]);
  };
  const salt = 'abcdefghijklmnopqrst';
  // LONG_PASSWORD, CONNECT_WITH_DB, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH
  const capabilities = 0x00088209 | (certificate ? CLIENT_SSL : 0);
  const greeting = packet(
    0,
    [10],
    '8.0.32\0',
    [1, 0, 0, 0],
    `${salt.slice(0, 8)}\0`,
    [capabilities & 255, (capabilities >> 8) & 255, 45, 2, 0, (capabilities >> 16) & 255, 0, 21],
    '\0'.repeat(10),
    `${salt.slice(8)}\0`,
    `${asks === 'in greeting' ? PLAIN_TEXT_METHOD : 'mysql_native_password'}\0`,
  );
  let asked = asks === 'in greeting';
  return {
    greeting,
    answer(message) {
      const sequence = message.readUInt8(3) + 1;
      const isSslRequest = message.readUIntLE(0, 3) === SSL_REQUEST_LENGTH;
      if (isSslRequest && certificate) return { say: Buffer.alloc(0), tlsFrom: 4 + SSL_REQUEST_LENGTH };
      if (asked) return { say: packet(sequence, [0xff, 0x15, 0x04], '#28000Access denied for user') };
      asked = true;
      return { say: packet(sequence, [0xfe], `${PLAIN_TEXT_METHOD}\0${salt}\0`) };
    },
  };
}
