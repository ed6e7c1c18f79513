import { type FerryError, RefusedLoginError, SourceUnavailableError } from '../../errors.ts';
import type { Login } from './credentials.ts';

/**
 * A connection that is opened later in a run is refused what the first one was let in with: a password that was rotated meanwhile, or a
 * token that has ended. Another try of the whole begins with what is good then.
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

/** A refusal with what the login's kind has to say about it. */
export async function explainRefusedLogin(
  error: RefusedLoginError,
  login: Login,
): Promise<RefusedLoginError> {
  const hint = await login.explainRefusal?.();
  return hint === undefined ? error : new RefusedLoginError(error.message, { cause: error.cause, hint });
}
