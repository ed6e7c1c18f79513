import type { ConnectionLogin } from '../credentials/credentials.ts';
import type { RefusedLogins } from '../credentials/refused-logins.ts';
import type { Dialect } from '../dialect.ts';
import { explainRefusalByCode, UnknownRefusal } from '../explain-error.ts';

/**
 * Why a server has refused a connection in words that Ferry does not understand: asks it once more for the code, which
 * DuckDB's client does not pass on.
 *
 * @param login what was used for the try; undefined if there was none
 * @param about.refusals takes note of a refused login
 * @returns `error` itself if it was another one, or nothing more can be found out
 */
export async function explainRefusal(
  error: unknown,
  dialect: Dialect,
  login: ConnectionLogin | undefined,
  { tls, refusals }: { tls: Parameters<Dialect['attach']>[2]; refusals: RefusedLogins | undefined },
): Promise<unknown> {
  if (login === undefined) return error;
  const explained = await askForCode(error, dialect, login, tls);
  refusals?.note(login, explained);
  return explained;
}

async function askForCode(
  error: unknown,
  dialect: Dialect,
  login: ConnectionLogin,
  tls: Parameters<Dialect['attach']>[2],
): Promise<unknown> {
  if (!(error instanceof UnknownRefusal)) return error;
  const refusal = await dialect.askRefusal(login, tls).catch(() => undefined);
  if (refusal === undefined) return error;
  return Object.assign(explainRefusalByCode(dialect.errorPatterns, refusal, login), { cause: error.cause });
}
