import type { ServerFacts } from '../dialect.ts';

/** What a server has answered to {@link Dialect.serverFacts}. */
export function serverFactsOf(row: readonly unknown[]): ServerFacts {
  const [id, version, sqlMode, readOnly, superuser] = row;
  return {
    connectionId: String(id),
    version: String(version),
    sqlMode: String(sqlMode),
    readOnly: readOnly === null ? undefined : readOnly === 'on',
    superuser: superuser == null ? undefined : String(superuser),
  };
}
