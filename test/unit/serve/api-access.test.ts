import { describe, expect, it } from 'vitest';
import { checkAccess } from '../../../shared/serve/listeners/api-access.ts';
import { isLoopbackAddress } from '../../../shared/serve/listeners/loopback.ts';

const request = (headers: Record<string, string> = {}, path = '/jobs') =>
  new Request(`http://ferry${path}`, { headers });

describe('the API with a token', () => {
  const access = { type: 'token', token: 's3cret-Ü'.replace('Ü', 'u') } as const;

  it.each([
    {},
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer ' },
    { authorization: 'Bearer s3cret' },
    { authorization: 'Bearer s3cret-u-and-more' },
    { authorization: 'Basic s3cret-u' },
    { authorization: 's3cret-u' },
    { authorization: 'Bearer s3cret-u extra' },
    { cookie: 'token=s3cret-u' },
  ])('refuses %o', async (headers) => {
    const answer = checkAccess(access, request(headers));
    expect(answer).toBeInstanceOf(Response);
    const response = answer as Response;
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="ferry"');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ title: 'Unauthorized', status: 401 });
  });

  it.each([
    [{}, /^Send the API token/],
    [{ authorization: 'Bearer s3cret' }, /is not the API token/],
  ])('says whether none was sent, or another one: %o', async (headers, detail) => {
    const answer = checkAccess(access, request(headers)) as Response;
    expect(await answer.json()).toMatchObject({ detail: expect.stringMatching(detail) });
  });

  it('answers those who send it, and everyone who asks whether it is alive', () => {
    expect(checkAccess(access, request({ authorization: 'Bearer s3cret-u' }))).toEqual({
      caller: 'API token',
    });
    expect(checkAccess(access, request({ authorization: 'bearer   s3cret-u' }))).toEqual({
      caller: 'API token',
    });
    expect(checkAccess(access, request({}, '/healthz'))).toEqual({ caller: 'anonymous' });
    expect(checkAccess(access, request({}, '/healthz/'))).toBeInstanceOf(Response);
  });
});

describe('the API of this machine without a token', () => {
  const access = { type: 'loopback' } as const;

  it.each([
    { host: 'localhost:8000' },
    { host: '127.0.0.1:8000' },
    { host: '[::1]:8000' },
    { host: 'LOCALHOST' },
  ])('answers programs that reach it as %o', (headers) => {
    expect(checkAccess(access, request(headers))).toEqual({ caller: 'this machine' });
  });

  it.each([
    {},
    // A name that a page made resolve to this machine.
    { host: 'evil.example:8000' },
    { host: 'localhost.evil.example' },
    { host: '127.0.0.1.evil.example' },
    { host: 'localhost:8000', origin: 'https://evil.example' },
    { host: 'localhost:8000', origin: 'null' },
    { host: 'localhost:8000', 'sec-fetch-site': 'cross-site' },
  ])('refuses what a page in a browser sends: %o', (headers) => {
    expect((checkAccess(access, request(headers)) as Response).status).toBe(403);
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.1', false],
  ['localhost.example.org', false],
])('the address %s is this machine’s own: %s', (address, own) => {
  expect(isLoopbackAddress(address)).toBe(own);
});
