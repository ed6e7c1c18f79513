import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { checkExtraction } from '../../../shared/checks/check-extraction.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { readTree } from '../../../shared/extraction/catalog/read-tree.ts';
import { type Entity, entitySchema } from '../../../shared/extraction/entities/entity-schemas.ts';
import { createFolderOutputStore } from '../../../shared/extraction/output/folder-output-store.ts';
import type { Manifest } from '../../../shared/extraction/output/manifest.ts';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { createLocalSecretReader } from '../../../shared/source/credentials/secrets.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { readAllParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { createSqlite, type SqliteFile } from '../../support/servers/sqlite-file.ts';

// Written by Node's SQLite, which shares nothing with the driver.
const setUp = `
  CREATE TABLE kunden (
    id INTEGER PRIMARY KEY,
    "Größe ""x"" 'y' ü" VARCHAR(20) DEFAULT 'groß',
    betrag DECIMAL(10, 2) NOT NULL DEFAULT 0,
    doppelt INT GENERATED ALWAYS AS (id * 2) STORED,
    leer GENERATED ALWAYS AS (1) VIRTUAL,
    ohne_typ,
    email TEXT UNIQUE
  );
  CREATE TABLE orte (land TEXT, nummer INT, name TEXT, PRIMARY KEY (land, nummer)) WITHOUT ROWID;
  CREATE TABLE umgekehrt (id INTEGER PRIMARY KEY DESC);
  CREATE TABLE bestellungen (
    nr INTEGER PRIMARY KEY AUTOINCREMENT,
    kunde INT REFERENCES KUNDEN,
    land TEXT, nummer INT,
    tmp INT REFERENCES tmp_alt (id),
    weg INT REFERENCES gibt_es_nicht (id),
    notiz TEXT, dabei TEXT,
    FOREIGN KEY (land, nummer) REFERENCES orte (LAND, Nummer)
  );
  CREATE INDEX nach_notiz ON bestellungen (notiz, lower(dabei));
  CREATE TABLE tmp_alt (id INTEGER PRIMARY KEY);
  CREATE TABLE "a/b" (c INT);
  CREATE TABLE "Straße 🐘" (x INT, X2 INT);
  CREATE VIEW alle AS SELECT id, betrag || '' AS text FROM kunden;
  CREATE VIEW "mit Spalten" (a, "b ü") AS SELECT id, email FROM kunden;
  CREATE TABLE vergangen (z INT);
  CREATE VIEW kaputt AS SELECT * FROM vergangen;
  DROP TABLE vergangen;
  CREATE VIRTUAL TABLE suche USING fts5(titel, inhalt);
  INSERT INTO kunden (id, email) VALUES (1, 'a'), (2, 'b'), (3, 'c');
  CREATE TABLE viele (a INT);
  CREATE INDEX viele_a ON viele (a);
  INSERT INTO viele VALUES (1), (2), (2);
  ANALYZE;`;

const never = new AbortController().signal;

describe('the catalog of SQLite', () => {
  let file: SqliteFile;
  let second: SqliteFile;
  beforeAll(async () => {
    [file, second] = await Promise.all([createSqlite('Ärchiv #1.sqlite'), createSqlite('leer.sqlite')]);
    file.query(setUp);
  });
  afterAll(async () => {
    await Promise.all([file?.[Symbol.asyncDispose](), second?.[Symbol.asyncDispose]()]);
  });

  const options = (extraction: Record<string, unknown> = {}) => {
    const state = join(file.folder, 'state');
    return {
      config: parseConfig(
        JSON.stringify({
          version: 1,
          sources: { archiv: file.source, leer: second.source },
          extractions: { nightly: { sources: ['archiv'], ...extraction } },
        }),
        'ferry.yaml',
      ),
      job: 'nightly',
      trigger: { type: 'cli', triggeredBy: 'test' } as const,
      scope: 'test',
      store: createRunStore(createFolderDocumentStore(state)),
      secrets: createLocalSecretReader({ values: new Map(), environment: {} }),
      extensionFolders: [PROJECT_EXTENSIONS],
      workFolder: join(file.folder, 'work'),
      memoryLimitBytes: 256_000_000,
      threads: 1,
      maxTries: 1,
      logger: createLogger({ level: 'silent' }),
      output: createFolderOutputStore({ folder: join(file.folder, 'out ü') }),
    };
  };

  async function extract(extraction: Record<string, unknown> = {}) {
    const record = await runExtraction(options(extraction));
    expect(record.error).toBeUndefined();
    const manifest = JSON.parse(await readFile(String(record.manifest), 'utf8')) as Manifest;
    const files = manifest.files.map((one) => ({ ...one, path: join(file.folder, 'out ü', one.key) }));
    const entities: Entity[] = [];
    for (const { path } of files.filter(({ form }) => form === 'transformed'))
      for (const line of (await readFile(path, 'utf8')).trimEnd().split('\n'))
        entities.push(entitySchema.parse(JSON.parse(line)));
    const names = entities.map(({ attributes }) => attributes.qualifiedName);
    expect(new Set(names).size).toBe(names.length);
    const there = new Set(
      entities.map(({ typeName, attributes }) => `${typeName} ${attributes.qualifiedName}`),
    );
    for (const { attributes } of entities)
      for (const value of Object.values(attributes))
        if (typeof value === 'object' && 'uniqueAttributes' in value)
          expect([...there]).toContain(`${value.typeName} ${value.uniqueAttributes.qualifiedName}`);
    const pathOf = ({ attributes }: Entity) => attributes.qualifiedName.split('/').slice(3).join('/');
    const of = (path: string) => {
      const entity = entities.find((one) => pathOf(one) === `Ärchiv #1.sqlite/main/${path}`);
      return { ...entity?.attributes, ...entity?.customAttributes, typeName: entity?.typeName } as Record<
        string,
        unknown
      >;
    };
    return { manifest, entities, files, pathOf, of };
  }

  it('has tables, views and virtual tables, and what the file is called', async () => {
    const { entities, pathOf, of, manifest } = await extract();
    const paths = (type: string) => entities.filter(({ typeName }) => typeName === type).map(pathOf);
    expect(paths('Database')).toEqual(['Ärchiv #1.sqlite']);
    expect(paths('Schema')).toEqual(['Ärchiv #1.sqlite/main']);
    expect(manifest.connections[0]?.qualifiedName).toMatch(/^default\/sqlite\/\d+$/);
    expect(paths('Table').map((path) => path.split('/main/')[1])).toEqual([
      'Straße 🐘',
      'a/b',
      'bestellungen',
      'kunden',
      'orte',
      'suche',
      'tmp_alt',
      'umgekehrt',
      'viele',
    ]);
    expect(paths('View').map((path) => path.split('/main/')[1])).toEqual(['alle', 'kaputt', 'mit Spalten']);
    expect(of('suche')).toMatchObject({ table_type: 'VIRTUAL TABLE', columnCount: 2 });
    expect(of('alle').definition).toBe("CREATE VIEW alle AS SELECT id, betrag || '' AS text FROM kunden");
    expect(of('kunden')).toMatchObject({ columnCount: 7, table_type: 'TABLE' });
    // Of the last ANALYZE.
    expect(of('viele').rowCount).toBe(3);
    expect(of('bestellungen').rowCount).toBeUndefined();
    expect(manifest.warnings).toEqual([
      'archiv/Ärchiv #1.sqlite: The columns of kaputt are missing: SQLite cannot resolve it.',
    ]);
  });

  it('has columns with what was declared', async () => {
    const { of, entities } = await extract();
    const column = (name: string) => of(`kunden/${name}`);
    expect(column('id')).toMatchObject({
      dataType: 'INTEGER',
      isNullable: false,
      isPrimary: true,
      order: 1,
      is_auto_increment: 'YES',
    });
    expect(column(`Größe "x" 'y' ü`)).toMatchObject({
      dataType: 'VARCHAR',
      column_size: 'VARCHAR(20)',
      maxLength: 20,
      isNullable: true,
    });
    expect(column('betrag')).toMatchObject({
      dataType: 'DECIMAL',
      precision: 10,
      numericScale: 2,
      isNullable: false,
    });
    expect(column('doppelt')).toMatchObject({ is_generated: 'YES', order: 4 });
    expect(column('leer')).toMatchObject({ is_generated: 'YES', dataType: 'ANY' });
    expect(column('ohne_typ')).toMatchObject({ dataType: 'ANY', isNullable: true, is_generated: 'NO' });
    expect(of('orte/land')).toMatchObject({ isPrimary: true, isNullable: false, is_auto_increment: 'NO' });
    // It is no alias of the row's number: SQLite keeps this as it once was.
    expect(of('umgekehrt/id')).toMatchObject({ isPrimary: true, isNullable: true, is_auto_increment: 'NO' });
    expect(of('bestellungen/kunde')).toMatchObject({ isForeign: true, table: { typeName: 'Table' } });
    expect(of('mit Spalten/b ü')).toMatchObject({ viewName: 'mit Spalten', order: 2 });
    expect(
      entities
        .filter(({ attributes }) => 'tableName' in attributes && attributes.tableName === 'suche')
        .map(({ attributes }) => attributes.name),
    ).toEqual(['titel', 'inhalt']);
    // Without details.
    expect(column('email')).not.toHaveProperty('isIndexed');
  });

  it('has details: defaults, indexes, and foreign keys inside the filters', async () => {
    const { of, entities } = await extract({ details: true, tempTableRegex: '^tmp_' });
    expect(of(`kunden/Größe "x" 'y' ü`)).toMatchObject({
      defaultValue: "'groß'",
      rawDataTypeDefinition: 'VARCHAR(20)',
      isIndexed: false,
    });
    const indexed = entities.filter(({ attributes }) => 'isIndexed' in attributes && attributes.isIndexed);
    expect(indexed.map(({ attributes }) => attributes.name)).toEqual(
      'nr notiz id email land nummer id a'.split(' '),
    );
    const target = (name: string) => {
      const { foreignKeyFrom } = of(`bestellungen/${name}`) as {
        foreignKeyFrom?: { uniqueAttributes: { qualifiedName: string } };
      };
      return foreignKeyFrom?.uniqueAttributes.qualifiedName.split('/main/')[1];
    };
    expect(['kunde', 'land', 'nummer', 'tmp', 'weg', 'notiz'].map(target)).toEqual([
      'kunden/id',
      'orte/land',
      'orte/nummer',
      undefined,
      undefined,
      undefined,
    ]);
    expect(of('tmp_alt')).toEqual({ typeName: undefined });
  });

  it('leaves out what has no name, and says so', async () => {
    await using odd = await createSqlite('namenlos.sqlite');
    odd.query(
      'CREATE TABLE "" (a INT); CREATE TABLE b (a INT, "" INT, c DECIMAL(0)); CREATE VIEW d ("", e) AS SELECT 1, 2',
    );
    const { config: _, ...others } = options();
    const config = parseConfig(
      JSON.stringify({
        version: 1,
        sources: { odd: odd.source },
        extractions: { nightly: { sources: ['odd'] } },
      }),
      'ferry.yaml',
    );
    const record = await runExtraction({ ...others, config });
    expect(record).toMatchObject({
      state: 'succeeded',
      rows: 2 + 2 + 3,
      warnings: expect.arrayContaining([
        'odd/namenlos.sqlite: Left out: a table or view without a name.',
        'odd/namenlos.sqlite: Left out: the columns without a name of b, d.',
      ]),
    });
  });

  it('has raw rows, and is written in each layout', async () => {
    const { files } = await extract();
    const raw = files.filter(({ form }) => form === 'raw');
    const contents = await readAllParquetWithPyarrow(raw.map(({ path }) => path));
    expect(contents.map(({ rowCount }) => rowCount)).toEqual(raw.map(({ rows }) => rows));
    expect(raw.map(({ type }) => type)).toEqual(['database', 'schema', 'table', 'column']);
    const whole = await runExtraction(options({ output: { layout: 'sdk3' }, sources: ['*'] }));
    expect(whole).toMatchObject({
      state: 'succeeded',
      databases: [{ source: 'archiv' }, { source: 'leer' }],
    });
  });

  it('is filtered by names, in the words of the others', async () => {
    const { entities } = await extract({ include: { 'Ärchiv.*': ['main'] }, tempTableRegex: 'e' });
    expect(
      entities.filter(({ typeName }) => typeName === 'Table').map(({ attributes }) => attributes.name),
    ).toEqual(['a/b', 'tmp_alt']);
    const missing = await runExtraction(options({ include: { '^nichts$': '*' } }));
    expect(missing.error?.message).toMatch(/nichts database/);
    const other = await runExtraction(options({ databases: ['x.sqlite'] }));
    expect(other.error?.message).toBe('A file of SQLite has no database "x.sqlite", but only itself.');
    const invalid = await runExtraction(options({ tempTableRegex: '(' }));
    expect(invalid.error?.message).toMatch(/^tempTableRegex "\(" is not a valid regular expression \(RE2\)/);
  });

  it('is checked, and shown as a tree', async () => {
    const checks = await checkExtraction({ ...options({ sources: ['*'] }), signal: never });
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(checks.map(({ detail }) => detail)).toContain('Tables check successful. Table count: 12');
    const { config, extensionFolders, memoryLimitBytes, threads } = options();
    const { archiv: source } = config.sources;
    if (!source) throw new Error('The configuration lost its source.');
    const login = { host: '', port: 0, username: '', password: '', database: file.path };
    const reading = {
      source,
      login,
      folder: join(file.folder, 'tree'),
      extensionFolders,
      memoryLimitBytes,
      threads,
    };
    expect(await readTree(reading)).toMatchObject([
      {
        name: 'Ärchiv #1.sqlite',
        isDefault: true,
        schemas: [{ name: 'main', tables: 9, views: 3, routines: 0 }],
      },
    ]);
  });

  it('leaves the file as it is', async () => {
    const before = await readFile(file.path);
    await extract({ details: true });
    expect((await readFile(file.path)).equals(before)).toBe(true);
  });
});
