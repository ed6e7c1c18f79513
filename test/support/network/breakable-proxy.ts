import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy that breaks on command, as if a server went down and came back at the same address. */
export interface BreakableProxy extends AsyncDisposable {
  host: string;
  port: number;
  /** Whether it refuses connections. */
  readonly isDown: boolean;
  /** From the moment that a client sends such text on, nothing gets through any more, and no connection ends: a server that hangs. */
  hangAt(text: string): void;
  /** Breaks all connections off; new ones are taken. */
  cut(): void;
  /** Breaks all connections off and refuses new ones. */
  goDown(): void;
  /** Takes connections again, for another server if one is given. */
  comeBack(target?: { host: string; port: number }): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1. */
export async function startBreakableProxy(first: { host: string; port: number }): Promise<BreakableProxy> {
  const host = '127.0.0.1';
  let target = first;
  const sockets = new Set<Socket>();
  let server: Server;
  let hangAt: string | undefined;
  let hangs = false;
  const listen = async (port: number) => {
    server = createServer((client) => {
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
      if (hangs) return;
      client.on('data', (chunk: Buffer) => {
        if (hangAt === undefined || !chunk.includes(hangAt)) return;
        hangs = true;
        for (const socket of sockets) socket.unpipe();
      });
      client.pipe(upstream).pipe(client);
    });
    server.listen(port, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const goDown = () => {
    server.close();
    cut();
  };
  return {
    host,
    port,
    get isDown() {
      return !server.listening;
    },
    hangAt(text) {
      hangAt = text;
    },
    cut,
    goDown,
    async comeBack(other = target) {
      target = other;
      await listen(port);
    },
    async [Symbol.asyncDispose]() {
      goDown();
    },
  };
}
