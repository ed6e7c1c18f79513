import { mkdir } from 'node:fs/promises';
import { catalogOf } from '../../source/catalog/catalog-registry.ts';
import type { CatalogScope } from '../../source/catalog/catalog-scope.ts';
import type { AskSource } from '../../source/dialect.ts';
import { type SessionOptions, SourceSession } from '../../source/session.ts';

export type CatalogSessionOptions = Omit<SessionOptions, 'mode' | 'parallel' | 'forCancelling'>;

/** Signs in to a database to read its catalog, and creates its folder. */
export async function openCatalogSession(options: CatalogSessionOptions): Promise<SourceSession> {
  const { source, login, folder, extensionFolders, memoryLimitBytes, threads, engine, refusals, signal } =
    options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
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

/** What the server of a session has, and what the filters leave of it. */
export const scopeIn = (session: SourceSession): CatalogScope =>
  catalogOf(session.sourceType).scope(askIn(session));
