import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/** Turns of the event loop: one that reads the last bytes of a connection, one that reads its end, one to spare. */
const TURNS_UNTIL_READ = 3;

/** A TCP proxy that keeps what clients send. */
export interface RecordingProxy extends AsyncDisposable {
  host: string;
  port: number;
  /** What each connection's client has sent, as it went over the wire. */
  connections: readonly Buffer[];
  /**
   * The most connections that clients had open at once, of those in which they had sent `options.counted`. A server counts a connection for a
   * moment after its client has closed it; this does not.
   */
  readonly mostAtOnce: number;
  stop(): Promise<void>;
}

/**
 * Starts a proxy in front of a server.
 *
 * @param options.host where it listens. @default 127.0.0.1
 * @param options.counted text of the connections that `mostAtOnce` counts. @default all that have sent something
 */
export async function startRecordingProxy(
  target: { host: string; port: number },
  options: { host?: string; counted?: string } = {},
): Promise<RecordingProxy> {
  const { host = '127.0.0.1', counted = '' } = options;
  const connections: Buffer[] = [];
  const sockets = new Set<Socket>();
  const open = new Set<Socket>();
  let mostAtOnce = 0;
  const count = async () => {
    // The end of another connection, which came before this one, may still wait to be read.
    for (let turn = 0; turn < TURNS_UNTIL_READ; turn += 1) await setImmediate();
    mostAtOnce = Math.max(mostAtOnce, open.size);
  };
  const server = createServer((client) => {
    const index = connections.push(Buffer.alloc(0)) - 1;
    const upstream = connect(target.port, target.host);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      const sent = Buffer.concat([connections[index] ?? Buffer.alloc(0), chunk]);
      connections[index] = sent;
      if (open.has(client) || !sent.includes(counted)) return;
      open.add(client);
      void count();
    });
    for (const event of ['end', 'close']) client.on(event, () => open.delete(client));
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const stop = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    host,
    port: (server.address() as AddressInfo).port,
    connections,
    get mostAtOnce() {
      return mostAtOnce;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
