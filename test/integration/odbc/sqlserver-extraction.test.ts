import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scopeIn } from '../../../shared/extraction/catalog/open-catalog-session.ts';
import { runPreflight } from '../../../shared/extraction/catalog/preflight.ts';
import { type Entity, entitySchema } from '../../../shared/extraction/entities/entity-schemas.ts';
import { extractDatabase } from '../../../shared/extraction/extract-database.ts';
import type { ExtractDatabaseOptions } from '../../../shared/extraction/extract-options.ts';
import { EVERYTHING } from '../../../shared/source/catalog/filters.ts';
import { readAllParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { type SqlServerStandIn, startSqlServerStandIn } from '../../support/sqlserver-catalog/stand-in.ts';

const CONNECTION = { qualifiedName: 'default/mssql/1234567890', name: 'Ämter' };

// No SQL Server was available.
describe('the catalog of SQL Server, as its documentation describes it', () => {
  let server: SqlServerStandIn;
  beforeAll(async () => {
    server = await startSqlServerStandIn();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  beforeEach(() => server.change('BEGIN'));
  afterEach(() => server.change('ROLLBACK'));

  async function extract(options: Partial<ExtractDatabaseOptions> = {}) {
    const result = await extractDatabase({
      session: server.session,
      connection: CONNECTION,
      tenantId: 'default',
      workflowId: 'nightly',
      runId: '019667f9-31e9-77b0-b7c0-b901bd30d140',
      filters: EVERYTHING,
      rowsPerFile: { raw: 100_000, transformed: 100_000 },
      lockPatienceMs: 0,
      ...options,
    });
    const entities: Entity[] = [];
    for (const { path } of result.files.filter(({ form }) => form === 'transformed'))
      for (const line of (await readFile(path, 'utf8')).trimEnd().split('\n'))
        entities.push(entitySchema.parse(JSON.parse(line)));
    const names = entities.map(({ attributes }) => attributes.qualifiedName);
    expect(new Set(names).size).toBe(names.length);
    const pathOf = ({ attributes }: Entity) =>
      attributes.qualifiedName.slice(`${CONNECTION.qualifiedName}/Ämter/`.length);
    const of = (path: string) => {
      const entity = entities.find((one) => pathOf(one) === path);
      return { typeName: entity?.typeName, ...entity?.attributes, ...entity?.customAttributes } as Record<
        string,
        unknown
      >;
    };
    const paths = (type: string) => entities.filter(({ typeName }) => typeName === type).map(pathOf);
    return { ...result, entities, of, paths };
  }

  it('has tables, views and routines of the schemas that people have', async () => {
    const { paths, of, database, warnings } = await extract();
    expect(database).toBe('Ämter');
    expect(paths('Schema')).toEqual(['Größe', 'a/b', 'dbo', 'leer']);
    expect(paths('Table')).toEqual([
      'Größe/Buchungen',
      'Größe/Straße 🐘',
      'a/b/c',
      'dbo/Kunden',
      'dbo/Speicher',
      'dbo/fern',
      'dbo/tmp_alt',
    ]);
    expect(paths('View')).toEqual(['Größe/gezählt', 'dbo/alle', 'dbo/geheime']);
    expect(paths('Procedure')).toEqual([
      'Größe/_procedures_/buchen',
      'dbo/_procedures_/Alter',
      'dbo/_procedures_/Median',
      'dbo/_procedures_/offene',
      'dbo/_procedures_/verschlüsselt',
    ]);
    expect(of('dbo')).toMatchObject({ tableCount: 4, viewsCount: 2 });
    expect(of('dbo/Kunden')).toMatchObject({
      description: 'Alle Kunden der Stadt',
      table_type: 'TABLE',
      columnCount: 19,
      rowCount: 1000,
      sizeBytes: 18 * 8192,
      isPartitioned: false,
    });
    expect(of('Größe/Buchungen')).toMatchObject({
      table_type: 'PARTITIONED TABLE',
      isPartitioned: true,
      partitionStrategy: 'r',
      partitionCount: 2,
      rowCount: 5_000_000_007,
      columns_participating_in_part_key: 2,
    });
    expect(of('dbo/fern')).toMatchObject({ table_type: 'FOREIGN TABLE', sizeBytes: 0 });
    for (const name of ['fern', 'Speicher']) expect(of(`dbo/${name}`)).not.toHaveProperty('rowCount');
    expect(of('dbo/alle').definition).toBe(
      '-- für alle\r\ncreate  view dbo.alle as SELECT id, [b ü] FROM dbo.Kunden',
    );
    expect(of('Größe/gezählt')).toMatchObject({ rowCount: 3, table_type: 'VIEW' });
    expect(warnings).toEqual([
      'Left out: the definitions of dbo.geheime, dbo.verschlüsselt, because they are encrypted, or the login lacks the permission VIEW DEFINITION on them.',
    ]);
  });

  it('has columns with their types, keys, defaults and comments', async () => {
    const { of } = await extract();
    const column = (name: string) => of(`dbo/Kunden/${name}`);
    expect(column('id')).toMatchObject({
      dataType: 'int',
      isPrimary: true,
      isForeign: false,
      isNullable: false,
      is_identity: 'YES',
      is_auto_increment: 'YES',
      order: 1,
      precision: 10,
      table: { typeName: 'Table' },
    });
    expect(column(`Größe "x" 'y' ]`)).toMatchObject({
      dataType: 'nvarchar',
      column_size: 'nvarchar(20)',
      maxLength: 20,
      character_octet_length: 40,
      description: 'wie groß',
      isNullable: true,
      is_generated: 'NO',
    });
    expect(column('Betrag')).toMatchObject({
      precision: 10,
      numericScale: 2,
      order: 4,
      column_size: 'decimal(10,2)',
    });
    expect(column('doppelt')).toMatchObject({ is_generated: 'YES' });
    expect(column('wann')).toMatchObject({
      is_generated: 'YES',
      column_size: 'datetime2(7)',
    });
    expect(column('wann')).not.toHaveProperty('precision');
    expect(column('Nr')).toMatchObject({ is_auto_increment: 'YES', is_identity: 'NO' });
    const sizes = [
      'Akte',
      'Summe',
      'Notiz',
      'Bild',
      'früher',
      'wo',
      'Baum',
      'alt',
      'Name',
      'Kurs',
      'Preis',
      'fremd',
    ];
    expect(sizes.map((name) => [column(name).dataType, column(name).column_size])).toEqual([
      ['Aktenzeichen', 'Größe.Aktenzeichen'],
      ['Betrag', 'Größe.Betrag'],
      ['nvarchar', 'nvarchar(max)'],
      ['varbinary', 'varbinary(50)'],
      ['datetime', 'datetime'],
      ['geography', 'geography'],
      ['xml', 'xml'],
      ['text', 'text'],
      ['sysname', 'nvarchar(128)'],
      ['float', 'float'],
      ['money', 'money'],
      ['nvarchar', 'nvarchar(10)'],
    ]);
    expect(column('Akte').maxLength).toBe(12);
    expect(column('Summe')).toMatchObject({ precision: 12, numericScale: 3 });
    expect(column('Notiz')).toMatchObject({ maxLength: 0 });
    expect(column('Notiz')).not.toHaveProperty('character_octet_length');
    expect(column('Preis')).toMatchObject({ precision: 19, numericScale: 4 });
    expect(of('Größe/Buchungen/Kunde')).toMatchObject({ isForeign: true });
    expect(of('dbo/alle/b ü')).toMatchObject({
      viewName: 'alle',
      view: { typeName: 'View' },
      dataType: 'varchar',
    });
    expect(column('id')).not.toHaveProperty('isIndexed');
  });

  it('has details: defaults, indexes, owners, signatures and foreign keys inside the filters', async () => {
    const { of, entities } = await extract({
      details: true,
      filters: { ...EVERYTHING, tempTableRegex: '^tmp_' },
    });
    expect(of(`dbo/Kunden/Größe "x" 'y' ]`)).toMatchObject({
      defaultValue: "(N'groß')",
      rawDataTypeDefinition: 'nvarchar(20)',
    });
    expect(of('dbo/Kunden/doppelt').defaultValue).toBeUndefined();
    const indexed = entities.filter(({ attributes }) => 'isIndexed' in attributes && attributes.isIndexed);
    expect(indexed.map(({ attributes }) => attributes.name)).toEqual(['n', 'id', 'Betrag', 'Nr', 'id']);
    expect(of('Größe/Buchungen/Tag')).toMatchObject({ isPartition: true, partitionOrder: 1 });
    // The first by the name of the key.
    expect(of('Größe/Buchungen/Kunde').foreignKeyFrom).toMatchObject({
      uniqueAttributes: { qualifiedName: `${CONNECTION.qualifiedName}/Ämter/dbo/Kunden/id` },
    });
    expect(of('dbo/Kunden/tmp')).toMatchObject({ isForeign: true });
    expect(of('dbo/Kunden/tmp')).not.toHaveProperty('foreignKeyFrom');
    expect(of('Größe/Straße 🐘').sourceOwners).toBe('Verwaltung');
    expect(of('Größe').sourceOwners).toBe('Verwaltung');
    expect(of('a/b').sourceOwners).toBeUndefined();
    expect(of('Größe/_procedures_/buchen')).toMatchObject({
      sqlLanguage: 'T-SQL',
      sqlArguments: [
        { sqlArgumentName: '@id', sqlArgumentType: 'int' },
        { sqlArgumentName: '@Text', sqlArgumentType: 'nvarchar(max)' },
      ],
      sourceCreatedBy: 'Verwaltung',
    });
    expect(of('dbo/_procedures_/Alter')).toMatchObject({
      sqlArguments: [{ sqlArgumentName: '@Akte', sqlArgumentType: 'Größe.Aktenzeichen' }],
      sqlProcedureReturn: { sqlReturnType: 'decimal(10,2)' },
    });
    expect(of('dbo/_procedures_/offene').sqlProcedureReturn).toEqual({ sqlReturnType: 'TABLE' });
    expect(of('dbo/_procedures_/Median').sqlLanguage).toBe('CLR');
  });

  it('says what a login without VIEW DEFINITION does not see', async () => {
    await server.change("DELETE FROM granted WHERE permission = 'VIEW DEFINITION'");
    await server.change('UPDATE sys.sql_modules SET definition = NULL');
    const { warnings, of } = await extract();
    expect(warnings.slice(-2)).toEqual([
      'The login has no VIEW DEFINITION permission on the database: defaults, computed columns and the definitions of views and routines are missing.',
      'Left out: the definitions of Größe.buchen, Größe.gezählt, dbo.Alter and 4 more, because they are encrypted, or the login lacks the permission VIEW DEFINITION on them.',
    ]);
    expect(of('dbo/alle').definition).toBeUndefined();
    await server.change("DELETE FROM granted WHERE permission <> 'CONNECT'");
    expect(await scopeIn(server.session).limits?.(EVERYTHING)).toEqual([
      'The login has no VIEW DEFINITION permission on the database: it only sees those tables, views and routines on which it has a permission, and there may be others; defaults, computed columns and the definitions of views and routines are missing.',
    ]);
  });

  it('reads again what changes while it is read', async () => {
    let changes = 0;
    server.meanwhile = async (sql) => {
      if (!sql.startsWith('-- One row for each column') || changes > 0) return;
      changes += 1;
      await server.change(
        "INSERT INTO sys.columns (object_id, name, column_id, system_type_id, user_type_id, max_length, precision, scale, is_nullable, is_identity, is_computed, default_object_id, generated_always_type) VALUES (104, 'e', 2, 56, 56, 4, 10, 0, 0, 0, 0, 0, 0)",
      );
    };
    const { of, warnings } = await extract();
    server.meanwhile = undefined;
    expect(changes).toBe(1);
    expect(of('a/b/c').columnCount).toBe(2);
    expect(warnings.join()).not.toContain('changed');
  });

  it.each([
    ['is read again when', 1, []],
    [
      'has no columns of another object when, all the time,',
      3,
      [
        'Columns of a/b.c may be missing: another session is changing or has dropped it.',
        'The catalog changed all the time while it was read: what was created meanwhile is missing.',
      ],
    ],
  ])('%s a table has become a view, or a view a table', async (_, times, expected) => {
    let changes = 0;
    server.meanwhile = async (sql) => {
      if (!sql.startsWith('-- One row for each column') || changes === times) return;
      changes += 1;
      await server.change(
        `UPDATE sys.objects SET type = '${changes % 2 === 1 ? 'V' : 'U'}' WHERE object_id = 104`,
      );
    };
    const { of, warnings } = await extract();
    server.meanwhile = undefined;
    expect(changes).toBe(times);
    expect(warnings).toEqual(expect.arrayContaining(expected));
    const { typeName, qualifiedName } = of('a/b/c');
    expect(typeName).toBe(times === 1 ? 'View' : 'Table');
    const [column] = (await extract()).paths('Column').filter((path) => path.startsWith('a/b/c/'));
    expect(column).toBeDefined();
    expect(of(String(column))).toEqual(
      times === 1 ? expect.objectContaining({ viewQualifiedName: qualifiedName }) : {},
    );
  });

  it('is filtered by databases, schemas and names', async () => {
    const scope = scopeIn(server.session);
    const filters = {
      include: { Ämter: ['dbo', 'a/b'] },
      exclude: { '.*': ['a.b'] },
      tempTableRegex: '^tmp',
    };
    const { paths } = await extract({ filters });
    expect(paths('Schema')).toEqual(['dbo']);
    expect(paths('Table')).toEqual(['dbo/Kunden', 'dbo/Speicher', 'dbo/fern']);
    expect((await scope.listDatabases(EVERYTHING)).map(({ name }) => name)).toEqual(['Zweite', 'Ämter']);
    expect(await scope.listDatabases({ ...EVERYTHING, exclude: { Zweite: '*' } })).toHaveLength(1);
    expect(await scope.closedDatabases?.({ ...EVERYTHING, include: { '[fg].*': '*' } })).toEqual([
      { name: 'fort', why: 'it is offline' },
      { name: 'geheim', why: 'the login has no user in it' },
    ]);
    expect(await scope.allSchemas(filters, 'Ämter', [])).toEqual([
      { name: 'Größe', tables: 2, views: 1, routines: 1, inScope: false },
      { name: 'a/b', tables: 1, views: 0, routines: 0, inScope: false },
      { name: 'dbo', tables: 3, views: 2, routines: 4, inScope: true },
      { name: 'leer', tables: 0, views: 0, routines: 0, inScope: false },
    ]);
    const none = await extract({ filters: { ...EVERYTHING, include: { Ämter: ['gibt es nicht'] } } });
    expect(none.entities).toHaveLength(1);
  });

  it('is checked, also in the cloud, which calls itself version 12', async () => {
    const check = async (filters = EVERYTHING) => runPreflight(scopeIn(server.session), filters);
    expect(await check()).toMatchObject({
      tablesCheck: { successMessage: 'Tables check successful. Table count: 10' },
      versionCheck: { successMessage: 'Client version 16.0.4085.2 meets minimum required version 13.0' },
    });
    const missing = await check({ ...EVERYTHING, include: { Ämter: ['nichts'] } });
    expect(missing.databaseSchemaCheck.failureMessage).toMatch(/Ämter\.nichts schema$/);
    await server.change(`SET VARIABLE "ProductVersion" = '12.0.2000.8'`);
    expect((await check()).versionCheck.success).toBe(false);
    await server.change(`SET VARIABLE "EngineEdition" = 5`);
    expect((await check()).versionCheck.successMessage).toBe(
      'Client version 12.0.2000.8 (Azure SQL Database) meets minimum required version 12.0',
    );
  });

  it('has raw rows like those of Postgres', async () => {
    const { files } = await extract({ details: true });
    const raw = files.filter(({ form }) => form === 'raw');
    const contents = await readAllParquetWithPyarrow(raw.map(({ path }) => path));
    expect(contents.map(({ rowCount }) => rowCount)).toEqual(raw.map(({ rows }) => rows));
    const types = Object.fromEntries(contents[3]?.columns.map(({ name, type }) => [name, type]) ?? []);
    expect(types).toMatchObject({ ordinal_position: 'int32', is_primary: 'bool', column_def: 'string' });
  });

  it('needs as many statements for many tables as for few, and only reads', async () => {
    const before = (await extract({ details: true })).statements;
    await server.change(
      "INSERT INTO sys.objects (name, object_id, schema_id, type, is_ms_shipped) SELECT 'n' || i, 10000 + i, 1, 'U', 0 FROM range(500) AS r (i)",
    );
    await server.change(
      "INSERT INTO sys.columns (object_id, name, column_id, system_type_id, user_type_id, max_length, precision, scale, is_nullable, is_identity, is_computed, default_object_id, generated_always_type) SELECT 10000 + i, 'c', 1, 56, 56, 4, 10, 0, 0, 0, 0, 0, 0 FROM range(500) AS r (i)",
    );
    const many = await extract({ details: true });
    expect(many.entities.length).toBeGreaterThan(1000);
    expect(many.statements).toBe(before);
    for (const sql of server.asked) expect(sql).not.toMatch(/[?{;]|^\s*--.*'/m);
  });
});
