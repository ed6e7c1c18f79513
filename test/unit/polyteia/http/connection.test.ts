import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openConnection } from '../../../../shared/polyteia/http/connection.ts';

let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify(request.url)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
});

it.each([
  ['', '/api'],
  ['/', '/api'],
  ['/polyteia', '/polyteia/api'],
  ['/polyteia/', '/polyteia/api'],
])('a base URL that ends in "%s" is asked at %s', async (end, asked) => {
  const { port } = server.address() as AddressInfo;
  const connection = openConnection({
    baseUrl: `http://127.0.0.1:${port}${end}`,
    keyOrigin: 'the secret',
    outgoing: {},
  });
  try {
    const { text } = await connection.send('/api', { headers: {}, body: '{}' });
    expect(JSON.parse(text)).toBe(asked);
  } finally {
    await connection.close();
  }
});
