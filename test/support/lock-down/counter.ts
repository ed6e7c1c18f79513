import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A port of this machine that counts who connects to it, and leads to another one when there is one. */
export interface Counter {
  port: number;
  connections: number;
  stop(): void;
}

export async function startCounter(target?: number): Promise<Counter> {
  const sockets = new Set<Socket>();
  const counter: Counter = {
    port: 0,
    connections: 0,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  const server = createServer((socket) => {
    counter.connections += 1;
    const ends = target === undefined ? [socket] : [socket, connect({ host: '127.0.0.1', port: target })];
    for (const end of ends) {
      sockets.add(end);
      end.on('error', () => {});
    }
    const [, onward] = ends;
    if (onward) socket.pipe(onward).pipe(socket);
    else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na\n1\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  counter.port = (server.address() as AddressInfo).port;
  return counter;
}
