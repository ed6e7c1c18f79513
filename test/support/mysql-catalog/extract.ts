import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import {
  type MysqlEntity,
  mysqlEntitySchema,
} from '../../../shared/extraction/entities/mysql/mysql-entity-schemas.ts';
import { mysqlRawRowSchemas } from '../../../shared/extraction/entities/mysql/mysql-raw-rows.ts';
import { type ExtractedDatabase, extractDatabase } from '../../../shared/extraction/extract-database.ts';
import type { ExtractDatabaseOptions } from '../../../shared/extraction/extract-options.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { readAllParquetWithPyarrow } from '../readers/read-parquet.ts';
import type { MysqlServer } from '../servers/mysql-server.ts';
import { sourceConfig } from '../source/source-config.ts';

export const CONNECTION = { qualifiedName: 'tenant/mysql/1234567890', name: 'Läden "x"' };

/** A catalog extracted, its files held against their schemas, and read. */
export interface MysqlExtraction extends AsyncDisposable {
  result: ExtractedDatabase;
  entities: MysqlEntity[];
  /** By typeName and the part of the qualifiedName after the database. */
  get(typeName: MysqlEntity['typeName'], path: string): MysqlEntity | undefined;
  /** The part of each qualifiedName after the database. */
  pathsOf(typeName: MysqlEntity['typeName']): string[];
}

export interface MysqlExtractionOptions extends Partial<Omit<ExtractDatabaseOptions, 'session'>> {
  login?: { username: string; password: string };
  /** Fields of the source. */
  source?: Record<string, unknown>;
  /** Called with the session before it reads. */
  prepare?: (session: SourceSession) => void;
}

/** Extracts the catalog of a server. */
export async function extractMysql(
  server: MysqlServer,
  { login, source: fields = {}, prepare, ...options }: MysqlExtractionOptions = {},
): Promise<MysqlExtraction> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry mysql ü '));
  const dispose = () => rm(folder, { recursive: true, force: true });
  // Nobody but the superuser has a privilege on the database `ferry`.
  const database = login ? (fields.database ?? 'information_schema') : server.database;
  const { sources } = parseConfig(
    JSON.stringify({
      version: 1,
      sources: { shop: { ...sourceConfig(server, 'shop'), ...fields, database } },
      syncs: {},
    }),
    'ferry.yaml',
  );
  const { shop: source } = sources;
  if (!source) throw new Error('The configuration lost its source.');
  try {
    const session = await SourceSession.open({
      source,
      login: {
        ...(login ?? { username: server.user, password: server.password }),
        host: server.host,
        port: server.port,
        database: String(database),
      },
      folder,
      extensionFolders: [PROJECT_EXTENSIONS],
      memoryLimitBytes: 256_000_000,
      threads: 1,
      mode: 'exact',
      ofCatalog: true,
    });
    let result: ExtractedDatabase;
    try {
      prepare?.(session);
      result = await extractDatabase({
        session,
        connection: CONNECTION,
        tenantId: 'tenant',
        workflowId: 'nightly',
        runId: '019667f9-31e9-77b0-b7c0-b901bd30d140',
        filters: { include: {}, exclude: {}, tempTableRegex: '' },
        rowsPerFile: { raw: 100_000, transformed: 100_000 },
        ...options,
      });
    } finally {
      session.close();
    }
    const entities = await readEntities(result);
    await assertRawRows(result);
    const prefix = `${CONNECTION.qualifiedName}/def`;
    const pathOf = ({ attributes }: MysqlEntity) => attributes.qualifiedName.slice(prefix.length + 1);
    return {
      result,
      entities,
      get: (typeName, path) =>
        entities.find((entity) => entity.typeName === typeName && pathOf(entity) === path),
      pathsOf: (typeName) => entities.filter((entity) => entity.typeName === typeName).map(pathOf),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Every line is valid, no qualifiedName occurs twice, and what an entity refers to is there. */
async function readEntities({ files }: ExtractedDatabase): Promise<MysqlEntity[]> {
  const entities: MysqlEntity[] = [];
  for (const { path } of files.filter(({ form }) => form === 'transformed')) {
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    for (const line of lines) {
      expect(line).not.toContain(':null');
      entities.push(mysqlEntitySchema.parse(JSON.parse(line)));
    }
  }
  const names = entities.map(({ attributes }) => attributes.qualifiedName);
  const seen = new Set<string>();
  expect(names.filter((name) => seen.size === seen.add(name).size)).toEqual([]);
  const there = new Set(
    entities.map(({ typeName, attributes }) => `${typeName} ${attributes.qualifiedName}`),
  );
  for (const { attributes } of entities) {
    for (const value of Object.values(attributes)) {
      if (typeof value !== 'object' || value === null || !('uniqueAttributes' in value)) continue;
      const { typeName, uniqueAttributes } = value as {
        typeName: string;
        uniqueAttributes: { qualifiedName: string };
      };
      expect(there).toContain(`${typeName} ${uniqueAttributes.qualifiedName}`);
    }
  }
  return entities;
}

/** The raw rows are what they are declared to be, and as many as the entities. */
async function assertRawRows({ files }: ExtractedDatabase): Promise<void> {
  const raw = files.filter(({ form }) => form === 'raw');
  const contents = await readAllParquetWithPyarrow(raw.map(({ path }) => path));
  for (const [index, { type, rows }] of raw.entries()) {
    const content = contents[index];
    expect(content?.rows).toHaveLength(rows);
    const entities = files.filter((file) => file.form === 'transformed' && file.type === type);
    expect(entities.reduce((sum, file) => sum + file.rows, 0)).toBe(rows);
    const names = content?.columns.map(({ name }) => name) ?? [];
    for (const row of content?.rows ?? [])
      mysqlRawRowSchemas[type].parse(Object.fromEntries(names.map((name, at) => [name, row[at]])));
  }
}
