import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBrowserSessions } from '../../../shared/serve/browser/browser-sessions.ts';
import { type ConsoleOptions, createConsole } from '../../../shared/serve/browser/create-console.ts';

const TOKEN = 'ein-Token-mit-genügend-Länge'.replaceAll(/[^\w-]/g, 'x');
const HOST = '127.0.0.1:4711';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry pages ü '));
  for (const file of ['index.html', 'console.js', 'console.css']) await writeFile(join(folder, file), file);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function openConsole(options: Partial<ConsoleOptions> = {}) {
  const asked: Request[] = [];
  let key = 'none';
  const answer = createConsole({
    api: async (request) => {
      asked.push(request);
      return Response.json({ path: new URL(request.url).pathname });
    },
    path: '/',
    access: { type: 'token', token: TOKEN },
    localOnly: true,
    subject: 'stadt',
    folder,
    ...options,
  });
  /** As a page of the console sends it, unless `headers` say otherwise; undefined: without that header. */
  const send = (
    path: string,
    init: {
      method?: string;
      body?: string | ReadableStream<Uint8Array>;
      headers?: Record<string, string | undefined>;
    } = {},
  ) => {
    const { method = 'GET', body, headers = {} } = init;
    const own = {
      host: HOST,
      origin: `http://${HOST}`,
      'sec-fetch-site': 'same-origin',
      'x-ferry-console': key,
      ...headers,
    };
    const sent = Object.entries(own).filter((header): header is [string, string] => header[1] !== undefined);
    // A browser would not let a page set some of these.
    const request = new Request(`http://ferry${path}`, {
      method,
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    });
    Object.defineProperty(request, 'headers', { value: new Headers(sent) });
    return answer(request);
  };
  const signIn = async (token = TOKEN) => {
    const response = await send('/session', { method: 'POST', body: JSON.stringify({ token }) });
    const cookie = response.headers.get('set-cookie')?.split(';')[0];
    if (response.ok) key = ((await response.json()) as { key: string }).key;
    return { status: response.status, cookie };
  };
  return { asked, send, signIn };
}

/** As a browser sends it that has signed in. */
const requestOf = (opened: { cookie: string; key: string } | undefined) =>
  new Request('http://ferry/', {
    headers: { cookie: opened?.cookie.split(';')[0] ?? '', 'x-ferry-console': opened?.key ?? '' },
  });

describe('the pages', () => {
  it('load nothing from elsewhere, and nothing embeds them', async () => {
    const { send } = openConsole();
    const page = await send('/', {
      headers: { origin: undefined, 'sec-fetch-site': 'none', 'x-ferry-console': undefined },
    });
    expect([page.status, await page.text()]).toEqual([200, 'index.html']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect((await send('/console.js')).headers.get('content-type')).toMatch(/^text\/javascript/);
    const etag = page.headers.get('etag') ?? '';
    expect((await send('/', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it.each(['/elsewhere', '/../package.json', '/index.html/', '/constructor', '/__proto__'])(
    'are not %s',
    async (path) => {
      expect((await openConsole().send(path)).status).toBe(404);
    },
  );

  it('are below the path behind ferry serve', async () => {
    const { send } = openConsole({ path: '/console/', localOnly: false });
    const moved = await send('/console');
    expect([moved.status, moved.headers.get('location')]).toEqual([308, 'console/']);
    expect((await send('/console/')).status).toBe(200);
  });
});

describe('a session', () => {
  it('begins with the token, and is only in a cookie that no page can read and no other site sends', async () => {
    const { send, asked } = openConsole();
    expect(await (await send('/session')).json()).toEqual({
      signedIn: false,
      needsToken: true,
      subject: 'stadt',
    });
    const response = await send('/session', { method: 'POST', body: JSON.stringify({ token: TOKEN }) });
    const cookie = response.headers.get('set-cookie') ?? '';
    const { key } = (await response.json()) as { key: string };
    expect(cookie).toMatch(
      /^ferry-[\da-f]{12}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    const headers = { cookie: `other=1; ${cookie.split(';')[0]}`, 'x-ferry-console': key };
    expect((await send('/api/jobs', { headers })).status).toBe(200);
    expect(asked).toHaveLength(1);
    await send('/session', { method: 'DELETE', headers });
    expect((await send('/api/jobs', { headers })).status).toBe(401);
  });

  it('is not in the cookie alone, which every port of this machine gets, nor spoilt by one that another sets', async () => {
    const { send, asked, signIn } = openConsole();
    const { cookie = '' } = await signIn();
    const start = (headers: Record<string, string>) =>
      send('/api/jobs/orders/runs', { method: 'POST', headers });
    for (const key of ['1', '', cookie, cookie.split('=')[1] ?? ''])
      expect([key, (await start({ cookie, 'x-ferry-console': key })).status]).toEqual([key, 401]);
    await send('/session', { method: 'DELETE', headers: { cookie, 'x-ferry-console': '1' } });
    expect(asked).toEqual([]);
    const spoilt = `${cookie.split('=')[0]}=junk; ${cookie}`;
    expect((await start({ cookie: spoilt })).status).toBe(200);
    // The key of another session is not its own.
    await signIn();
    expect((await start({ cookie })).status).toBe(401);
  });

  it('begins once with a token that opens one session', async () => {
    const tokens = ['zweites', 'drittes'];
    const access = { type: 'once', token: 'erstes', renew: () => tokens.shift() ?? '' } as const;
    const { send, signIn } = openConsole({ access });
    const first = await signIn('erstes');
    expect(first.status).toBe(200);
    expect((await signIn('erstes')).status).toBe(401);
    // The session that it has opened goes on.
    expect((await send('/api/jobs', { headers: { cookie: first.cookie } })).status).toBe(200);
    expect((await signIn('zweites')).status).toBe(200);
    expect((await signIn('zweites')).status).toBe(401);
    expect((await (await send('/session')).json()) as object).toMatchObject({ needsToken: true });
  });

  it.each(['', 'x', `${TOKEN}x`, TOKEN.slice(1)])('does not begin with the token "%s"', async (token) => {
    const { signIn } = openConsole();
    expect(await signIn(token)).toEqual({ status: 401, cookie: undefined });
  });

  it.each(['{', '[]', '{"token":1}'])('does not begin with %.20s', async (body) => {
    expect((await openConsole().send('/session', { method: 'POST', body })).status).toBe(401);
  });

  it('does not begin with more than a page sends, of which little is read', async () => {
    const { send, signIn } = openConsole();
    const { cookie } = await signIn();
    let read = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          read += 1_000;
          controller.enqueue(new Uint8Array(1_000));
        },
      });
    for (const path of ['/session', '/api/jobs/orders/runs']) {
      const response = await send(path, { method: 'POST', body: endless(), headers: { cookie } });
      expect([path, response.status, response.headers.get('connection')]).toEqual([path, 413, 'close']);
    }
    expect(read).toBeLessThan(30_000);
    // What is announced is not read at all.
    read = 0;
    await send('/session', { method: 'POST', body: endless(), headers: { 'content-length': '300000000' } });
    expect(read).toBeLessThanOrEqual(1_000);
  });

  it('needs no token where nobody needs one, but still a page of this origin', async () => {
    const { send } = openConsole({ access: { type: 'open' } });
    const open = (headers = {}) => send('/session', { method: 'POST', body: '{}', headers });
    expect((await open()).status).toBe(200);
    expect((await open({ origin: 'http://evil.example' })).status).toBe(403);
  });

  it('ends by itself after twelve hours, and with its process', () => {
    let now = 0;
    const sessions = createBrowserSessions({ type: 'open' }, { path: '/', now: () => now });
    const request = requestOf(sessions.open(undefined));
    expect(sessions.isOpen(request)).toBe(true);
    now = 12 * 3_600_000;
    expect(sessions.isOpen(request)).toBe(false);
    const next = createBrowserSessions({ type: 'open' }, { path: '/' });
    expect(next.isOpen(request)).toBe(false);
  });

  it('is kept for as many browsers as there may be, and no more', () => {
    const sessions = createBrowserSessions({ type: 'open' }, { path: '/' });
    const [first, ...others] = Array.from({ length: 1_001 }, () => requestOf(sessions.open(undefined)));
    const isOpen = (request = requestOf(undefined)) => sessions.isOpen(request);
    expect([isOpen(first), isOpen(others[0]), isOpen(others.at(-1))]).toEqual([false, true, true]);
  });

  it('is sent over https only, where the page came that way', async () => {
    const { send } = openConsole();
    const body = JSON.stringify({ token: TOKEN });
    const response = await send('/session', {
      method: 'POST',
      body,
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect(response.headers.get('set-cookie')).toMatch(/; Secure$/);
  });
});

describe('a page of another origin', () => {
  const foreign: [string, Record<string, string | undefined>][] = [
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:9999', 'sec-fetch-site': 'same-site' }],
    ['an old browser', { origin: 'https://evil.example', 'sec-fetch-site': undefined }],
    ['a page without an origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['a form, which sends no header of its own', { 'x-ferry-console': undefined }],
    ['a name that was made to lead here', { host: 'evil.example:4711', origin: 'http://evil.example:4711' }],
    [
      'a name that begins like this machine',
      { host: '127.0.0.1.evil.example', origin: 'http://127.0.0.1.evil.example' },
    ],
  ];

  it.each(foreign)('can start nothing: %s', async (_who, headers) => {
    const { send, asked, signIn } = openConsole();
    const { cookie } = await signIn();
    for (const path of ['/api/jobs/orders/runs', '/session']) {
      const response = await send(path, { method: 'POST', body: '{}', headers: { cookie, ...headers } });
      expect([path, response.status]).toEqual([path, 403]);
    }
    expect((await send('/api/jobs', { headers: { cookie, ...headers } })).status).toBe(403);
    expect(asked).toEqual([]);
  });
});

it('speaks the language of the configuration', async () => {
  const { send } = openConsole({ language: 'de' });
  expect(await (await send('/session')).json()).toMatchObject({ signedIn: false, language: 'de' });
  const signedIn = await send('/session', { method: 'POST', body: JSON.stringify({ token: TOKEN }) });
  expect(await signedIn.json()).toMatchObject({ language: 'de' });
});

describe('what is passed on', () => {
  it.each([
    ['GET', '/jobs?runs=30'],
    ['GET', '/jobs/gr%C3%B6%C3%9Fe/runs?limit=2'],
    ['POST', '/jobs/orders/runs'],
    ['POST', '/jobs/orders/check'],
    ['GET', '/runs/019aa401-7c1e-7d0e-9c53-0b3f0c1d2e4f/log'],
    ['POST', '/runs/019aa401-7c1e-7d0e-9c53-0b3f0c1d2e4f/accept'],
  ])('is %s %s, with its body and key, and without the cookie', async (method, path) => {
    const { send, asked, signIn } = openConsole();
    const { cookie } = await signIn();
    const body = method === 'POST' ? '{"why":"Grüße"}' : undefined;
    const headers = {
      cookie,
      'content-type': 'application/json',
      'idempotency-key': 'k',
      authorization: 'Bearer x',
    };
    expect((await send(`/api${path}`, { method, ...(body ? { body } : {}), headers })).status).toBe(200);
    const [request] = asked;
    expect(request?.url).toBe(`https://ferry${path}`);
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      'content-type': 'application/json',
      'idempotency-key': 'k',
    });
    expect(await request?.text()).toBe(body ?? '');
  });

  it('is answered without headers that are untrue by then, or not for this origin', async () => {
    const headers = {
      'content-type': 'application/problem+json',
      'content-encoding': 'gzip',
      'content-length': '33',
      'set-cookie': 'evil=1; Path=/',
      'access-control-allow-origin': '*',
      'retry-after': '5',
    };
    const { send, signIn } = openConsole({
      api: async () => new Response('{"größe":1}', { status: 503, headers }),
    });
    const { cookie } = await signIn();
    const answer = await send('/api/jobs', { headers: { cookie } });
    const kept = Object.fromEntries(answer.headers);
    expect([answer.status, await answer.text()]).toEqual([503, '{"größe":1}']);
    expect(kept).toMatchObject({ 'content-type': 'application/problem+json', 'retry-after': '5' });
    for (const name of ['content-encoding', 'content-length', 'set-cookie', 'access-control-allow-origin'])
      expect(kept).not.toHaveProperty(name);
  });

  it.each([
    ['GET', '/healthz'],
    ['DELETE', '/jobs/orders'],
    ['POST', '/jobs/orders'],
    ['GET', '/workflows/v1/status/a/b'],
    ['POST', '/workflows/v1/stop/a/b'],
    ['POST', '/workflows/v1/config/a'],
    ['GET', '/jobs/../openapi.json'],
    ['GET', '/jobs/a/b/c'],
    ['GET', ''],
  ])('is not %s %s', async (method, path) => {
    const { send, asked, signIn } = openConsole();
    const { cookie } = await signIn();
    expect((await send(`/api${path}`, { method, headers: { cookie } })).status).toBe(404);
    expect(asked).toEqual([]);
  });
});
