import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { send } from '../../../../shared/polyteia/http/http.ts';
import { findObjection } from '../../../../shared/polyteia/http/upload-answer.ts';

let server: Server;
let answer: { body: Uint8Array; headers: Record<string, string> };
const dispatcher = new Agent();
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, answer.headers).end(answer.body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  await dispatcher.close();
  server.close();
});

const ask = async (body: Uint8Array, headers: Record<string, string> = {}) => {
  answer = { body, headers };
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return send(url, { dispatcher, outgoing: {}, headers: {}, body: '{}' });
};

const TEXT = '{"error": {"code": 413, "message": "Übergröße 数"}}';
const utf8 = Buffer.from(TEXT);
const le = Buffer.from(TEXT, 'utf16le');
const be = Buffer.from(le).swap16();
const mark = (bytes: number[], text: Buffer) => Buffer.concat([Buffer.from(bytes), text]);

it.each<[string, Uint8Array, Record<string, string>]>([
  ['as it is', utf8, {}],
  ['with a byte-order mark', mark([0xef, 0xbb, 0xbf], utf8), {}],
  ['in UTF-16 with its mark', mark([0xff, 0xfe], le), { 'content-type': 'application/json' }],
  ['in UTF-16 the other way', mark([0xfe, 0xff], be), {}],
  ['in UTF-16 without a mark', le, {}],
  ['in UTF-16 the other way, without a mark', be, {}],
  ['in UTF-16 by its header', le, { 'content-type': 'text/json; charset="UTF-16LE"' }],
  ['in UTF-8, whatever its header says', utf8, { 'content-type': 'application/json; charset=utf-16' }],
  ['in UTF-8, whose header names nothing', utf8, { 'content-type': 'application/json; charset=none' }],
  ['gzip', gzipSync(utf8), { 'content-encoding': 'gzip' }],
  ['x-gzip', gzipSync(utf8), { 'content-encoding': 'X-GZIP' }],
  ['deflate', deflateSync(utf8), { 'content-encoding': 'deflate' }],
  ['brotli', brotliCompressSync(utf8), { 'content-encoding': 'br' }],
  ['zstd', zstdCompressSync(utf8), { 'content-encoding': 'zstd' }],
  ['twice', brotliCompressSync(gzipSync(utf8)), { 'content-encoding': 'gzip, br' }],
  ['UTF-16 in gzip', gzipSync(mark([0xff, 0xfe], le)), { 'content-encoding': 'gzip' }],
  ['as identity', utf8, { 'content-encoding': 'identity' }],
])('an answer %s is read, and its error found', async (_how, body, headers) => {
  const read = await ask(body, headers);
  expect(read.text).toBe(TEXT);
  expect(findObjection(read)).toEqual({ kind: 'error', code: 413 });
});

it('an answer in Latin-1 has its letters', async () => {
  const read = await ask(Buffer.from('größer', 'latin1'), {
    'content-type': 'text/plain; charset=ISO-8859-1',
  });
  expect(read.text).toBe('größer');
});

it('an answer that does not match its encoding is refused', async () => {
  await expect(ask(utf8, { 'content-encoding': 'gzip' })).rejects.toMatchObject({
    class: 'PolyteiaUnavailableError',
  });
});

it('an answer that is truncated in the middle of its compression is refused', async () => {
  const whole = gzipSync(utf8);
  await expect(
    ask(whole.subarray(0, whole.length - 10), { 'content-encoding': 'gzip' }),
  ).rejects.toMatchObject({
    class: 'PolyteiaUnavailableError',
  });
});

it('an answer that grows without end while it is decompressed is read up to the limit', async () => {
  const read = await ask(gzipSync(Buffer.alloc(50_000_000, 'x')), { 'content-encoding': 'gzip' });
  expect(read.text.length).toBeGreaterThanOrEqual(256 * 1024);
  expect(read.text.length).toBeLessThan(1_000_000);
});

it('an empty answer is empty', async () => {
  expect((await ask(Buffer.alloc(0))).text).toBe('');
});
