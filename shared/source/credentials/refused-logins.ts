import { createHash } from 'node:crypto';
import { RefusedLoginError } from '../../errors.ts';
import { formatDuration } from '../../text/format.ts';
import type { ConnectionLogin } from './credentials.ts';
import { withOrigin } from './refused-login.ts';

/**
 * What became of the logins that were tried within one command or run. Several sources may share a server and a login:
 * each refusal counts towards locking the account, so one that was refused is not tried again. A refusal after the
 * login was let in may be one database's own (pg_hba.conf has a method for each); a second one in a row is not.
 */
export class RefusedLogins {
  readonly #known = new Map<string, { became: 'let in' | 'refused'; at: number }>();
  readonly #forgetMs: number;
  readonly #now: () => number;

  /**
   * @param options.forgetMs for more than one command: after this time a login is worth another try, because the server
   *   may know it by then @default never
   */
  constructor({ forgetMs = Infinity, now = Date.now }: { forgetMs?: number; now?: () => number } = {}) {
    this.#forgetMs = forgetMs;
    this.#now = now;
  }

  /** @throws RefusedLoginError for a login that was refused */
  assertWorthTrying(login: ConnectionLogin): void {
    const known = this.#known.get(keyOf(login));
    if (known?.became !== 'refused' || this.#now() - known.at >= this.#forgetMs) return;
    const { host, port, username } = login;
    throw new RefusedLoginError(
      `The source at ${host}:${port} refused the login of user "${username}" before. Ferry did not try it again, because each try counts as a failed login.`,
      {
        hint: withOrigin(
          `Check username and password in the secret of this source.${
            this.#forgetMs === Infinity
              ? ''
              : ` The same are tried again after ${formatDuration(this.#forgetMs)}.`
          }`,
          login,
        ),
      },
    );
  }

  /** Notes how a try ended. @param error why it failed; undefined: the login was let in */
  note(login: ConnectionLogin, error?: unknown): void {
    const key = keyOf(login);
    const at = this.#now();
    if (error === undefined) this.#known.set(key, { became: 'let in', at });
    else if (error instanceof RefusedLoginError) {
      if (this.#known.get(key)?.became === 'let in') this.#known.delete(key);
      else this.#known.set(key, { became: 'refused', at });
    }
  }
}

/** Between checks that callers of the API ask for, one after the other: no account locks at six refusals an hour. */
export const BETWEEN_CHECKS_MS = 600_000;

/** The same server, user and password; a password that was changed meanwhile is another one, and so is each token. */
function keyOf({ host, port, username, password }: ConnectionLogin): string {
  const secret = createHash('sha256').update(password).digest('base64');
  return JSON.stringify([host.toLowerCase(), port, username, secret]);
}
