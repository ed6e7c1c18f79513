import { expect } from 'vitest';

const ABOUT_LOGIN = /^The login of the source \S+ is (a superuser|one with the privilege SUPER):/;

/** The warning of every run that reads a test server with that server's own login, which is a superuser's. */
export const LOGIN_WARNING = expect.stringMatching(ABOUT_LOGIN);

/** The warnings that a test is about. */
export const withoutLoginWarning = (warnings: readonly string[]) =>
  warnings.filter((warning) => !ABOUT_LOGIN.test(warning));
