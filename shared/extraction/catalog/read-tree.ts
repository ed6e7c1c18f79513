import { rm } from 'node:fs/promises';
import { QueryError, toFerryError } from '../../errors.ts';
import { type RetryOptions, retryLockedCatalog } from '../../runs/retry.ts';
import { catalogOf } from '../../source/catalog/catalog-registry.ts';
import type { ServerSchema } from '../../source/catalog/catalog-scope.ts';
import { type CatalogFilters, EVERYTHING, mapFilters, textsOf } from '../../source/catalog/filters.ts';
import { explainUnknown } from '../../source/sessions/explain-unknown.ts';
import type { SourceSession } from '../../source/sessions/session.ts';
import { CatalogSessions, type DatabasePlace } from './catalog-sessions.ts';
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
  /** What the login may not see, in sentences. Absent when it sees everything. */
  limits?: readonly string[];
}

/** Progress while a tree is read. */
export interface TreeProgress {
  /** The names of all databases, before Ferry connects to the first of them. */
  onList?: (names: readonly string[]) => void;
  /** One database is done, in the order of names. */
  onDatabase?: (database: DatabaseTree) => void;
  /** A part of the catalog is locked, and is asked for again. */
  onRetry?: RetryOptions['onRetry'];
  /** Waits before that; tests use a faster clock. */
  sleep?: RetryOptions['sleep'];
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
  const ask = <T>(place: DatabasePlace, work: (session: SourceSession) => Promise<T>) =>
    retryLockedCatalog(options, () => askOne(sessions, place, work));
  const { place } = catalogOf(source);
  const ownName = place.own(login);
  const placeOf = (database: string, bytes?: Buffer): DatabasePlace => ({
    source,
    login: place.loginFor(login, database, bytes),
  });
  const [own, databases] = await ask(placeOf(ownName), async (session) => {
    const scope = scopeIn(session);
    const adapt = await fitLetters(scope, textsOf(filters));
    await scope.assertPatterns(mapFilters(filters, adapt));
    return [await readSchemas(session, filters, ownName), await scope.allDatabases()];
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
        const read = await ask(placeIn(database), (session) => {
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
  place: DatabasePlace,
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
): Promise<Pick<DatabaseTree, 'schemas' | 'leftOut' | 'limits'>> {
  const scope = scopeIn(session);
  const adapt = await fitLetters(scope, [...textsOf(filters), database]);
  const read = (without: readonly number[]) =>
    scope.allSchemas(mapFilters(filters, adapt), adapt(database), without);
  try {
    const schemas = await read([]);
    const limits = (await scope.limits?.(EVERYTHING)) ?? [];
    return { schemas, ...(limits.length === 0 ? {} : { limits }) };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { objects, warnings } = await findUnreadableSchemas(session);
    if (objects.length === 0) throw await explainUnknown(session, error);
    return { schemas: await read(objects), leftOut: warnings };
  }
}
