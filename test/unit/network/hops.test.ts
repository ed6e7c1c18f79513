import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { expect, it } from 'vitest';
import { HopError, tryTls } from '../../../shared/network/hops.ts';

it.each([
  ['http', () => createServer()],
  ['SSH', () => createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'))],
])('a port that speaks %s, not TLS, is told from an authority that is not trusted', async (_, create) => {
  const server = create() as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const error = await tryTls({ host: '127.0.0.1', port }, { timeoutMs: 10_000 }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HopError);
    expect(error.message).toBe(`127.0.0.1:${port} answers, but not with TLS.`);
    expect(error.hint).not.toContain('extraCa');
  } finally {
    server.close();
  }
});
