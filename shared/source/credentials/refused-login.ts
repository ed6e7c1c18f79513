import { type FerryError, RefusedLoginError, SourceUnavailableError } from '../../errors.ts';
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
  const hint = await login.explainRefusal?.();
  return hint === undefined ? error : new RefusedLoginError(error.message, { cause: error.cause, hint });
}
