import { RefusedLoginError } from '../../errors.ts';
import { explainRefusedLogin } from '../credentials/refused-login.ts';
import type { SessionOptions } from './session-options.ts';

/**
 * Opens a session with the newest secret that is known. A refused login is tried once more if its secret has changed
 * meanwhile, as after a rotation.
 *
 * @param open opens a session with one login
 * @throws what `open` throws; a refused login with what is known of its secret
 */
export async function openWithLatestSecret<T>(
  options: SessionOptions,
  open: (options: SessionOptions) => Promise<T>,
): Promise<T> {
  const login = { ...options.login, ...options.login.latest?.() };
  try {
    return await open({ ...options, login });
  } catch (error) {
    if (!(error instanceof RefusedLoginError)) throw error;
    // A secret that cannot be read counts as unchanged: trying the same again could lock the account.
    const changed = await login.reread?.().catch(() => undefined);
    if (changed === undefined) throw await explainRefusedLogin(error, login);
    const renewed = { ...login, ...changed };
    return await open({ ...options, login: renewed }).catch(async (again: unknown) => {
      throw again instanceof RefusedLoginError ? await explainRefusedLogin(again, renewed) : again;
    });
  }
}
