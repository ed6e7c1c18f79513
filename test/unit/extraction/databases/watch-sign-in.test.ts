import { describe, expect, it } from 'vitest';
import {
  AccessError,
  AuthError,
  QueryError,
  RefusedLoginError,
  StackUnavailableError,
} from '../../../../shared/errors.ts';
import { watchSignIn } from '../../../../shared/extraction/databases/watch-sign-in.ts';

const refused = new RefusedLoginError('The source refused the login.');
const noConnect = new AuthError('The source does not let the user into the database.');
const query = new QueryError('The query failed.');

describe('a login is no longer tried with the remaining databases', () => {
  it.each<[string, boolean, (Error | undefined)[], boolean]>([
    ['when the first one refuses it', false, [refused], true],
    ['not when one refuses it after it listed them', true, [refused], false],
    ['not when one refuses it after another one let it in', false, [undefined, refused], false],
    ['not when single ones refuse it', true, [refused, undefined, refused], false],
    ['when two in a row refuse it', true, [undefined, refused, refused], true],
    ['not by an error of one database', false, [noConnect, query], false],
    ['when its role may not be assumed', true, [undefined, new AccessError('No.')], true],
    ['when STS is away', true, [undefined, new StackUnavailableError('Away.')], true],
  ])('%s', (_when, wasLetIn, errors, expected) => {
    const isKeptOut = watchSignIn(wasLetIn);
    expect(errors.map((error) => isKeptOut(error)).at(-1)).toBe(expected);
  });
});
