import pLimit from 'p-limit';
import { AtlanError } from '../../atlan/answers.ts';
import type { CatalogProbes } from '../../atlan/atlan-dependencies.ts';
import type { CatalogTarget } from '../../atlan/sent-credentials.ts';
import { type CatalogProbe, listCatalog, probePreflight, probeSignIn } from '../../checks/probe-catalog.ts';
import { type DescribedQuery, type DraftQuery, probeColumns } from '../../checks/probe-columns.ts';
import { DeadlineError, forCallers, UnverifiedServerError } from '../../errors.ts';
import { RefusedHostError } from '../../network/host-rule.ts';
import { BETWEEN_CHECKS_MS, RefusedLogins } from '../../source/credentials/refused-logins.ts';
import { type CallerSurrounding, callerSource, refusedHost } from './caller-config.ts';

/** How many sources are asked at once, and how many callers wait for their turn. */
const AT_ONCE = 4;
const WAITING = 64;
const ANSWER_MS = 30_000;

/** What can be asked of the servers of sources. */
export interface ProcessProbes extends CatalogProbes {
  /** Has a server prepare a query. */
  columns(target: CatalogTarget, draft: DraftQuery, signal?: AbortSignal): Promise<DescribedQuery>;
}

/** Asks the servers of sources from this process. */
export function createProcessProbes(
  surrounding: CallerSurrounding &
    Pick<CatalogProbe, 'extensionFolders' | 'memoryLimitBytes' | 'threads' | 'workFolder'>,
): ProcessProbes {
  const limit = pLimit(AT_ONCE);
  // A configured login would be locked by whoever asks again and again.
  const refusals = new RefusedLogins({ forgetMs: BETWEEN_CHECKS_MS });
  const ask = async <T>(
    target: CatalogTarget,
    gone: AbortSignal | undefined,
    work: (probe: CatalogProbe) => Promise<T>,
    wanted: 'catalog' | 'query' = 'catalog',
  ): Promise<T> => {
    const { name, source, secrets } = await callerSource(target, surrounding, wanted);
    if (limit.pendingCount >= WAITING)
      throw new AtlanError(503, 'Too many sources are being asked. Send the request again.', {
        headers: { 'retry-after': '5' },
      });
    return limit(async () => {
      const end = new AbortController();
      const timer = setTimeout(
        () => end.abort(new DeadlineError('The database has not answered within 30 seconds.')),
        ANSWER_MS,
      );
      // Nobody reads it, and it is no error for the log.
      const leave = () => end.abort(new AtlanError(504, 'The caller has left.'));
      gone?.addEventListener('abort', leave, { once: true });
      try {
        // While it waited for its turn.
        if (gone?.aborted) leave();
        end.signal.throwIfAborted();
        const probe = { ...surrounding, name, source, secrets, job: 'api', signal: end.signal };
        return await work('source' in target ? { ...probe, refusals } : probe);
      } catch (error) {
        throw 'credentials' in target ? inCallersWords(error) : error;
      } finally {
        clearTimeout(timer);
        gone?.removeEventListener('abort', leave);
      }
    });
  };
  return {
    signIn: (target, gone) => ask(target, gone, probeSignIn),
    list: (target, wanted, database, gone) =>
      ask(target, gone, (probe) => listCatalog(probe, wanted, database)),
    check: (target, filters, gone) =>
      ask(target, gone, (probe) => probePreflight(probe, filters, surrounding.config.atlan.minimumVersion)),
    columns: (target, draft, gone) => ask(target, gone, (probe) => probeColumns(probe, draft), 'query'),
  };
}

/** In words for somebody who has no ferry.yaml. */
function inCallersWords(error: unknown): unknown {
  if (error instanceof RefusedHostError) return refusedHost(error);
  if (error instanceof UnverifiedServerError)
    return new AtlanError(
      502,
      `${error.message} Nothing was sent to it. Whoever runs Ferry names its authority with --credentials-ca, or another way with --credentials-tls.`,
    );
  return forCallers(error);
}
