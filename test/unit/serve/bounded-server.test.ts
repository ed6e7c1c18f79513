import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBoundedServer } from '../../../shared/serve/listeners/bounded-server.ts';

// It reads the body, and answers when it is told to.
const MOST = 3;

let server: Server;
let release: (() => void)[];
const sockets = new Set<Socket>();
beforeEach(async () => {
  release = [];
  server = createBoundedServer(
    (request, response) => {
      request.resume().on('end', () => {
        if (request.url === '/now') response.end('done');
        else release.push(() => response.end('done'));
      });
    },
    { maxConnections: MOST, requestMs: 30_000, keepAliveMs: 30_000, stillMs: 30_000 },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A client that has sent this, and what it has got. */
async function send(bytes: string) {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.add(socket);
  socket.on('error', () => {});
  const accepted = once(server, 'connection');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => {
    answer += text;
  });
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve('closed')));
  socket.write(bytes);
  await accepted;
  return {
    socket,
    closed,
    /** The answers so far; waits for one. */
    async answered(count = 1) {
      while (answer.split('done').length <= count) await once(socket, 'data');
      return answer;
    },
  };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const SLOW_HEADER = 'GET / HTTP/1.1\r\nHost: x\r\nX: ';
const SLOW_BODY = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nbody';

describe('a server with as many connections as it may have', () => {
  it.each([
    ['send nothing', ''],
    ['send headers slowly', SLOW_HEADER],
    ['send a body slowly', SLOW_BODY],
  ])('answers a new client in the place of the oldest of those that %s', async (_what, bytes) => {
    const holding: Awaited<ReturnType<typeof send>>[] = [];
    for (let n = 0; n < MOST; n += 1) holding.push(await send(bytes));
    const client = await send(get('/now'));
    expect(await client.answered()).toContain('200 OK');
    expect(await holding[0]?.closed).toBe('closed');
    expect(holding.slice(1).map(({ socket }) => socket.closed)).toEqual([false, false]);
  });

  it('takes no place from those that wait for it', async () => {
    const waiting: Awaited<ReturnType<typeof send>>[] = [];
    for (let n = 0; n < MOST; n += 1) waiting.push(await send(get('/later')));
    while (release.length < MOST) await new Promise((resolve) => setImmediate(resolve));
    expect(await (await send(get('/now'))).closed).toBe('closed');
    for (const answer of release) answer();
    for (const client of waiting) expect(await client.answered()).toContain('200 OK');
    expect(await (await send(get('/now'))).answered()).toContain('200 OK');
  });
});

describe('a client', () => {
  it('may send its next request when it has an answer', async () => {
    const client = await send(get('/now'));
    await client.answered();
    client.socket.write(get('/now'));
    expect((await client.answered(2)).split('200 OK')).toHaveLength(3);
  });

  it('is cut off when it sends more before that, and nothing of it is worked on', async () => {
    const client = await send(get('/later').repeat(1_000));
    expect(await client.closed).toBe('closed');
    expect(release.length).toBeLessThanOrEqual(1);
  });
});
