import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { multipartFile } from '../../../../shared/polyteia/http/multipart-file.ts';

/** The size of the pieces in which a file is sent. */
const PIECE = 256 * 1024;

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry multipart ü '));
  // It stops reading after each piece that arrives, so that what is sent waits in every buffer on the way.
  server = createServer(async (incoming, answer) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) {
      parts.push(part as Buffer);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const body = Buffer.concat(parts);
    const content = body.subarray(body.indexOf('\r\n\r\n') + 4, body.lastIndexOf('\r\n--'));
    answer.end(createHash('sha256').update(content).digest('hex'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

it.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7, 24 * PIECE + 1000])(
  'a file of %i bytes arrives as it is',
  async (size) => {
    // Each piece differs from all others.
    const content = Buffer.alloc(size, 'x');
    for (let at = 0; at + 4 <= size; at += 4) content.writeUInt32LE(at ^ 0x5bd1e995, at);
    const path = join(folder, `${size}.parquet`);
    await writeFile(path, content);
    const sent: number[] = [];
    const { contentType, contentLength, body } = await multipartFile(
      { path, name: 'result.parquet', contentType: 'application/vnd.apache.parquet' },
      { onProgress: (bytes) => sent.push(bytes) },
    );
    const { port } = server.address() as AddressInfo;
    const agent = new Agent();
    const answer = await request(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { 'content-type': contentType, 'content-length': String(contentLength) },
      // The type knows streams only; undici takes whatever can be iterated.
      body: body as unknown as Buffer,
      dispatcher: agent,
    });
    expect(await answer.body.text()).toBe(createHash('sha256').update(content).digest('hex'));
    expect(sent.at(-1) ?? 0).toBe(size);
    await agent.close();
  },
);
