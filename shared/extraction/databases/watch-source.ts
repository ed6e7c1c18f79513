import { SourceUnavailableError, UnansweredLoginError } from '../../errors.ts';
import { assertReachable } from '../../network/reachability.ts';
import type { Login } from '../../source/credentials/credentials.ts';
import { dialectOf } from '../../source/registry.ts';
import type { PlannedSource } from './plan-databases.ts';
import { watchSignIn } from './watch-sign-in.ts';

const PROBE_TIMEOUT_MS = 3_000;

/**
 * Watches how a source fares with its databases, so that the remaining ones are not tried in vain: a login that it
 * refuses, a host that is away, or a server that accepts connections and stays silent, which takes ten seconds each time.
 *
 * @param wasLetIn whether the login worked before, to list the databases
 * @returns a function to call for each database in turn, with why it could not be read. It returns that error if it is
 *   about the whole source. One silence may concern just that database, behind a pooler; a second one in a row does not.
 */
export function watchSource(
  { source }: Pick<PlannedSource, 'source'>,
  login: Login,
  { wasLetIn, signal }: { wasLetIn: boolean; signal: AbortSignal },
): (error?: unknown) => Promise<unknown> {
  const isKeptOut = watchSignIn(wasLetIn);
  let silences = 0;
  return async (error) => {
    const keptOut = isKeptOut(error);
    silences = error instanceof UnansweredLoginError ? silences + 1 : 0;
    if (keptOut || silences > 1) return error;
    return error instanceof SourceUnavailableError && (await isAway(login)) ? error : undefined;
  };

  /** A server may also interrupt what one database asks of it. */
  async function isAway(at: Login): Promise<boolean> {
    try {
      const { probe } = dialectOf(source);
      await assertReachable(at, {
        timeoutMs: PROBE_TIMEOUT_MS,
        probe: async (socket) => probe?.(socket, at, source.tls.mode),
        signal,
      });
      return false;
    } catch {
      signal.throwIfAborted();
      return true;
    }
  }
}
