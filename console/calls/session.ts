import type { Language } from '../words/choose-language.ts';
import { ask } from './ask.ts';
import { keepKey } from './session-key.ts';

/** What the process says about this browser. */
export interface Session {
  signedIn: boolean;
  needsToken?: boolean;
  subject: string;
  /** Of the configuration; absent where it says none. */
  language?: Language;
}

/**
 * Signs this browser in.
 *
 * @param token undefined where nobody needs one
 * @throws AskError
 */
export async function signIn(token?: string): Promise<Session> {
  const body = token === undefined ? {} : { token };
  const { key, ...session } = await ask<Session & { key: string }>('session', { method: 'POST', body });
  keepKey(key);
  return session;
}
