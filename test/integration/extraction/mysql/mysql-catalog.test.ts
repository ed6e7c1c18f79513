import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FLAVORS, startTortureMysql } from '../../../support/mysql-catalog/create.ts';
import { extractMysql, type MysqlExtraction } from '../../../support/mysql-catalog/extract.ts';
import type { MysqlServer } from '../../../support/servers/mysql-server.ts';

describe.each(FLAVORS)('the catalog of %s', (flavor) => {
  const isMariadb = flavor === 'mariadb';
  let server: MysqlServer;
  let catalog: MysqlExtraction;
  beforeAll(async () => {
    server = await startTortureMysql({ flavor });
    catalog = await extractMysql(server);
  });
  afterAll(async () => {
    await catalog?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  const attributesOf = (typeName: Parameters<MysqlExtraction['get']>[0], path: string) => {
    const found = catalog.get(typeName, path);
    if (!found) throw new Error(`There is no ${typeName} ${path}.`);
    return found.attributes as Record<string, unknown>;
  };
  const customOf = (typeName: Parameters<MysqlExtraction['get']>[0], path: string) =>
    catalog.get(typeName, path)?.customAttributes as Record<string, unknown>;
  const column = (name: string, table = 'app/customers') => ({
    ...attributesOf('Column', `${table}/${name}`),
    custom: customOf('Column', `${table}/${name}`),
  });

  it('has one database, and the schemas that people made', () => {
    expect(catalog.pathsOf('Database')).toEqual(['']);
    expect(attributesOf('Database', '')).toMatchObject({ name: 'def', schemaCount: 7 });
    expect(catalog.pathsOf('Schema')).toEqual([
      'app',
      'empty',
      'ferry',
      'hidden',
      'mirror',
      `odd "d" 'q' \\ ü/%(x)`,
      'partly',
    ]);
    expect(attributesOf('Schema', 'hidden')).toMatchObject({
      databaseName: 'def',
      databaseQualifiedName: 'tenant/mysql/1234567890/def',
      connectorName: 'mysql',
      tableCount: 1,
      viewsCount: 1,
      database: { typeName: 'Database' },
    });
    expect(attributesOf('Schema', 'empty')).not.toHaveProperty('tableCount');
  });

  it('describes a table', () => {
    expect(attributesOf('Table', 'app/my_isam')).toMatchObject({
      name: 'my_isam',
      description: '',
      columnCount: 2,
      rowCount: 3,
      sizeBytes: 60 + 1024,
      subType: 'TABLE',
      isPartitioned: false,
      partitionCount: 0,
      schemaName: 'app',
      atlanSchema: { typeName: 'Schema' },
    });
    expect(customOf('Table', 'app/my_isam')).toEqual({
      table_type: 'BASE TABLE',
      engine: 'MyISAM',
      version: '10',
      row_format: 'Dynamic',
      data_length: '60',
      table_collation: 'utf8mb4_unicode_ci',
      create_options: 'max_rows=1000',
      is_transient: '',
    });
    expect(attributesOf('Table', 'app/customers').description).toBe('Main customers table');
  });

  it('says when a table was created', async () => {
    const rows = await server.query(
      "SELECT UNIX_TIMESTAMP(create_time) * 1000 AS ms FROM information_schema.tables WHERE table_schema = 'app' AND table_name = 'orders'",
    );
    expect(attributesOf('Table', 'app/orders').sourceCreatedAt).toBe(Number(rows[0]?.ms));
  });

  it('counts partitions without their subpartitions, and makes no entities of them', () => {
    const parted = ['by_range', 'by_list', 'by_hash', 'by_key', 'sub_parted', 'orders'].map((name) => {
      const { isPartitioned, partitionCount } = attributesOf('Table', `app/${name}`);
      return [name, isPartitioned, partitionCount];
    });
    expect(parted).toEqual([
      ['by_range', true, 3],
      ['by_list', true, 2],
      ['by_hash', true, 4],
      ['by_key', true, 2],
      ['sub_parted', true, 2],
      ['orders', false, 0],
    ]);
    expect(attributesOf('Table', 'app/by_range')).not.toHaveProperty('partitionStrategy');
    expect(catalog.pathsOf('TablePartition')).toEqual([]);
  });

  it('makes entities of partitions and subpartitions on demand', async () => {
    await using parted = await extractMysql(server, { tablePartitions: true });
    expect(parted.pathsOf('TablePartition').filter((path) => path.startsWith('app/sub_parted/'))).toEqual(
      ['p0', 'p1', 'p0sp0', 'p0sp1', 'p0sp2', 'p1sp0', 'p1sp1', 'p1sp2'].map(
        (name) => `app/sub_parted/_partitions_/${name}`,
      ),
    );
    expect(parted.get('TablePartition', 'app/by_range/_partitions_/p2023')?.attributes).toMatchObject({
      name: 'p2023',
      constraint: 'VALUES LESS THAN (2024)',
      description: 'old ones',
      isPartitioned: false,
      tableName: 'by_range',
      tableQualifiedName: 'tenant/mysql/1234567890/def/app/by_range',
      parentTable: { typeName: 'Table' },
    });
    expect(parted.get('TablePartition', "app/by_list/_partitions_/o'dd")?.attributes).toMatchObject({
      constraint: "VALUES IN ('c')",
    });
    expect(parted.get('TablePartition', 'app/sub_parted/_partitions_/p1')?.attributes).toMatchObject({
      constraint: 'VALUES LESS THAN MAXVALUE',
      isPartitioned: true,
      partitionCount: 3,
      partitionStrategy: 'HASH',
    });
    expect(parted.get('TablePartition', 'app/sub_parted/_partitions_/p1sp2')?.attributes).toMatchObject({
      isPartitioned: false,
      parentTable: {
        typeName: 'TablePartition',
        uniqueAttributes: {
          qualifiedName: 'tenant/mysql/1234567890/def/app/sub_parted/_partitions_/p1',
        },
      },
    });
    expect(parted.get('Table', 'app/by_hash')?.attributes).toMatchObject({
      partitionStrategy: 'LINEAR HASH',
    });
    const rows = parted.get('TablePartition', 'app/by_range/_partitions_/p2024')?.attributes;
    if (isMariadb) expect(rows).toHaveProperty('rowCount');
    else expect(rows).not.toHaveProperty('rowCount');
  });

  it('describes a view, and where its names are looked for', () => {
    expect(catalog.get('View', 'app/totals')).toMatchObject({
      defaultCatalogName: 'def',
      defaultSchemaName: 'app',
      attributes: { description: 'VIEW', columnCount: 3 },
      customAttributes: { table_type: 'VIEW', engine: '' },
    });
    expect(attributesOf('View', 'app/totals').definition).toMatch(
      /^CREATE OR REPLACE VIEW totals AS select `app`\.`orders`\.`customer`.*'it\\'s \\\\ "here"' AS `note`/,
    );
    // The same name in another schema.
    expect(attributesOf('View', 'hidden/totals').definition).toContain('`hidden`.`customers`');
    expect(catalog.get('Table', 'app/orders')).not.toHaveProperty('defaultCatalogName');
  });

  it('keeps a view that refers to a table that is gone, and says so', () => {
    expect(attributesOf('View', 'app/broken')).toMatchObject({
      description: 'VIEW',
      definition: 'CREATE OR REPLACE VIEW broken AS select `app`.`doomed`.`a` AS `a` from `app`.`doomed`',
    });
    expect(catalog.result.warnings).toContainEqual(
      expect.stringMatching(/^These views refer to something that is gone.*: app\.broken\.$/),
    );
  });

  it('describes columns', () => {
    expect(column('id')).toMatchObject({
      dataType: 'BIGINT',
      isNullable: false,
      isPrimary: true,
      isForeign: false,
      precision: 20,
      numericScale: 0,
      maxLength: 0,
      order: 1,
      isPartition: false,
      tableName: 'customers',
      custom: {
        type_name: 'bigint',
        column_type: isMariadb ? 'bigint(20) unsigned' : 'bigint unsigned',
        column_key: 'PRI',
        extra_info: 'auto_increment',
        is_auto_increment: 'YES',
        is_autoincrement: 'YES',
        is_identity: 'NO',
        numeric_precision: 20,
        column_size: 20,
        constraint_type: 'PRIMARY KEY',
        constraint_name: 'PRIMARY',
        character_set_name: '',
        character_octet_length: '',
        identity_cycle: '',
      },
    });
    expect(column('name')).toMatchObject({
      description: expect.stringMatching(/^Who pays "us" \\ ü \?$/),
      maxLength: 80,
      precision: 0,
      custom: {
        column_size: 80,
        character_octet_length: 320,
        character_set_name: 'utf8mb4',
        collation_name: 'utf8mb4_unicode_ci',
        privileges: 'select,insert,update,references',
      },
    });
    expect(column('name').custom).not.toHaveProperty('numeric_precision');
    expect(column('email')).toMatchObject({
      custom: { constraint_type: 'UNIQUE', constraint_name: 'email' },
    });
    expect(column('email')).not.toHaveProperty('description');
    expect(column('state').custom).toMatchObject({
      column_type: "enum('new','it''s','c,d')",
      column_key: 'MUL',
    });
    expect(column('flags').custom).toMatchObject({ column_type: "set('a','b')" });
    expect(column('balance')).toMatchObject({ dataType: 'DECIMAL', precision: 12, numericScale: 2 });
    expect(column('photo')).toMatchObject({ dataType: 'LONGBLOB', maxLength: 4_294_967_295 });
    expect(column('mid').custom.column_type).toBe('mediumint(8) unsigned zerofill');
    expect(column('born')).not.toHaveProperty('custom.column_size');
  });

  it('says of generated columns alone that they are generated', () => {
    const generated = catalog.entities.flatMap((entity) =>
      entity.typeName === 'Column' && entity.customAttributes.is_generated === 'YES'
        ? [entity.attributes.name]
        : [],
    );
    expect(generated).toEqual(['net', 'label']);
    expect(column('net').custom).toMatchObject({
      is_generatedcolumn: 'YES',
      extra_info: 'STORED GENERATED',
      generation_expression: isMariadb ? '`balance` / 1.19' : '(`balance` / 1.19)',
    });
    expect(column('created').custom).toMatchObject({ is_generated: 'NO' });
  });

  it('has each column once, with the constraints of its own table', () => {
    const flags = (path: string) => {
      const { isPrimary, isForeign } = attributesOf('Column', path);
      return [isPrimary, isForeign];
    };
    expect(flags('app/order_lines/order_id')).toEqual([true, true]);
    expect(customOf('Column', 'app/order_lines/order_id')).toMatchObject({
      constraint_type: 'PRIMARY KEY,FOREIGN KEY',
      constraint_name: 'PRIMARY,order_lines_ibfk_1',
    });
    expect(flags('app/order_lines/line')).toEqual([true, false]);
    expect(flags('app/order_lines/amount')).toEqual([false, false]);
    expect(flags('app/orders/customer')).toEqual([false, true]);
    expect(flags('app/orders/parent')).toEqual([false, true]);
    expect(flags('app/Case/a')).toEqual([false, false]);
    const { columnCount } = attributesOf('Table', 'app/customers');
    const columns = catalog.pathsOf('Column').filter((path) => path.startsWith('app/customers/'));
    expect(columns).toHaveLength(columnCount as number);
  });

  it('orders columns as the table does', () => {
    const orders = catalog.entities.flatMap((entity) =>
      entity.typeName === 'Column' && entity.attributes.tableQualifiedName?.endsWith('/app/customers')
        ? [entity.attributes.order]
        : [],
    );
    expect(orders).toEqual(Array.from({ length: orders.length }, (_, index) => index + 1));
  });

  it('includes invisible columns', () => {
    expect(customOf('Column', 'app/with_invisible/secret').extra_info).toBe('INVISIBLE');
  });

  it('keeps names apart that differ only by case, and every letter of odd ones', () => {
    expect(catalog.pathsOf('Column').filter((path) => /^app\/case\//i.test(path))).toEqual([
      'app/Case/a',
      'app/case/b',
    ]);
    const long = 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl';
    expect(catalog.pathsOf('Column')).toEqual(
      expect.arrayContaining([
        ...['from', 'where "x"', 'back\\slash', "quote's", 'tick`s', 'per%cent', 'slash/es', 'ümläut €'].map(
          (name) => `app/select/${name}`,
        ),
        `app/${long}/${long}`,
        `odd "d" 'q' \\ ü/%(x)/tab/le "t" 't' \\ %/co/l "c"`,
      ]),
    );
    expect(attributesOf('View', `odd "d" 'q' \\ ü/%(x)/vi"e'w`).definition).toMatch(
      /^CREATE OR REPLACE VIEW vi"e'w AS select /,
    );
  });

  it('describes routines, a function and a procedure of one name apart', () => {
    expect(catalog.pathsOf('Procedure').filter((path) => path.startsWith('app/'))).toEqual([
      'app/_procedures_/add_order',
      `app/_procedures_/proc/e "d" 'ure'`,
      'app/_procedures_/same_name',
      'app/_procedures_/same_name(FUNCTION)',
      'app/_procedures_/twice',
    ]);
    const end = isMariadb ? '' : ';';
    expect(attributesOf('Procedure', 'app/_procedures_/add_order')).toMatchObject({
      name: 'add_order',
      subType: 'PROCEDURE',
      definition: `INSERT INTO app.my_isam VALUES (customer, note)${end}`,
      description: 'Adds one',
      sourceCreatedBy: 'root@localhost',
      sourceCreatedAt: expect.any(Number),
      sourceUpdatedAt: expect.any(Number),
    });
    expect(attributesOf('Procedure', 'app/_procedures_/twice')).toMatchObject({
      subType: 'FUNCTION',
      definition: `RETURN x * 2${end}`,
      description: '',
    });
  });

  it('reads what only this product has', () => {
    if (!isMariadb) {
      expect(attributesOf('Column', 'app/with_invisible/v').dataType).toBe('VECTOR');
      expect(customOf('Column', 'app/by_expression/made_at').is_generated).toBe('NO');
      return;
    }
    expect(customOf('Table', 'app/versioned').table_type).toBe('SYSTEM VERSIONED');
    expect(attributesOf('Column', 'app/versioned/id').isPrimary).toBe(true);
    expect(catalog.pathsOf('Table')).not.toContain('app/numbers');
    expect(catalog.pathsOf('Column').filter((path) => path.startsWith('app/numbers/'))).toEqual([]);
    expect(catalog.result.warnings).toEqual(
      expect.arrayContaining([
        'Left out, because Atlan has no type for sequences: app.numbers.',
        'Left out, because Atlan has no type for packages: app.pack.',
      ]),
    );
  });

  it('keeps to the filters', async () => {
    await using filtered = await extractMysql(server, {
      filters: {
        include: { '^def$': ['^app$', 'part.*'] },
        exclude: { def: ['partly'] },
        tempTableRegex: '^tmp_|_lines$',
      },
    });
    expect(filtered.pathsOf('Schema')).toEqual(['app']);
    expect(filtered.get('Schema', 'app')?.attributes).toMatchObject({
      tableCount: isMariadb ? 18 : 17,
      viewsCount: 3,
    });
    const expected = catalog
      .pathsOf('Column')
      .filter((path) => /^app\//.test(path) && !/^app\/(tmp_one|order_lines)\//.test(path));
    expect(filtered.pathsOf('Column')).toEqual(expected);
    expect(filtered.pathsOf('Table')).not.toContain('app/tmp_one');
  });

  it('has texts of any length, whatever sql_mode the server has', async () => {
    const text = 'x'.repeat(400_000);
    const [modes] = await server.query('SELECT @@GLOBAL.sql_mode AS mode');
    await server.query(`CREATE VIEW app.long_view AS SELECT '${text}' AS a`);
    await server.query(`CREATE PROCEDURE app.long_procedure() SELECT '${text}'`);
    await server.query(
      `SET GLOBAL sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES${isMariadb ? ',EMPTY_STRING_IS_NULL' : ''}'`,
    );
    try {
      await using long = await extractMysql(server);
      const attributes = (typeName: 'View' | 'Procedure', path: string) =>
        long.get(typeName, path)?.attributes as { definition: string };
      expect(attributes('View', 'app/long_view').definition).toContain(text);
      expect(attributes('Procedure', 'app/_procedures_/long_procedure').definition).toContain(text);
      expect(long.get('Column', 'app/customers/net')?.customAttributes).toMatchObject({
        is_generated: 'YES',
      });
      expect(long.get('Column', 'app/customers/id')?.customAttributes).toMatchObject({ is_generated: 'NO' });
    } finally {
      await server.query('SET GLOBAL sql_mode = ?', [modes?.mode]);
      await server.query('DROP VIEW app.long_view; DROP PROCEDURE app.long_procedure');
    }
  });

  it('is the same for a login that may only read', async () => {
    const forget = ({ entities }: MysqlExtraction) =>
      entities.flatMap((entity) =>
        entity.typeName === 'Procedure'
          ? []
          : [
              {
                ...entity,
                attributes: { ...entity.attributes, lastSyncRunAt: 0 },
                customAttributes: { ...entity.customAttributes, privileges: '' },
              },
            ],
      );
    await using read = await extractMysql(server, { login: { username: 'reader', password: 'reader' } });
    expect(forget(read)).toEqual(forget(catalog));
  });
});
