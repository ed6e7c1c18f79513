import { randomBytes } from 'node:crypto';
import { digest, hasDigest } from '../listeners/same-secret.ts';

/**
 * How people at a browser show who they are: with a token, with one that opens a single session (`once`), or (`open`)
 * not at all.
 */
export type BrowserAccess =
  | { type: 'token'; token: string }
  | {
      type: 'once';
      token: string /** Called when it has been used. @returns the next one */;
      renew: () => string;
    }
  | { type: 'open' };

/** The browsers that have signed in at this process. They are forgotten when it ends. */
export interface BrowserSessions {
  /**
   * Signs a browser in.
   *
   * @returns the cookie that it is to send, and the key that its page is to send beside it; undefined for a wrong token
   */
  open(token: string | undefined): { cookie: string; key: string } | undefined;
  /** Whether a request comes from one of them: it has the cookie, and the key of the same session. */
  isOpen(request: Request): boolean;
  /** Signs it out. @returns the cookie that removes the other one */
  close(request: Request): string;
}

/**
 * The header with a session's key. Browsers send a cookie to all ports of its host, so another program of this machine
 * may learn it; what a page keeps is for its own port only. Besides, no page of another origin can send the header
 * without asking first, which nobody allows.
 */
export const KEY_HEADER = 'x-ferry-console';

const SESSION_MS = 12 * 3_600_000;
const MAX_SESSIONS = 1_000;

/**
 * Sessions in memory.
 *
 * @param options.path where the pages are, to which alone the browser sends the cookie
 * @param options.now @default the real clock
 */
export function createBrowserSessions(
  access: BrowserAccess,
  { path, now = Date.now }: { path: string; now?: () => number },
): BrowserSessions {
  // Browsers send cookies of one host to all of its ports: another console has another name.
  const name = `ferry-${randomBytes(6).toString('hex')}`;
  // By their digests: looking one up takes as long, however much of it was guessed.
  const sessions = new Map<string, { key: Buffer; endsAt: number }>();
  const attributes = `Path=${path}; HttpOnly; SameSite=Strict`;
  let token = access.type === 'open' ? undefined : access.token;
  const random = () => randomBytes(32).toString('base64url');
  /** Another port may have set a cookie of the same name: any of them may be the right one. */
  const find = ({ headers }: Request): string | undefined => {
    const key = headers.get(KEY_HEADER) ?? '';
    return (headers.get('cookie') ?? '')
      .split(/;\s*/)
      .filter((one) => one.startsWith(`${name}=`))
      .map((one) => digest(one.slice(name.length + 1)).toString('hex'))
      .find((id) => {
        const session = sessions.get(id);
        return session !== undefined && session.endsAt > now() && hasDigest(key, session.key);
      });
  };
  return {
    open(given) {
      if (token !== undefined && !hasDigest(given ?? '', digest(token))) return undefined;
      if (access.type === 'once') token = access.renew();
      const [oldest] = sessions.keys();
      if (sessions.size >= MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
      const [value, key] = [random(), random()];
      sessions.set(digest(value).toString('hex'), { key: digest(key), endsAt: now() + SESSION_MS });
      return { cookie: `${name}=${value}; ${attributes}; Max-Age=${SESSION_MS / 1_000}`, key };
    },
    isOpen: (request) => find(request) !== undefined,
    close(request) {
      sessions.delete(find(request) ?? '');
      return `${name}=; ${attributes}; Max-Age=0`;
    },
  };
}
