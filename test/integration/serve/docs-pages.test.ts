import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { type Replica, startServe } from '../../support/serve/start-serve.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';
const basic = (password: string) => `Basic ${Buffer.from(`someone:${password}`).toString('base64')}`;

let folder: string;
let replica: Replica;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry docs ü '));
  replica = await startServe({
    config: { version: 1, sources: {} },
    secrets: {},
    documents: createFolderDocumentStore(join(folder, 'state')),
    workFolder: join(folder, 'work'),
    api: { host: '127.0.0.1', port: 0, access: { type: 'token', token: TOKEN } },
  });
});
afterAll(async () => {
  await replica?.stop();
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string, authorization = basic(TOKEN), init: RequestInit = {}) =>
  fetch(`${replica.api}${path}`, { ...init, headers: { authorization } });

it('shows the API in a browser without anything from elsewhere', async () => {
  const page = await get('/');
  expect([page.status, new URL(page.url).pathname]).toEqual([200, '/docs']);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
  const html = await page.text();
  expect(html).not.toMatch(/https?:|\/\//);
  const files = [...html.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, file = '']) => file);
  expect(files).toHaveLength(3);
  for (const file of files) {
    const answer = await get(`/${file}`);
    expect([file, answer.status]).toEqual([file, 200]);
    expect(answer.headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
  }
  const document = (await (await get('/openapi.json')).json()) as { paths: object };
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(['/jobs/{job}/runs', '/workflows/v1/start']),
  );
});

it('asks for the token as the password of the page, and nowhere else', async () => {
  const refused = await get('/docs', '');
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="ferry"']);
  expect((await get('/docs', basic('wrong'))).status).toBe(401);
  expect((await get('/docs', `Bearer ${TOKEN}`)).status).toBe(200);
  // Another site's page could have a browser send it.
  const start = await get('/workflows/v1/start', basic(TOKEN), { method: 'POST', body: '{}' });
  expect([start.status, start.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="ferry"']);
  expect(await start.json()).toMatchObject({ success: false, error: 'Authentication failed.' });
  expect((await get('/jobs')).status).toBe(401);
  expect((await get('/docs', basic(TOKEN), { method: 'POST' })).status).toBe(404);
});
