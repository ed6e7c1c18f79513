import type { DuckDBConnection } from '@duckdb/node-api';
import type { ConnectionLogin } from './credentials.ts';
import type { Dialect } from './dialect.ts';
import { lackOf } from './engine-lack.ts';
import { explainRefusal, explainSourceError, UnknownRefusal } from './explain-error.ts';

type AttachOptions = Parameters<Dialect['attach']>[3];

/**
 * Attaches the source. Where the server refuses that in words that say nothing to Ferry, it is asked once more for the code, which
 * DuckDB's client does not pass on.
 *
 * @throws FerryError for such a refusal; else what the engine throws
 */
export async function attachSource(
  dialect: Dialect,
  connection: DuckDBConnection,
  login: ConnectionLogin,
  tls: Parameters<Dialect['attach']>[2],
  { signal, ...options }: AttachOptions & { signal: AbortSignal | undefined },
): Promise<void> {
  try {
    await dialect.attach(connection, login, tls, options);
  } catch (error) {
    if (!(error instanceof Error) || lackOf(error) !== undefined) throw error;
    const explained = explainSourceError(dialect.errorPatterns, error.message, 'connect', login);
    if (!(explained instanceof UnknownRefusal)) throw error;
    signal?.throwIfAborted();
    const refusal = await dialect.askRefusal(login, tls).catch(() => undefined);
    throw Object.assign(refusal ? explainRefusal(dialect.errorPatterns, refusal, login) : explained, {
      cause: error,
    });
  }
}
