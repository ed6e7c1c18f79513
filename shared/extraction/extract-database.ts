import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freeChunks } from '../duckdb/free-chunks.ts';
import type { GuardedQuestion } from '../source/catalog/catalog.ts';
import { catalogOf } from '../source/catalog/catalog-registry.ts';
import { type EntityFolder, entityFolders } from '../source/catalog/entity-folders.ts';
import type { CatalogFilters } from '../source/catalog/filters.ts';
import { replaceSharedColumns } from '../source/catalog/shared-columns.ts';
import type { SourceAnswer } from '../source/dialect.ts';
import { UnknownQueryError } from '../source/explain-error.ts';
import type { SourceSession } from '../source/session.ts';
import { FaultFinder, warnOfFaults, warnOfOrphans } from './catalog/find-faults.ts';
import type { CatalogClient, OpenedRelations } from './catalog/opened-relations.ts';
import { putDefinitions } from './catalog/put-definitions.ts';
import { rowReader } from './catalog/read-rows.ts';
import type { AtlanConnection } from './entities/connection.ts';
import { entityKinds } from './entities/entity-kinds.ts';
import { QualifiedNames } from './entities/qualified-names.ts';
import { type EntityFile, EntityWriter } from './files/entity-writer.ts';
import type { RawWriter } from './files/raw-writer.ts';
import { SharedRawWriter } from './files/shared-raw-writer.ts';

export interface ExtractDatabaseOptions {
  /** Connected to the database. The files are written below its output folder. */
  session: SourceSession;
  connection: AtlanConnection;
  /** Name of the database, if its own cannot be distinguished from another one's. @default the server's name for it */
  knownAs?: string | undefined;
  /** The name that the filters match, in letters that the database accepts. @default its name */
  filteredAs?: string | undefined;
  /** How the database appears in qualifiedNames. @default its name */
  writtenAs?: string | undefined;
  tenantId: string;
  workflowId: string;
  runId: string;
  filters: CatalogFilters;
  /** Writes the raw rows. @default a separate writer */
  rawWriter?: SharedRawWriter;
  /** How many rows a file has at most. */
  rowsPerFile: { raw: number; transformed: number };
  /** @param progress.rows entities of this folder so far */
  onProgress?: (progress: { type: EntityFolder; rows: number }) => void;
  /** Called when something takes longer than usual, with the reason. */
  tell?: (fact: string) => void;
  /** How long Ferry keeps trying a definition that is locked. @default 5 s */
  lockPatienceMs?: number;
  signal?: AbortSignal;
}

/** A finished file of an extraction. */
export interface ExtractedFile extends EntityFile {
  form: 'raw' | 'transformed';
  type: EntityFolder;
}

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
}

/**
 * Reads the catalog of one database, in one snapshot and with one query for each folder, and writes it twice on the
 * way: raw rows as Parquet, and Atlan's entities as JSONL. Only the raw rows of one file are in memory. Parts of single
 * objects that cannot be read are left out, with a warning. When it fails, its files are of no use.
 *
 * @throws QueryError, SourceUnavailableError, StorageUnavailableError
 */
export async function extractDatabase(options: ExtractDatabaseOptions): Promise<ExtractedDatabase> {
  const { session, signal } = options;
  // Next to the output folder, as for the session's own files.
  const folder = dirname(session.outputFolder);
  const faults = new FaultFinder(join(folder, 'definitions'));
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
        const extracted = await session.transaction(() => extractIn({ ...options, rawWriter }, faults), {
          first,
        });
        if (extracted) return extracted;
      } catch (error) {
        signal?.throwIfAborted();
        // The search for single objects may run into the same error, in words that say nothing.
        if (!faults.mayFindMore(error, session))
          throw error instanceof UnknownQueryError ? (failed ?? error) : error;
        failed = error;
      }
    }
  } finally {
    faults.close();
  }
}

/** Counts the statements. */
class SessionClient implements CatalogClient {
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
): Promise<ExtractedDatabase | undefined> {
  const { session, connection, filters, rawWriter, tell, lockPatienceMs, signal } = options;
  const catalog = catalogOf(session.sourceType);
  const client = new SessionClient(session);
  const [[guarded] = []] = await client.ask(catalog.settings);
  const shared = await catalog.readSharedTexts((sql) => client.answer(sql));
  const database = options.knownAs ?? shared.database;
  const asked = {
    filters,
    databaseName: options.filteredAs ?? database,
    serverVersion: session.server.version,
    guarded: guarded === true,
  };
  const toRead = { client, catalog, state: { ...asked, faults: [] }, tell, lockPatienceMs, signal };
  const faults = await finder.find(toRead);
  if (!faults) return undefined;
  const state = { ...asked, faults };
  const warnings = await warnOfFaults(toRead, faults);
  warnings.push(...(await warnOfOrphans(toRead)));
  const names = new QualifiedNames(connection.qualifiedName, database, options.writtenAs);
  const queries = catalog.queries(state, finder.opened.rowTakers);
  const measure = catalog.measure(state);
  if (measure !== undefined) await client.execute(measure);
  for (const [schema, name] of await client.ask(queries.ambiguousNames)) {
    if (name === null) names.claimSchema(String(schema));
    else names.claimRelation(String(schema), String(name));
  }
  const replacedIn = (type: EntityFolder) =>
    replaceSharedColumns(queries.shared[type], database, shared.texts);
  const { files, entities } = await rawWriter.use((writer) =>
    extractFolders({ ...options, names, opened: finder.opened, rawWriter: writer }, queries.rows, replacedIn),
  );
  return {
    database: names.databaseName,
    serverVersion: session.server.version,
    files,
    entities,
    statements: client.statements + entityFolders.length,
    warnings: [...names.warnings, ...warnings],
  };
}

type FolderOptions = Omit<ExtractDatabaseOptions, 'rawWriter'> & {
  names: QualifiedNames;
  opened: OpenedRelations;
  rawWriter: RawWriter;
};

async function extractFolders(
  options: FolderOptions,
  queries: Readonly<Record<EntityFolder, string>>,
  replacedIn: (type: EntityFolder) => string[],
): Promise<Pick<ExtractedDatabase, 'files' | 'entities'>> {
  // An earlier transaction may have left some.
  for (const form of ['raw', 'transformed'])
    await rm(join(options.session.outputFolder, form), { recursive: true, force: true });
  const files: ExtractedFile[] = [];
  const entities: Record<string, number> = {};
  for (const type of entityFolders) {
    const written = await extractFolder(type, queries[type], { ...options, replaced: replacedIn(type) });
    files.push(...written.files);
    for (const [typeName, count] of Object.entries(written.entities))
      entities[typeName] = (entities[typeName] ?? 0) + count;
  }
  return { files, entities };
}

/** Sends the query of one folder, and writes its rows in both forms as they arrive. */
async function extractFolder(
  type: EntityFolder,
  sql: string,
  options: FolderOptions & { replaced: readonly string[] },
): Promise<{ files: ExtractedFile[]; entities: Record<string, number> }> {
  const { session, rowsPerFile, onProgress, signal } = options;
  const [rawFolder, entityFolder] = await Promise.all(
    ['raw', 'transformed'].map(async (form) => {
      const folder = join(session.outputFolder, form, type);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return folder;
    }),
  );
  const { columns, chunks } = await session.streamSource(sql, options.replaced);
  const readRows = rowReader(
    columns.map(({ name }) => name),
    entityKinds[type],
  );
  const raw = await options.rawWriter.begin(
    columns,
    rowsPerFile.raw,
    (chunk) => `${rawFolder}/chunk-${chunk}.parquet`,
  );
  const writer = new EntityWriter(type, {
    ...options,
    pathOf: (chunk, part) => `${entityFolder}/chunk-${chunk}-part${part}.json`,
  });
  let rows = 0;
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      if (type === 'table') putDefinitions(chunk, columns, options.opened);
      await raw.append(chunk);
      await writer.write(readRows(chunk));
      rows += chunk.rowCount;
      onProgress?.({ type, rows });
      freeChunks();
    }
    const rawFiles = await raw.finish();
    const transformed = await writer.finish();
    return {
      files: [
        ...rawFiles.map((file, index) => ({
          form: 'raw' as const,
          type,
          chunk: index + 1,
          part: 1,
          ...file,
        })),
        ...transformed.files.map((file) => ({ form: 'transformed' as const, type, ...file })),
      ],
      entities: transformed.entities,
    };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
