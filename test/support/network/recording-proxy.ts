import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that keeps what clients send. */
export interface RecordingProxy extends AsyncDisposable {
  host: string;
  port: number;
  /** What each connection's client has sent, as it went over the wire. */
  connections: readonly Buffer[];
  stop(): Promise<void>;
}

/**
 * Starts a proxy in front of a server.
 *
 * @param options.host where it listens. @default 127.0.0.1
 */
export async function startRecordingProxy(
  target: { host: string; port: number },
  options: { host?: string } = {},
): Promise<RecordingProxy> {
  const { host = '127.0.0.1' } = options;
  const connections: Buffer[] = [];
  const sockets = new Set<Socket>();
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
      connections[index] = Buffer.concat([connections[index] ?? Buffer.alloc(0), chunk]);
    });
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
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
