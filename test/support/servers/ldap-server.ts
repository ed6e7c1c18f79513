import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server of LDAP that answers one question: is this the password of this user? */
export interface LdapServer extends AsyncDisposable {
  port: number;
  stop(): Promise<void>;
}

const BIND_REQUEST = 0x60;
const INVALID_CREDENTIALS = 49;

/** Starts one on a free port of 127.0.0.1. Names come as `uid=NAME`. */
export async function startLdapServer(
  isRight: (username: string, password: string) => boolean,
): Promise<LdapServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const message = readElement(received, 0);
      if (!message) return;
      received = received.subarray(message.end);
      const [id, operation] = elementsOf(message.content);
      if (!id || operation?.tag !== BIND_REQUEST) {
        socket.end();
        return;
      }
      const [, name, password] = elementsOf(operation.content).map(({ content }) => content.toString());
      const right = isRight((name ?? '').replace(/^uid=/, ''), password ?? '');
      const result = Buffer.from([0x0a, 1, right ? 0 : INVALID_CREDENTIALS, 4, 0, 4, 0]);
      const answer = Buffer.concat([element(2, id.content), element(0x61, result)]);
      socket.write(element(0x30, answer));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, stop, [Symbol.asyncDispose]: stop };
}

interface Element {
  tag: number;
  content: Buffer;
  /** Where the next one begins. */
  end: number;
}

/** An element in the Basic Encoding Rules; undefined when it is not all there yet. */
function readElement(buffer: Buffer, start: number): Element | undefined {
  if (buffer.length < start + 2) return undefined;
  const tag = buffer.readUInt8(start);
  const first = buffer.readUInt8(start + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const from = start + 2 + lengthBytes;
  if (buffer.length < from) return undefined;
  const length = lengthBytes === 0 ? first : buffer.readUIntBE(start + 2, lengthBytes);
  if (buffer.length < from + length) return undefined;
  return { tag, content: buffer.subarray(from, from + length), end: from + length };
}

function elementsOf(buffer: Buffer): Element[] {
  const found: Element[] = [];
  for (let next = readElement(buffer, 0); next; next = readElement(buffer, next.end)) found.push(next);
  return found;
}

/** One of less than 128 bytes, as all answers are. */
const element = (tag: number, content: Buffer) =>
  Buffer.concat([Buffer.from([tag, content.length]), content]);
