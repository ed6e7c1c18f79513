import { dirname, join } from 'node:path';
import {
  type CatalogClient,
  type CatalogQueries,
  type GuardedQuestion,
  NO_SHARED_TEXTS,
} from '../source/catalog/catalog.ts';
import { catalogOf } from '../source/catalog/catalog-registry.ts';
import { entityFolders } from '../source/catalog/entity-folders.ts';
import type { SourceAnswer } from '../source/dialect.ts';
import { UnknownQueryError } from '../source/explain-error.ts';
import type { SourceSession } from '../source/sessions/session.ts';
import { assertParents } from './assert-parents.ts';
import { CatalogMotion } from './catalog/catalog-motion.ts';
import { FaultFinder, warnOfFaults, warnOfOrphans } from './catalog/find-faults.ts';
import { clientIn } from './catalog/open-catalog-session.ts';
import type { GuardedClient } from './catalog/opened-relations.ts';
import { RowRemarks } from './catalog/row-remarks.ts';
import { WrittenParents } from './catalog/written-parents.ts';
import { QualifiedNames } from './entities/qualified-names.ts';
import { extractFolders } from './extract-folders.ts';
import type { ExtractDatabaseOptions, ExtractedFile } from './extract-options.ts';
import { SharedRawWriter } from './files/shared-raw-writer.ts';

export interface ExtractedDatabase {
  database: string;
  /** The server's own words. */
  serverVersion: string;
  files: ExtractedFile[];
  /** How many there are of each typeName. */
  entities: Record<string, number>;
  /** Number of statements: the same for every catalog, and two more for each hundred views. */
  statements: number;
  warnings: string[];
  /** What makes the login a superuser ({@link SourceSession.server}). */
  superuser: string | undefined;
}

/**
 * Reads the catalog of one database, in one snapshot where the server has one for it, and with one query for each
 * folder, and writes it twice on the way: raw rows as Parquet, and Atlan's entities as JSONL. Only the raw rows of one file are in memory. Parts of single
 * objects that cannot be read are left out, with a warning. When it fails, its files are of no use.
 *
 * @throws QueryError, SourceUnavailableError, StorageUnavailableError
 */
export async function extractDatabase(options: ExtractDatabaseOptions): Promise<ExtractedDatabase> {
  const { session, signal } = options;
  // Next to the output folder, as for the session's own files.
  const folder = dirname(session.outputFolder);
  const faults = new FaultFinder(join(folder, 'definitions'));
  const motion = new CatalogMotion(options.lockPatienceMs);
  using ownWriter = new SharedRawWriter({
    folder: join(folder, 'raw-writer'),
    files: session.outputFolder,
    memoryLimitBytes: session.memoryLimitBytes,
  });
  const { rawWriter = ownWriter } = options;
  let failed: unknown;
  try {
    for (;;) {
      signal?.throwIfAborted();
      try {
        const first = faults.firstStatement(session.dialect.serverFacts);
        const extracted = await session.transaction(
          () => extractIn({ ...options, rawWriter }, faults, motion),
          {
            first,
          },
        );
        if (extracted) return extracted;
      } catch (error) {
        signal?.throwIfAborted();
        // The search for single objects may run into the same error, in words that say nothing.
        if (!catalogOf(session.source).probing || !faults.mayFindMore(error, session))
          throw error instanceof UnknownQueryError ? (failed ?? error) : error;
        failed = error;
      }
    }
  } finally {
    faults.close();
  }
}

/** Counts the statements. */
class SessionClient implements GuardedClient {
  readonly #session: SourceSession;
  statements = 0;

  constructor(session: SourceSession) {
    this.#session = session;
  }

  async ask(sql: string): Promise<unknown[][]> {
    return (await this.answer(sql)).rows;
  }

  answer(sql: string): Promise<SourceAnswer> {
    this.statements += 1;
    return this.#session.askSource('read', sql);
  }

  /** Counts what a catalog asks by itself, too. */
  get ofCatalog(): CatalogClient {
    const client = clientIn(this.#session);
    return {
      ...client,
      ask: (sql) => this.answer(sql),
      rows: (query) => {
        this.statements += 1;
        return client.rows(query);
      },
    };
  }

  async namesOf(names: CatalogQueries['ambiguousNames']): Promise<readonly (readonly unknown[])[]> {
    return 'sql' in names ? this.ask(names.sql) : names;
  }

  async askGuarded({ before, ask, after }: GuardedQuestion): Promise<unknown> {
    if (before) await this.execute(before);
    const [[answer] = []] = await this.ask(ask);
    if (after) await this.execute(after);
    return JSON.parse(String(answer));
  }

  execute(sql: string): Promise<void> {
    this.statements += 1;
    return this.#session.execute('read', sql);
  }
}

/** @returns undefined when another transaction is needed */
async function extractIn(
  options: ExtractDatabaseOptions & { rawWriter: SharedRawWriter },
  finder: FaultFinder,
  motion: CatalogMotion,
): Promise<ExtractedDatabase | undefined> {
  const { session, connection, filters, rawWriter, tell, lockPatienceMs, signal } = options;
  const catalog = catalogOf(session.source);
  const client = new SessionClient(session);
  const [[guarded] = []] = catalog.settings === undefined ? [] : await client.ask(catalog.settings);
  const texts = await catalog.readSharedTexts?.((sql) => client.answer(sql));
  const database = options.knownAs ?? texts?.database ?? catalog.place.own(session);
  const asked = {
    filters,
    databaseName: options.filteredAs ?? database,
    shared: { ...(texts ?? NO_SHARED_TEXTS), database },
    serverVersion: session.server.version,
    guarded: guarded === true,
    tablePartitions: options.tablePartitions ?? false,
    details: options.details ?? false,
  };
  const toRead = { client, catalog, state: { ...asked, faults: [] }, tell, lockPatienceMs, signal };
  const faults = await finder.find(toRead);
  if (!faults) return undefined;
  const state = { ...asked, faults };
  const warnings = await warnOfFaults(toRead, faults);
  warnings.push(...(await warnOfOrphans(toRead)));
  const names = new QualifiedNames(connection.qualifiedName, database, options.writtenAs);
  const queries = await catalog.queries(state, finder.opened.rowTakers, client.ofCatalog);
  warnings.push(...(queries.warnings ?? []));
  const measure = catalog.measure?.(state);
  if (measure !== undefined) await client.execute(measure);
  for (const [schema, name] of await client.namesOf(queries.ambiguousNames)) {
    if (name === null) names.claimSchema(String(schema));
    else names.claimRelation(String(schema), String(name));
  }
  const remarks = new RowRemarks();
  const written = catalog.isInMotion ? new WrittenParents(queries.referenced) : undefined;
  const writing = { ...options, names, opened: finder.opened, remarks, written };
  const { files, entities, rows } = await rawWriter.use((writer) =>
    extractFolders({ ...writing, rawWriter: writer }, queries),
  );
  if (written) {
    const changes = await motion.settle(written, queries.expected ?? [], signal);
    if (!changes) return undefined;
    warnings.push(...changes);
  }
  assertParents(rows, database);
  return {
    database: names.databaseName,
    serverVersion: session.server.version,
    files,
    entities,
    statements: client.statements + entityFolders.length,
    warnings: [...names.warnings, ...warnings, ...remarks.warnings(queries.hidden)],
    superuser: session.server.superuser,
  };
}
