import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { freeChunks } from '../duckdb/free-chunks.ts';
import { makeFolder } from '../make-folder.ts';
import type { CatalogQueries, RowsQuery, WrittenRelations } from '../source/catalog/catalog.ts';
import { catalogOf } from '../source/catalog/catalog-registry.ts';
import { type EntityFolder, entityFolders } from '../source/catalog/entity-folders.ts';
import type { OpenedRelations } from './catalog/opened-relations.ts';
import { putDefinitions } from './catalog/put-definitions.ts';
import { rowReader } from './catalog/read-rows.ts';
import type { RowRemarks } from './catalog/row-remarks.ts';
import type { WrittenParents } from './catalog/written-parents.ts';
import { entityKindsOf } from './entities/entity-kinds.ts';
import type { QualifiedNames } from './entities/qualified-names.ts';
import type { ExtractDatabaseOptions, ExtractedFile } from './extract-options.ts';
import { EntityWriter } from './files/entity-writer.ts';
import type { RawSeries, RawWriter } from './files/raw-writer.ts';

/** What writing the folders of one database requires. */
export type FolderOptions = Omit<ExtractDatabaseOptions, 'rawWriter'> & {
  names: QualifiedNames;
  opened: OpenedRelations;
  rawWriter: RawWriter;
  remarks: RowRemarks;
  /** Absent where one snapshot keeps parents and children together. */
  written: WrittenParents | undefined;
};

/** Sends the query of each folder, and writes its rows in both forms. */
export async function extractFolders(
  options: FolderOptions,
  { rows: queries, complete = {} }: Pick<CatalogQueries, 'rows' | 'complete'>,
): Promise<{ files: ExtractedFile[]; entities: Record<string, number>; rows: Record<EntityFolder, number> }> {
  // An earlier transaction may have left some.
  for (const form of ['raw', 'transformed'])
    await rm(join(options.session.outputFolder, form), { recursive: true, force: true });
  const files: ExtractedFile[] = [];
  const entities: Record<string, number> = {};
  const rows = Object.fromEntries(entityFolders.map((type) => [type, 0])) as Record<EntityFolder, number>;
  for (const type of entityFolders) {
    const written = await extractFolder(type, queries[type], complete[type], options);
    files.push(...written.files);
    rows[type] = Object.values(written.entities).reduce((sum, count) => sum + count, 0);
    for (const [typeName, count] of Object.entries(written.entities))
      entities[typeName] = (entities[typeName] ?? 0) + count;
  }
  return { files, entities, rows };
}

/** Where nobody notes what is written. */
const NONE_WRITTEN: WrittenRelations = { typeOf: () => undefined };

/** Sends the query of one folder, and writes its rows in both forms as they arrive. */
async function extractFolder(
  type: EntityFolder,
  query: RowsQuery,
  complete: NonNullable<CatalogQueries['complete']>[EntityFolder],
  options: FolderOptions,
): Promise<{ files: ExtractedFile[]; entities: Record<string, number> }> {
  const { session, rowsPerFile, rawFormat = 'parquet', onProgress, signal, remarks, written } = options;
  const folderOf = (which: ExtractedFile['form']) => join(session.outputFolder, which, type);
  const { columns, chunks } = await session.streamSource(query);
  const { form, opening } = catalogOf(session.source);
  const kind = entityKindsOf(form)[type];
  const names = columns.map(({ name }) => name);
  const readRows = rowReader(names, kind, options.details);
  const rowsOf = (chunk: DuckDBDataChunk) =>
    kind.remarksOf ? remarks.watch(readRows(chunk), kind) : readRows(chunk);
  const begin = async () => {
    for (const each of ['raw', 'transformed'] as const) await makeFolder(folderOf(each), { mode: 0o700 });
    const pathOf = (chunk: number) => `${folderOf('raw')}/chunk-${chunk}.${rawFormat}`;
    return options.rawWriter.begin(columns, rowsPerFile.raw, pathOf, rawFormat);
  };
  // Begun with the first rows: many databases have no routine, and an empty one has nothing but itself.
  let raw: RawSeries | undefined;
  const writer = new EntityWriter(type, {
    ...options,
    form,
    tablePartitions: options.tablePartitions ?? false,
    relationsBeside: options.relationsBeside ?? false,
    pathOf: (chunk, part) => `${folderOf('transformed')}/chunk-${chunk}-part${part}.json`,
  });
  let rows = 0;
  try {
    for await (const read of chunks) {
      signal?.throwIfAborted();
      complete?.(read, names, written ?? NONE_WRITTEN);
      const chunk = written?.keep(type, read, names) ?? read;
      if (type === 'table' && opening) putDefinitions(chunk, columns, options.opened);
      raw ??= await begin();
      await raw.append(chunk);
      await writer.write(rowsOf(chunk));
      rows += chunk.rowCount;
      onProgress?.({ type, rows });
      freeChunks();
    }
    const rawFiles = (await raw?.finish()) ?? [];
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
