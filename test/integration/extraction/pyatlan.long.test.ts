import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { type ExtractedDatabase, extractDatabase } from '../../../shared/extraction/extract-database.ts';
import { FILE_FORMATS } from '../../../shared/extraction/output/layout.ts';
import { EVERYTHING } from '../../../shared/source/catalog/filters.ts';
import { SourceSession } from '../../../shared/source/sessions/session.ts';
import { FLAVORS, startTortureMysql } from '../../support/mysql-catalog/create.ts';
import { extractMysql } from '../../support/mysql-catalog/extract.ts';
import { readEntitiesWithPyatlan } from '../../support/readers/read-entities.ts';
import { createSqlite } from '../../support/servers/sqlite-file.ts';
import { startSqlServerStandIn } from '../../support/sqlserver-catalog/stand-in.ts';
import {
  COLLISIONS_DATABASE,
  OWNER,
  POSTGRES_18,
  startTortureServer,
  TORTURE_DATABASE,
} from '../../support/torture-catalog/create.ts';
import { extractTorture, RUN } from '../../support/torture-catalog/extract.ts';

/** What Atlan's MySQL app writes beside the attributes, for its lineage. */
const OF_MYSQL = ['View.defaultCatalogName', 'View.defaultSchemaName'];

/** Has Atlan's client read the entities of all files. @returns what it lost of them */
async function read({ files, entities }: ExtractedDatabase): Promise<string[]> {
  const found = await Promise.all(
    files.filter(({ form }) => form === 'transformed').map(({ path }) => readEntitiesWithPyatlan(path)),
  );
  const counts: Record<string, number> = {};
  for (const { read: ofFile } of found)
    for (const [type, count] of Object.entries(ofFile)) counts[type] = (counts[type] ?? 0) + count;
  expect(counts).toEqual(entities);
  return [...new Set(found.flatMap(({ lost }) => Object.keys(lost)))].sort();
}

const extract = (session: SourceSession) =>
  extractDatabase({
    session,
    ...RUN,
    filters: EVERYTHING,
    details: true,
    rowsPerFile: { raw: 100_000, transformed: 100_000 },
  });

// It ignores what it does not know, so what it has read is compared with the file.
describe('Atlan’s own client reads every entity, with details, as it is written', () => {
  it.each(['app', 'sdk3'] as const)('of Postgres, in the form of layout %s', async (layout) => {
    const server = await startTortureServer(POSTGRES_18);
    try {
      for (const database of [TORTURE_DATABASE, COLLISIONS_DATABASE]) {
        const options = { details: true, ...FILE_FORMATS[layout] };
        await using extraction = await extractTorture(server, database, OWNER, options);
        expect(await read(extraction.result)).toEqual([]);
      }
    } finally {
      await server.stop();
    }
  });

  it.each(FLAVORS)('of %s', async (flavor) => {
    const server = await startTortureMysql({ flavor });
    try {
      await using extraction = await extractMysql(server, { details: true, tablePartitions: true });
      expect(await read(extraction.result)).toEqual(OF_MYSQL);
    } finally {
      await server.stop();
    }
  });

  it('of SQLite', async () => {
    await using file = await createSqlite();
    file.query(`CREATE TABLE "Straße" (id INTEGER PRIMARY KEY, "Größe" DECIMAL(5,2) DEFAULT 1.5, wo INT REFERENCES "Straße");
      CREATE VIEW alle AS SELECT * FROM "Straße"; CREATE VIRTUAL TABLE suche USING fts5(titel)`);
    const { sources } = parseConfig(
      JSON.stringify({ version: 1, sources: { archiv: file.source }, syncs: {} }),
      'ferry.yaml',
    );
    if (!sources.archiv) throw new Error('The configuration lost its source.');
    const session = await SourceSession.open({
      source: sources.archiv,
      login: { host: '', port: 0, username: '', password: '', database: file.path },
      folder: join(file.folder, 'session'),
      extensionFolders: [PROJECT_EXTENSIONS],
      memoryLimitBytes: 256_000_000,
      threads: 1,
      mode: 'exact',
      ofCatalog: true,
    });
    try {
      expect(await read(await extract(session))).toEqual([]);
    } finally {
      session.close();
    }
  });

  it('of SQL Server, as its documentation describes it', async () => {
    await using server = await startSqlServerStandIn();
    expect(await read(await extract(server.session))).toEqual([]);
  });

  it('and nothing that it does not know, nor a value of another type', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ferry pyatlan ü '));
    const file = join(folder, 'entities.json');
    const attributes = { name: 'a', qualifiedName: 'a/b/1/c', columnCount: '7', colour: 'green' };
    try {
      await writeFile(file, `${JSON.stringify({ typeName: 'Table', attributes, owner: 'me' })}\n`);
      expect(await readEntitiesWithPyatlan(file)).toEqual({
        read: { Table: 1 },
        lost: {
          'Table.attributes.colour': ['green', null],
          'Table.attributes.columnCount': ['7', 7],
          'Table.owner': ['me', null],
        },
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
