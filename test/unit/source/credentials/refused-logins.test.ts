import { expect, it } from 'vitest';
import { RefusedLoginError } from '../../../../shared/errors.ts';
import { RefusedLogins } from '../../../../shared/source/credentials/refused-logins.ts';

const login = {
  host: 'ERP.example.org',
  port: 5432,
  address: '127.0.0.1',
  database: 'erp',
  username: 'jürgen',
  password: 'größe',
};

it('does not try a refused login again, until the server may know it', () => {
  let now = 0;
  const refusals = new RefusedLogins({ forgetMs: 600_000, now: () => now });
  const isTried = (password = login.password) => {
    try {
      refusals.assertWorthTrying({ ...login, password });
      return true;
    } catch (error) {
      expect(error).toMatchObject({ hint: expect.stringContaining('tried again after 10 min') });
      return false;
    }
  };
  refusals.note(login, new RefusedLoginError('no'));
  now = 599_999;
  expect([isTried(), isTried('another')]).toEqual([false, true]);
  now = 600_000;
  expect(isTried()).toBe(true);
  refusals.note(login, new RefusedLoginError('no'));
  expect(isTried()).toBe(false);
  refusals.note(login);
  expect(isTried()).toBe(true);
});

it('remembers for as long as one command takes', () => {
  const refusals = new RefusedLogins({ now: () => Number.MAX_SAFE_INTEGER });
  refusals.note(login, new RefusedLoginError('no'));
  expect(() => refusals.assertWorthTrying(login)).toThrow(/ERP\.example\.org:5432 .*"jürgen" before/);
});
