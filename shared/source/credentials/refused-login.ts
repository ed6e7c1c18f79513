import { type FerryError, type RefusedLoginError, SourceUnavailableError } from '../../errors.ts';
import type { Login } from './credentials.ts';

/**
 * A later connection of a run was refused with the login that the first one used: the password was rotated meanwhile,
 * or the token has expired. Another try of the whole run begins with the current one.
 */
export async function explainLaterRefusal(error: RefusedLoginError, login: Login): Promise<FerryError> {
  const renewed =
    typeof login.password === 'function' || (await login.reread?.().catch(() => undefined)) !== undefined;
  if (!renewed) return await explainRefusedLogin(error, login);
  return new SourceUnavailableError(
    `The login of user "${login.username}" was renewed during the read: Ferry reads the source again from the start.`,
    { cause: error },
  );
}

/** A refusal, with an explanation for the kind of login. */
export async function explainRefusedLogin(
  error: RefusedLoginError,
  login: Login,
): Promise<RefusedLoginError> {
  const explained = await login.explainRefusal?.();
  const hint = explained ?? withOrigin(error.hint ?? '', login);
  if (hint === (error.hint ?? '')) return error;
  const Refused = error.constructor as typeof RefusedLoginError;
  return new Refused(error.message, { cause: error.cause, hint });
}

/** A hint that names the secret to change. */
export function withOrigin(hint: string, { origin }: Pick<Login, 'origin'>): string {
  return origin === undefined ? hint : hint.replace('the secret of this source', origin);
}
