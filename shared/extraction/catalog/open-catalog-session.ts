import { makeFolder } from '../../make-folder.ts';
import type { CatalogClient } from '../../source/catalog/catalog.ts';
import { catalogOf } from '../../source/catalog/catalog-registry.ts';
import type { CatalogScope } from '../../source/catalog/catalog-scope.ts';
import type { AskSource } from '../../source/dialect.ts';
import { type SessionOptions, SourceSession } from '../../source/sessions/session.ts';

export type CatalogSessionOptions = Omit<SessionOptions, 'mode' | 'parallel' | 'forCancelling'>;

/** Signs in to a database to read its catalog, and creates its folder. */
export async function openCatalogSession(options: CatalogSessionOptions): Promise<SourceSession> {
  const { source, login, folder, extensionFolders, memoryLimitBytes, threads, engine, refusals, signal } =
    options;
  await makeFolder(folder, { mode: 0o700 });
  return SourceSession.open({
    source,
    login,
    folder,
    extensionFolders,
    memoryLimitBytes,
    threads,
    mode: 'exact',
    ofCatalog: true,
    ...(engine === undefined ? {} : { engine }),
    ...(refusals === undefined ? {} : { refusals }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Sends small questions to the server. */
export const askIn =
  (session: SourceSession): AskSource =>
  (sql) =>
    session.askSource('describe', sql);

/** How a catalog asks a session. */
export const clientIn = (session: SourceSession): CatalogClient => ({
  ask: askIn(session),
  compute: async (sql) => (await session.run('describe', sql)).getRowsJS() as unknown[][],
  async *rows(query) {
    for await (const chunk of (await session.streamSource(query)).chunks) yield chunk.getRows();
  },
  source: session.source,
});

/** What the server of a session has, and what the filters leave of it. */
export const scopeIn = (session: SourceSession): CatalogScope =>
  catalogOf(session.source).scope(clientIn(session));
