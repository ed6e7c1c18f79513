import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { waitFor } from '../../support/processes/wait-for.ts';

const parquet = 'application/vnd.apache.parquet';
let standIn: PolyteiaStandIn;

beforeEach(async () => {
  standIn = await startPolyteiaStandIn({ datasets: [{ id: 'ds_a', solutionId: 'sol_1', slug: 'orders' }] });
});
afterEach(() => standIn.stop());

async function call(body: unknown, headers: Record<string, string> = {}, path = '/api') {
  const response = await request(`${standIn.baseUrl}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${standIn.personalAccessKey}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.statusCode, body: await response.body.text() };
}

async function token(contentType = parquet): Promise<string> {
  const params = { id: 'ds_a', content_type: contentType };
  const { body } = await call({ command: 'generate_dataset_upload_token', params });
  return JSON.parse(body).data.token as string;
}

interface UploadSetup {
  uploadToken?: string;
  parts?: Array<{ name: string; content: string; type?: string }>;
  headers?: Record<string, string>;
  chunked?: boolean;
}

async function upload(setup: UploadSetup = {}) {
  const { parts = [{ name: 'file', content: 'PAR1', type: parquet }], chunked = false } = setup;
  const lines = parts.map(({ name, content, type }) => {
    const extra = type ? `; filename="x.parquet"\r\nContent-Type: ${type}` : '';
    return `--limit\r\nContent-Disposition: form-data; name="${name}"${extra}\r\n\r\n${content}\r\n`;
  });
  const body = Buffer.from(`${lines.join('')}--limit--\r\n`);
  const response = await request(`${standIn.baseUrl}/upload`, {
    method: 'POST',
    headers: {
      'x-upload-token': setup.uploadToken ?? (await token()),
      'content-type': 'multipart/form-data; boundary=limit',
      ...setup.headers,
    },
    body: chunked ? Readable.from([body]) : body,
  });
  return { status: response.statusCode, body: await response.body.text() };
}

function asset(answer: { body: string }) {
  return JSON.parse(answer.body).data.metadata.asset_info;
}

describe('the calls of the contract', () => {
  it('replaces a dataset and then describes what was uploaded', async () => {
    expect(asset(await call({ query: 'get_dataset', params: { id: 'ds_a' } }))).toBeUndefined();
    expect((await upload()).status).toBe(200);
    const bySlug = { query: 'get_dataset', params: { solution_id: 'sol_1', slug: 'orders' } };
    expect(asset(await call(bySlug))).toMatchObject({
      content_type: parquet,
      size: 4,
      storage_backend: 's3',
    });
    const first = standIn.datasets.get('ds_a')?.content?.file ?? '';
    expect(readFileSync(first, 'utf8')).toBe('PAR1');

    await upload({ parts: [{ name: 'file', content: 'PAR1 again', type: parquet }], chunked: true });
    const dataset = standIn.datasets.get('ds_a');
    expect(dataset).toMatchObject({ uploads: 2, content: { size: 10, contentType: parquet } });
    expect(existsSync(first)).toBe(false);
    expect(readdirSync(dirname(first))).toHaveLength(1);
    const uploads = standIn.calls.filter(({ on }) => on === 'upload');
    expect(uploads.map(({ contentLength }) => contentLength !== undefined)).toEqual([true, false]);
    expect(uploads[1]?.file).toEqual({ name: 'x.parquet', size: 10 });
    standIn.assertNoViolations();
  });

  it('answers a business error with HTTP 200 and a wrong key with 401, and counts neither as a violation', async () => {
    const unknown = await call({ query: 'get_dataset', params: { id: 'ds_other' } });
    expect(unknown.status).toBe(200);
    expect(JSON.parse(unknown.body)).toEqual({
      error: { code: 404, message: 'dataset not found', details: [] },
    });
    const get = { query: 'get_dataset', params: { id: 'ds_a' } };
    const revoked = await call(get, { authorization: 'Bearer pak_old' });
    expect(revoked.status).toBe(401);
    expect(JSON.parse(revoked.body).error.code).toBe(401);
    standIn.assertNoViolations();
  });

  it('lets a token expire', async () => {
    await standIn.stop();
    standIn = await startPolyteiaStandIn({ datasets: ['ds_a'], tokenLifetimeMs: 5 });
    const uploadToken = await token();
    await sleep(20);
    expect(await upload({ uploadToken })).toEqual({ status: 401, body: 'upload token expired' });
    standIn.assertNoViolations();
  });
});

describe('violations', () => {
  const get = { query: 'get_dataset', params: { id: 'ds_a' } };
  const tokenParams = { id: 'ds_a', content_type: 'text/plain' };
  it.each<[string, string, () => Promise<{ status: number }>]>([
    ['another path', 'no such path', () => call(get, {}, '/api/')],
    ['a query string', 'no query string', () => call(get, {}, '/api?x=1')],
    ['another header', "unexpected header 'x-request-id'", () => call(get, { 'x-request-id': '1' })],
    ['another content type', "content type is 'text/json'", () => call(get, { 'content-type': 'text/json' })],
    ['a body that is not JSON', 'not JSON', () => call('{')],
    ['command and query', 'exactly one', () => call({ ...get, command: 'x' })],
    ['no params', 'params is missing', () => call({ query: 'get_dataset' })],
    ['another field', "unexpected field 'id'", () => call({ ...get, id: 1 })],
    ['another parameter', 'get_dataset(id, x)', () => call({ ...get, params: { id: 'ds_a', x: '1' } })],
    ['a parameter that is no text', "'id' is no text", () => call({ ...get, params: { id: 1 } })],
    [
      'a command sent as a query',
      'query generate',
      () => call({ ...get, query: 'generate_dataset_upload_token' }),
    ],
    ['an unused call', 'list_datasets', () => call({ query: 'list_datasets', params: {} })],
    [
      'an unknown content_type',
      "unknown content_type 'text/plain'",
      () => call({ command: 'generate_dataset_upload_token', params: tokenParams }),
    ],
    [
      'a bearer on /upload',
      "unexpected header 'authorization'",
      () => upload({ headers: { authorization: 'Bearer x' } }),
    ],
    ['a token never issued', 'never issued', () => upload({ uploadToken: 'ut_x' })],
    [
      'a part of another type',
      'text/csv, but',
      () => upload({ parts: [{ name: 'file', content: '', type: 'text/csv' }] }),
    ],
    [
      'another name',
      "called 'data'",
      () => upload({ parts: [{ name: 'data', content: '', type: parquet }] }),
    ],
    ['no file', '0 files', () => upload({ parts: [] })],
    [
      'a field next to the file',
      "unexpected field 'name'",
      () =>
        upload({
          parts: [
            { name: 'name', content: 'x' },
            { name: 'file', content: 'x', type: parquet },
          ],
        }),
    ],
    [
      'two files',
      '2 files',
      () => upload({ parts: ['1', '2'].map((content) => ({ name: 'file', content, type: parquet })) }),
    ],
  ])('records %s', async (_, message, send) => {
    const { status } = await send();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(standIn.violations.join()).toContain(message);
    expect(() => standIn.assertNoViolations()).toThrow(message);
    expect(standIn.datasets.get('ds_a')?.uploads).toBe(0);
  });

  it('records a method that is not POST', async () => {
    const response = await request(`${standIn.baseUrl}/api`, { method: 'GET' });
    await response.body.dump();
    expect(response.statusCode).toBe(400);
    expect(standIn.violations.join()).toContain('only POST');
  });

  it('records a token that is used twice', async () => {
    const uploadToken = await token();
    expect((await upload({ uploadToken })).status).toBe(200);
    expect((await upload({ uploadToken })).status).toBe(401);
    expect(() => standIn.assertNoViolations()).toThrow('used before');
  });
});

describe('planned failures', () => {
  const get = () => call({ query: 'get_dataset', params: { id: 'ds_a' } });
  const uploads = () => standIn.datasets.get('ds_a')?.uploads;

  it('affect as many calls as planned, and only those of the operation', async () => {
    standIn.failNext({
      on: 'get_dataset',
      times: 2,
      how: { kind: 'status', status: 503, html: '<h1>503</h1>' },
    });
    await token();
    expect(await get()).toEqual({ status: 503, body: '<h1>503</h1>' });
    expect((await get()).status).toBe(503);
    expect((await get()).status).toBe(200);
    expect(standIn.calls.map(({ failure }) => failure)).toEqual([undefined, 'status', 'status', undefined]);
  });

  it('answer with an error envelope', async () => {
    const how = { kind: 'errorEnvelope', code: 403, message: 'forbidden', details: ['x'] } as const;
    standIn.failNext({ on: 'generate_dataset_upload_token', how });
    const params = { id: 'ds_a', content_type: parquet };
    const { status, body } = await call({ command: 'generate_dataset_upload_token', params });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ error: { code: 403, message: 'forbidden', details: ['x'] } });
    standIn.failNext({ on: 'upload', how });
    expect(await upload()).toEqual({ status: 403, body: 'forbidden' });
    expect(uploads()).toBe(0);
  });

  it.each(['before', 'middle', 'after'] as const)('reset an upload %s its body', async (when) => {
    standIn.failNext({ on: 'upload', how: { kind: 'reset', when } });
    await expect(upload()).rejects.toThrow();
    expect(uploads()).toBe(0);
    expect((await upload()).status).toBe(200);
    standIn.assertNoViolations();
  });

  it('reset an upload that had taken effect', async () => {
    standIn.failNext({ on: 'upload', how: { kind: 'reset', when: 'after', apply: true } });
    await expect(upload()).rejects.toThrow();
    expect(uploads()).toBe(1);
  });

  it('refuse an upload before its body is read', async () => {
    standIn.failNext({ on: 'upload', how: { kind: 'status', status: 413, early: true } });
    expect((await upload()).status).toBe(413);
    expect(uploads()).toBe(0);
  });

  it('answer late', async () => {
    standIn.failNext({ on: 'get_dataset', how: { kind: 'slow', ms: 150 } });
    const begin = performance.now();
    expect((await get()).status).toBe(200);
    expect(performance.now() - begin).toBeGreaterThan(140);
  });

  it('never answer, and do not keep the stand-in from stopping', async () => {
    standIn.failNext({ on: 'get_dataset', how: { kind: 'hang' } });
    const answer = get().catch((error: Error) => error);
    await expect.poll(() => standIn.calls[0]?.failure).toBe('hang');
    await standIn.stop();
    expect(await answer).toBeInstanceOf(Error);
  });

  it('break off an answer, and send one that is not JSON', async () => {
    standIn.failNext({ on: 'get_dataset', how: { kind: 'truncated' } });
    standIn.failNext({ on: 'get_dataset', how: { kind: 'notJson' } });
    await expect(get()).rejects.toThrow();
    const { status, body } = await get();
    expect(status).toBe(200);
    expect(body).toMatch(/^<html>/);
  });

  it('leave nothing of an upload whose client disconnects', async () => {
    const abort = new AbortController();
    const sent = request(`${standIn.baseUrl}/upload`, {
      method: 'POST',
      signal: abort.signal,
      headers: { 'x-upload-token': await token(), 'content-type': 'multipart/form-data; boundary=limit' },
      body: Readable.from(
        (async function* () {
          yield `--limit\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n`;
          yield `Content-Type: ${parquet}\r\n\r\nPAR1`;
          await sleep(100);
          abort.abort();
          await sleep(1_000);
        })(),
      ),
    });
    await expect(sent).rejects.toThrow();
    await upload();
    const file = standIn.datasets.get('ds_a')?.content?.file ?? '';
    // The server learns in its own time that the client is gone.
    await waitFor('the half file to go', () => readdirSync(dirname(file)).length === 1 || undefined, 5_000);
    expect(uploads()).toBe(1);
    standIn.assertNoViolations();
  });
});
