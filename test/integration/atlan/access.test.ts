import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connection } from '../../support/atlan/catalog.ts';
import { expectRefusal } from '../../support/atlan/refusals.ts';
import { type AtlanServer, startAtlan } from '../../support/atlan/start-atlan.ts';
import { freePort } from '../../support/processes/bound-process.ts';

// Who may use the routes of Atlan's app, where they answer, and how they are described.

const TOKEN = '0123456789abcdef0123456789abcdef';
const OPEN = ['/server/health', '/server/ready', '/health', '/ready'];
const id = '0190f9f0-0000-7000-8000-000000000000';
const asks = [
  ['POST', 'auth'],
  ['POST', 'metadata'],
  ['POST', 'check'],
  ['POST', 'start'],
  ['GET', `status/${id}/${id}`],
  ['POST', `stop/${id}/${id}`],
  ['GET', `result/${id}`],
  ['GET', `config/${id}`],
  ['POST', `config/${id}`],
] as const;

let port: number;
let atlan: AtlanServer;
beforeAll(async () => {
  port = await freePort();
  atlan = await startAtlan({
    args: ['--allow-hosts', '127.0.0.0/8'],
    environment: {
      FERRY_API_TOKEN: TOKEN,
      FERRY_API_PORT: '',
      ATLAN_APP_HTTP_HOST: '0.0.0.0',
      ATLAN_APP_HTTP_PORT: String(port),
    },
  });
});
afterAll(() => atlan?.stop());

const base = () => `http://127.0.0.1:${port}`;
const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
  const body = method === 'POST' ? JSON.stringify({ connection }) : undefined;
  const response = await fetch(`${base()}/workflows/v1/${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text), data: {}, headers: response.headers };
};

describe('the routes of Atlan’s app', () => {
  it('listen where ATLAN_APP_HTTP_HOST and ATLAN_APP_HTTP_PORT say', async () => {
    expect(atlan.url).toContain(String(port));
    for (const path of OPEN) expect([path, (await fetch(`${base()}${path}`)).status]).toEqual([path, 200]);
  });

  it.each(asks)('refuse %s %s without the token, in their own form', async (method, path) => {
    expectRefusal(await ask(method, path), 401);
    expectRefusal(await ask(method, path, { authorization: 'Bearer wrong' }), 401);
    const { status } = await ask(method, path, { authorization: `Bearer ${TOKEN}` });
    expect([404, 422]).toContain(status);
  });

  it('say no more about health than that, and only to who reads it', async () => {
    for (const path of OPEN) {
      expect((await fetch(`${base()}${path}`, { method: 'HEAD' })).status).toBe(200);
      expect((await fetch(`${base()}${path}`, { method: 'POST' })).status).toBe(405);
    }
    for (const path of [
      '/server/health/',
      '//server/health',
      '/server/health/../../runs',
      '/server/ready%2f..%2fruns',
    ])
      expect([path, (await fetch(`${base()}${path}`)).status]).not.toEqual([path, 200]);
  });

  it('leave Ferry’s own as they are', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await fetch(`${base()}/healthz`)).status).toBe(200);
    expect((await fetch(`${base()}/jobs`, { headers })).status).toBe(200);
    expect((await fetch(`${base()}/jobs`)).status).toBe(401);
  });

  it('are described beside them, by a page that needs no other server', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const docs = await fetch(`${base()}/docs`, { headers });
    expect(docs.status).toBe(200);
    const page = await docs.text();
    expect(docs.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
    const parts = [...page.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, path = '']) => path);
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) {
      const response = await fetch(new URL(part, `${base()}/docs`), { headers });
      expect([part, response.status]).toEqual([part, 200]);
      await response.text();
    }
    const document = await (await fetch(`${base()}/openapi.json`, { headers })).text();
    for (const path of ['/workflows/v1/auth', '/jobs']) expect(document).toContain(`"${path}"`);
  });

  it('do not answer pages of a browser when there is no token', async () => {
    await using local = await startAtlan({ args: ['--allow-hosts', '127.0.0.0/8'] });
    const origin = { origin: 'https://evil.example' };
    expectRefusal(await local.post('auth', {}, origin), 403);
    expect((await local.post('auth', {})).status).toBe(422);
  });
});

describe('a setting', () => {
  it.each([
    [['--allow-hosts', '10.0.0.0/33']],
    [['--allow-hosts', '10.0.0.0/x']],
    [['--allow-hosts', '*']],
    [['--allow-hosts', '*.*']],
    [['--allow-hosts', 'http://db.example.org']],
    [['--allow-hosts', 'db.example.org:5432']],
    [['--allow-hosts', '127.0.0.1', '--allow-role-arns', 'reader']],
    [['--allow-hosts', '127.0.0.1', '--credentials-tls', 'prefer']],
    [['--allow-hosts', '127.0.0.1', '--credentials-ca', 'not-there.pem']],
    [['--allow-hosts', '127.0.0.1', '--config-days', '0.5']],
    [['--allow-hosts', '127.0.0.1', '--config-days', '-1']],
    [['--allow-hosts', '127.0.0.1', '--config-days', 'many']],
  ])('that is wrong is named at the start: %j', async (args) => {
    const failed = await startAtlan({ args }).catch((error: Error) => error.message);
    expect(failed).toEqual(expect.stringContaining(args.at(-2) ?? ''));
  });

  it.each([
    ['FERRY_ALLOW_HOSTS', 'allow-hosts'],
    ['FERRY_ALLOW_ROLE_ARNS', 'allow-role-arns'],
    ['FERRY_CREDENTIALS_TLS', 'credentials-tls'],
    ['FERRY_CONFIG_DAYS', 'config-days'],
  ])('may come from %s', async (name, option) => {
    const environment = { FERRY_ALLOW_HOSTS: '127.0.0.1', [name]: '???' };
    const failed = await startAtlan({ environment }).catch((error: Error) => error.message);
    expect(failed).toEqual(expect.stringMatching(new RegExp(`${name}|--${option}`)));
  });
});
