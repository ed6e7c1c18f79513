import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SourceSession } from '../source/session.ts';
import { type Catalog, catalogOf } from './catalogs/catalog.ts';
import type { AtlanConnection } from './connection.ts';
import { entityKinds } from './entities/entity-kinds.ts';
import { type EntityFolder, entityFolders } from './entity-folders.ts';
import { type EntityFile, EntityWriter } from './entity-writer.ts';
import type { CatalogFilters } from './filters.ts';
import { freeChunks } from './free-chunks.ts';
import { QualifiedNames } from './qualified-names.ts';
import { RawWriter } from './raw-writer.ts';
import { rowReader } from './read-rows.ts';
import { readSharedTexts, replaceSharedColumns } from './shared-texts.ts';

export interface ExtractDatabaseOptions {
  /** Connected to the database. The files go below its output folder. */
  session: SourceSession;
  connection: AtlanConnection;
  /** Name of the database, where its own is not to be told from another one's. @default what the server calls it */
  knownAs?: string | undefined;
  /** What the filters match of its name, in letters that the database takes. @default its name */
  filteredAs?: string | undefined;
  /** How the database stands in qualifiedNames. @default as its name */
  writtenAs?: string | undefined;
  tenantId: string;
  workflowId: string;
  runId: string;
  filters: CatalogFilters;
  /** Writes the raw rows; another one is needed when this fails. @default one of its own */
  rawWriter?: RawWriter;
  /** Rows that a file has at most. */
  rowsPerFile: { raw: number; transformed: number };
  /** @param progress.rows entities of this folder so far */
  onProgress?: (progress: { type: EntityFolder; rows: number }) => void;
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
  /** Questions that the source was asked: as many for every catalog. */
  statements: number;
  warnings: string[];
}

/**
 * Reads the catalog of one database, in one snapshot and by one query for each folder, and writes it twice on the way: raw rows as
 * Parquet, and Atlan's entities as JSONL. No more than the raw rows of one file are held. When it fails, what is there of the files is
 * worth nothing.
 *
 * @throws QueryError, SourceUnavailableError, StorageUnavailableError
 */
export async function extractDatabase(options: ExtractDatabaseOptions): Promise<ExtractedDatabase> {
  const { session } = options;
  const catalog = catalogOf(session.sourceType);
  const rawWriter =
    options.rawWriter ??
    (await RawWriter.open({
      // Beside the output folder, as the session's own.
      folder: join(dirname(session.outputFolder), 'raw-writer'),
      files: session.outputFolder,
      memoryLimitBytes: session.memoryLimitBytes,
    }));
  try {
    return await session.transaction(() => extractFolders(options, catalog, rawWriter));
  } finally {
    if (rawWriter !== options.rawWriter) rawWriter.close();
  }
}

async function extractFolders(
  options: ExtractDatabaseOptions,
  catalog: Catalog,
  rawWriter: RawWriter,
): Promise<ExtractedDatabase> {
  const { session, connection, filters } = options;
  let statements = 0;
  const ask = (sql: string) => {
    statements += 1;
    return session.askSource('read', sql);
  };
  await ask(catalog.settings);
  const shared = await readSharedTexts(ask, catalog.sharedTexts);
  const database = options.knownAs ?? shared.database;
  const names = new QualifiedNames(connection.qualifiedName, database, options.writtenAs);
  const queries = catalog.queries(filters, session.server.version, options.filteredAs ?? database);
  for (const [schema, name] of (await ask(queries.ambiguousNames)).rows) {
    if (name === null) names.claimSchema(String(schema));
    else names.claimRelation(String(schema), String(name));
  }

  const files: ExtractedFile[] = [];
  const entities: Record<string, number> = {};
  for (const type of entityFolders) {
    statements += 1;
    const replaced = replaceSharedColumns(queries.shared[type], database, shared.texts);
    const written = await extractFolder(type, queries.rows[type], { ...options, names, rawWriter, replaced });
    files.push(...written.files);
    for (const [typeName, count] of Object.entries(written.entities))
      entities[typeName] = (entities[typeName] ?? 0) + count;
  }
  return {
    database: names.databaseName,
    serverVersion: session.server.version,
    files,
    entities,
    statements,
    warnings: names.warnings,
  };
}

/** Sends the query of one folder, and writes its rows in both forms as they come. */
async function extractFolder(
  type: EntityFolder,
  sql: string,
  options: ExtractDatabaseOptions & { names: QualifiedNames; rawWriter: RawWriter; replaced: string[] },
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
