import { rm } from 'node:fs/promises';
import { QueryError, toFerryError } from '../../errors.ts';
import type { ServerSchema } from '../../source/catalog/catalog-scope.ts';
import { type CatalogFilters, EVERYTHING, mapFilters, textsOf } from '../../source/catalog/filters.ts';
import { explainUnknown } from '../../source/explain-unknown.ts';
import type { SourceSession } from '../../source/session.ts';
import { CatalogSessions } from './catalog-sessions.ts';
import { fitLetters } from './fit-letters.ts';
import { type CatalogSessionOptions, scopeIn } from './open-catalog-session.ts';
import { findUnreadableSchemas } from './unreadable-schemas.ts';

/** A database of a source's server. */
export interface DatabaseTree {
  name: string;
  /** Whether an extraction without `databases` reads this one. */
  isDefault: boolean;
  /** Size on the server's disk; undefined when the login may not see it. */
  bytes: number | undefined;
  /** By name, without system schemas. Empty with a `refusal`. */
  schemas: ServerSchema[];
  /** Why nobody, or not this login, may connect. */
  refusal: string | undefined;
  /** The schemas that are missing here, because their names cannot be read. Absent when there are none. */
  leftOut?: readonly string[];
}

/** Progress while a tree is read. */
export interface TreeProgress {
  /** The names of all databases, before Ferry connects to the first of them. */
  onList?: (names: readonly string[]) => void;
  /** One database is done, in the order of names. */
  onDatabase?: (database: DatabaseTree) => void;
}

/**
 * What exists on the server of a source, by the names that filters match. Ferry connects to each database in turn; one
 * that refuses the login is shown with the reason.
 *
 * @param options.filters whose scope is shown. @default everything
 * @throws an error when the login cannot connect to its own database, and ConfigError when a filter is not a valid
 *   regular expression
 */
export async function readTree(
  options: Omit<CatalogSessionOptions, 'engine'> & { filters?: CatalogFilters } & TreeProgress,
): Promise<DatabaseTree[]> {
  const { filters = EVERYTHING, source, login, signal, onList, onDatabase } = options;
  await using sessions = new CatalogSessions(options);
  const placeOf = (database: string, bytes?: Buffer) => ({
    source,
    login: { ...login, database, ...(bytes === undefined ? {} : { databaseBytes: bytes }) },
  });
  const [own, databases] = await askOne(sessions, placeOf(login.database), async (session) => {
    const scope = scopeIn(session);
    const adapt = await fitLetters(scope, textsOf(filters));
    await scope.assertPatterns(mapFilters(filters, adapt));
    return [await readSchemas(session, filters, login.database), await scope.allDatabases()];
  });
  const tree = databases.map(
    ({ name, isConnected, size, closed }): DatabaseTree => ({
      name,
      isDefault: isConnected,
      bytes: size,
      ...(isConnected ? own : { schemas: [] }),
      refusal: isConnected ? undefined : closed,
    }),
  );
  const bytesOfName = new Map(databases.map(({ name, bytes }) => [name, bytes]));
  const placeIn = ({ name }: DatabaseTree) => placeOf(name, bytesOfName.get(name));
  onList?.(tree.map(({ name }) => name));
  const closedOrRead = (database: DatabaseTree) => database.isDefault || database.refusal !== undefined;
  const waiting = tree.filter((database) => !closedOrRead(database));
  for (const database of tree) {
    if (!closedOrRead(database)) {
      waiting.shift();
      try {
        const read = await askOne(sessions, placeIn(database), (session) => {
          if (waiting[0]) sessions.openAhead(placeIn(waiting[0]));
          return readSchemas(session, filters, database.name);
        });
        Object.assign(database, read);
      } catch (error) {
        signal?.throwIfAborted();
        database.refusal = toFerryError(error).message;
      }
    }
    onDatabase?.(database);
  }
  return tree;
}

/** Opens a session for one database, and asks it. */
async function askOne<T>(
  sessions: CatalogSessions,
  place: Parameters<CatalogSessions['open']>[0],
  work: (session: SourceSession) => Promise<T>,
): Promise<T> {
  const { session, folder } = await sessions.open(place);
  try {
    return await work(session);
  } finally {
    session.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The schemas of one database. A schema whose name cannot be sent would make the whole query fail, and is left out. */
async function readSchemas(
  session: SourceSession,
  filters: CatalogFilters,
  database: string,
): Promise<Pick<DatabaseTree, 'schemas' | 'leftOut'>> {
  const scope = scopeIn(session);
  const adapt = await fitLetters(scope, [...textsOf(filters), database]);
  const read = (without: readonly number[]) =>
    scope.allSchemas(mapFilters(filters, adapt), adapt(database), without);
  try {
    return { schemas: await read([]) };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { objects, warnings } = await findUnreadableSchemas(session);
    if (objects.length === 0) throw await explainUnknown(session, error);
    return { schemas: await read(objects), leftOut: warnings };
  }
}
