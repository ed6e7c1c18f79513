import { join } from 'node:path';
import type { SourceConfig } from '../config/schema/ferry-config.ts';
import { forCallers } from '../errors.ts';
import { fitLetters } from '../extraction/catalog/fit-letters.ts';
import { openCatalogSession, scopeIn } from '../extraction/catalog/open-catalog-session.ts';
import { type Preflight, runPreflight } from '../extraction/catalog/preflight.ts';
import { createWorkspace } from '../runs/workspace.ts';
import { catalogOf } from '../source/catalog/catalog-registry.ts';
import { type CatalogFilters, EVERYTHING, mapFilters, textsOf } from '../source/catalog/filters.ts';
import { resolveLogin } from '../source/credentials/credentials.ts';
import type { JobReading } from '../source/job-reading.ts';
import { dialectOf } from '../source/registry.ts';
import type { SourceSession } from '../source/sessions/session.ts';

/** A source to ask, and what that takes. */
export interface CatalogProbe
  extends Pick<
    JobReading,
    'job' | 'secrets' | 'extensionFolders' | 'memoryLimitBytes' | 'threads' | 'refusals'
  > {
  /** Name of the source. */
  name: string;
  source: SourceConfig;
  /** Folder in which a private one is created. */
  workFolder: string;
  signal: AbortSignal;
}

/** A database, or one of its schemas. */
export interface CatalogEntry {
  database: string;
  schema?: string;
}

/** Signs in to the source's own database. @throws what keeps it from that */
export async function probeSignIn(probe: CatalogProbe): Promise<void> {
  await inCatalog(probe, undefined, async () => {});
}

/**
 * The databases of the server that the login may connect to, by name; or the schemas of one, in the order of its
 * catalog.
 *
 * @param database whose schemas are wanted. @default the source's own
 */
export async function listCatalog(
  probe: CatalogProbe,
  wanted: 'databases' | 'schemas',
  database?: string,
): Promise<CatalogEntry[]> {
  if (wanted === 'databases')
    return inCatalog(probe, undefined, async (session) => {
      const databases = await scopeIn(session).listDatabases(EVERYTHING);
      return databases.map(({ name }) => ({ database: name }));
    });
  try {
    return await inCatalog(probe, await placeIn(probe, database), async (session, connected) => {
      const schemas = await scopeIn(session).schemaNames();
      return schemas.map((schema) => ({ database: connected, schema }));
    });
  } catch (error) {
    // Who asks for a database has named it, and not ferry.yaml.
    throw database === undefined ? error : forCallers(error);
  }
}

/**
 * The checks that a run begins with, for the source's own database.
 *
 * @param minimumVersion of the server. @default the first that Ferry can read
 * @throws ConfigError when a filter is not a valid regular expression
 */
export async function probePreflight(
  probe: CatalogProbe,
  filters: CatalogFilters,
  minimumVersion?: string,
): Promise<Preflight> {
  return inCatalog(probe, undefined, async (session, database) => {
    const scope = scopeIn(session);
    const adapt = await fitLetters(scope, [...textsOf(filters), database]);
    return runPreflight(scope, mapFilters(filters, adapt), {
      databaseName: adapt(database),
      minimumVersion,
      // In the words of Atlan's app, which has no minimum of its own.
      onlyOwnMinimum: 'unsaid',
    });
  });
}

interface Place {
  database: string;
  bytes?: Buffer | undefined;
}

/** How to sign in to a database: one whose name is not stored in UTF-8 is found by its bytes. */
async function placeIn(probe: CatalogProbe, database: string | undefined): Promise<Place | undefined> {
  if (database === undefined || /^[\x20-\x7e]*$/.test(database)) return database ? { database } : undefined;
  const listed = await inCatalog(probe, undefined, (session) => scopeIn(session).listDatabases(EVERYTHING));
  const bytes = listed.find(({ name }) => name === database)?.bytes;
  return { database, bytes };
}

/** @param place which database. @default the source's own */
async function inCatalog<T>(
  probe: CatalogProbe,
  place: Place | undefined,
  work: (session: SourceSession, database: string) => Promise<T>,
): Promise<T> {
  const { name, source, secrets, job, workFolder, signal } = probe;
  const { defaultPort } = dialectOf(source);
  const places = catalogOf(source).place;
  const own = await resolveLogin(name, source, secrets, defaultPort, { job });
  const login = place ? places.loginFor(own, place.database, place.bytes) : own;
  await using workspace = await createWorkspace(workFolder);
  const folder = join(workspace.folder, 'catalog');
  const session = await openCatalogSession({ ...probe, source, login, folder, signal });
  try {
    return await work(session, place?.database ?? places.own(own));
  } finally {
    session.close();
  }
}
