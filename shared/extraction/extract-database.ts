import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SourceSession } from '../source/session.ts';
import { quoteLiteral } from '../source/sql-text.ts';
import { catalogOf } from './catalogs/catalog.ts';
import type { AtlanConnection } from './connection.ts';
import { type EntityFolder, entityFolders } from './entity-folders.ts';
import type { CatalogFilters } from './filters.ts';
import { QualifiedNames } from './qualified-names.ts';
import { RawFiles } from './raw-files.ts';
import { type ExtractedFile, TransformFolder } from './transform-folder.ts';

export interface ExtractDatabaseOptions {
  /** Connected to the database. The files go below its output folder. */
  session: SourceSession;
  connection: AtlanConnection;
  tenantId: string;
  workflowId: string;
  runId: string;
  filters: CatalogFilters;
  /** Rows that a file has at most. */
  rowsPerFile: { raw: number; transformed: number };
  /** @param progress.rows entities of this folder so far */
  onProgress?: (progress: { type: EntityFolder; rows: number }) => void;
  signal?: AbortSignal;
}

export interface ExtractedDatabase {
  database: string;
  /** The server's own words. */
  serverVersion: string;
  files: ExtractedFile[];
  /** How many there are of each typeName. */
  entities: Record<string, number>;
  /** How many the source was sent: the same for every catalog. */
  statements: number;
  warnings: string[];
}

/**
 * Reads the catalog of one database, in one snapshot and by one query for each folder, and writes it twice: raw rows as Parquet, and
 * Atlan's entities as JSONL. Entities of one folder are built while the source answers for the next one, and never more than a few
 * thousand are held. What is there of the files when it fails is worth nothing.
 *
 * @throws QueryError, SourceUnavailableError, StorageUnavailableError
 */
export async function extractDatabase(options: ExtractDatabaseOptions): Promise<ExtractedDatabase> {
  const { session, connection, filters } = options;
  const catalog = catalogOf(session.sourceType);
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const folders = {
    raw: join(session.outputFolder, 'raw'),
    transformed: join(session.outputFolder, 'transformed'),
  };
  for (const type of entityFolders) {
    for (const folder of Object.values(folders)) await mkdir(join(folder, type), { recursive: true });
  }
  const rawFiles = await RawFiles.open({
    // Beside the output folder, where the session has its own.
    folder: join(dirname(session.outputFolder), 'raw-files'),
    files: session.outputFolder,
    signal,
  });
  const files: ExtractedFile[] = [];
  const entities: Record<string, number> = {};
  let statements = 0;
  let transformed: Promise<unknown> = Promise.resolve();
  try {
    const names = await session.transaction(async () => {
      const { rows } = await session.askSource('describe', catalog.settings);
      statements += 1;
      const names = new QualifiedNames(connection.qualifiedName, String(rows[0]?.[0]));
      const queries = catalog.queries(filters, session.server.version);
      for (const type of entityFolders) {
        const staging = join(session.outputFolder, `${type}.parquet`);
        const count = await copyRows(session, queries[type], staging);
        statements += 1;
        const folder = new TransformFolder(type, { ...options, signal, rawFiles, names, folders });
        transformed = transformed.then(async () => {
          const written = await folder.transform({ path: staging, rows: count });
          files.push(...written.files);
          for (const [typeName, n] of Object.entries(written.entities))
            entities[typeName] = (entities[typeName] ?? 0) + n;
        });
        // Thrown below, where it is awaited; until then it stops what follows it.
        transformed.catch(() => {});
      }
      return names;
    });
    await transformed;
    return {
      database: names.databaseName,
      serverVersion: session.server.version,
      files,
      entities,
      statements,
      warnings: names.warnings,
    };
  } finally {
    failed.abort();
    await transformed.catch(() => {});
    rawFiles.close();
  }
}

/** @returns how many rows there are */
async function copyRows(session: SourceSession, sql: string, target: string): Promise<number> {
  const reader = await session.run(
    'read',
    `COPY (SELECT * FROM ${session.relationOf(sql)}) TO ${quoteLiteral(target)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 20480)`,
  );
  return Number(reader.getRowsJS()[0]?.[0]);
}
