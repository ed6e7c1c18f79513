import { createHash } from 'node:crypto';
import { RefusedLoginError } from '../../errors.ts';
import type { ConnectionLogin } from './credentials.ts';

/**
 * What became of the logins that were tried within one command or run. Several sources may share a server and a login:
 * each refusal counts towards locking the account, so one that was refused is not tried again. A refusal after the
 * login was let in may be one database's own (pg_hba.conf has a method for each); a second one in a row is not.
 */
export class RefusedLogins {
  readonly #known = new Map<string, 'let in' | 'refused'>();

  /** @throws RefusedLoginError for a login that was refused */
  assertWorthTrying(login: ConnectionLogin): void {
    if (this.#known.get(keyOf(login)) !== 'refused') return;
    const { host, port, username } = login;
    throw new RefusedLoginError(
      `The source at ${host}:${port} refused the login of user "${username}" before. Ferry did not try it again, because each try counts as a failed login.`,
      { hint: 'Check username and password in the secret of this source.' },
    );
  }

  /** Notes how a try ended. @param error why it failed; undefined: the login was let in */
  note(login: ConnectionLogin, error?: unknown): void {
    const key = keyOf(login);
    if (error === undefined) this.#known.set(key, 'let in');
    else if (error instanceof RefusedLoginError) {
      if (this.#known.get(key) === 'let in') this.#known.delete(key);
      else this.#known.set(key, 'refused');
    }
  }
}

/** The same server, user and password; a password that was changed meanwhile is another one, and so is each token. */
function keyOf({ host, port, username, password }: ConnectionLogin): string {
  const secret = createHash('sha256').update(password).digest('base64');
  return JSON.stringify([host.toLowerCase(), port, username, secret]);
}
