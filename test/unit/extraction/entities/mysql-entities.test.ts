import { describe, expect, it } from 'vitest';
import { commonAttributes, type EntityContext } from '../../../../shared/extraction/entities/context.ts';
import {
  buildMysqlColumn,
  type MysqlColumnRow,
  mysqlColumnSerializer,
} from '../../../../shared/extraction/entities/mysql/mysql-column.ts';
import { mysqlEntitySchema } from '../../../../shared/extraction/entities/mysql/mysql-entity-schemas.ts';
import {
  buildMysqlProcedure,
  remarksOfRoutine,
} from '../../../../shared/extraction/entities/mysql/mysql-procedure.ts';
import {
  buildMysqlRelation,
  remarksOfRelation,
} from '../../../../shared/extraction/entities/mysql/mysql-relation.ts';
import { QualifiedNames } from '../../../../shared/extraction/entities/qualified-names.ts';
import { placeRelationsBeside } from '../../../../shared/extraction/entities/relations-beside.ts';

const DATABASE = 'default/mysql/1745501106/def';

const contextOf = (tablePartitions = false): EntityContext => ({
  names: new QualifiedNames('default/mysql/1745501106', 'def'),
  tablePartitions,
  common: commonAttributes({
    connection: { qualifiedName: 'default/mysql/1745501106', name: 'shop' },
    tenantId: 'default',
    workflowId: 'nightly',
    runId: '019667f9-31e9-77b0-b7c0-b901bd30d140',
    at: 1_795_228_500_257,
  }),
});

const table: Parameters<typeof buildMysqlRelation>[0] = {
  table_catalog: 'def',
  table_schema: 'shop',
  table_name: 'orders',
  row_count: 12,
  column_count: 3,
  table_type: 'BASE TABLE',
  is_partition: false,
  partition_strategy: null,
  partition_count: 0,
  parent_table_name: null,
  parent_partition_name: null,
  partition_constraint: null,
  view_definition: null,
  remarks: '',
  size_bytes: 16_384,
  engine: 'InnoDB',
  version: '10',
  row_format: 'Dynamic',
  data_length: 16_384,
  table_collation: 'utf8mb4_unicode_ci',
  create_options: null,
  create_time: 1_795_228_500_000,
  partition_level: 0,
};
const view: typeof table = {
  ...table,
  table_name: 'totals',
  table_type: 'VIEW',
  view_definition: 'select 1 AS `1`',
  remarks: 'VIEW',
  engine: null,
  version: null,
  row_format: null,
  data_length: null,
  table_collation: null,
  size_bytes: 0,
};

const columnRow: MysqlColumnRow = {
  table_catalog: 'def',
  table_schema: 'shop',
  table_name: 'orders',
  column_name: 'Größe',
  ordinal_position: 2,
  is_nullable: 'YES',
  data_type: 'decimal',
  is_auto_increment: 'NO',
  numeric_precision: 10,
  character_octet_length: null,
  is_generated: 'NO',
  column_size: 10,
  table_type: 'BASE TABLE',
  constraint_type: null,
  constraint_name: null,
  remarks: 'in  <b>cm</b>',
  numeric_scale: 2,
  max_length: 0,
  is_primary: false,
  is_foreign: true,
  extra_info: null,
  character_set_name: null,
  collation_name: null,
  column_type: 'decimal(10,2) unsigned',
  column_key: null,
  privileges: 'select',
  generation_expression: null,
  type_key: 'a',
};

describe('buildMysqlRelation', () => {
  it('makes a table, with empty texts for what it does not have', () => {
    const entity = buildMysqlRelation(table, contextOf());
    expect(mysqlEntitySchema.parse(JSON.parse(JSON.stringify(entity)))).toMatchObject({
      typeName: 'Table',
      attributes: {
        qualifiedName: `${DATABASE}/shop/orders`,
        description: '',
        rowCount: 12,
        sourceCreatedAt: 1_795_228_500_000,
        isPartitioned: false,
        partitionCount: 0,
      },
      customAttributes: { engine: 'InnoDB', data_length: '16384', create_options: '', is_transient: '' },
    });
  });

  it('names the strategy of a partitioned table only where partitions are entities', () => {
    const parted = { ...table, is_partition: true, partition_strategy: 'RANGE', partition_count: 4 };
    expect(buildMysqlRelation(parted, contextOf()).attributes).toMatchObject({
      isPartitioned: true,
      partitionCount: 4,
    });
    expect(buildMysqlRelation(parted, contextOf()).attributes).not.toHaveProperty('partitionStrategy');
    expect(buildMysqlRelation(parted, contextOf(true)).attributes).toMatchObject({
      partitionStrategy: 'RANGE',
    });
  });

  it('makes a view without a row count, and none of a hidden definition', () => {
    const made = JSON.parse(JSON.stringify(buildMysqlRelation(view, contextOf())));
    expect(mysqlEntitySchema.parse(made)).toMatchObject({
      typeName: 'View',
      defaultCatalogName: 'def',
      defaultSchemaName: 'shop',
      attributes: { definition: 'CREATE OR REPLACE VIEW totals AS select 1 AS `1`', description: 'VIEW' },
    });
    expect(made.attributes).not.toHaveProperty('rowCount');
    const hidden = buildMysqlRelation({ ...view, view_definition: null }, contextOf());
    expect(JSON.parse(JSON.stringify(hidden)).attributes).not.toHaveProperty('definition');
  });

  it('keeps a partition apart from a table whose name is like its path', () => {
    const context = contextOf(true);
    context.names.claimRelation('shop', 'orders/_partitions_/p0');
    const partition = {
      ...table,
      table_name: 'p0',
      table_type: 'PARTITION' as const,
      parent_table_name: 'orders',
      partition_level: 1,
    };
    const { qualifiedName } = buildMysqlRelation(partition, context).attributes;
    expect(qualifiedName).not.toBe(`${DATABASE}/shop/orders/_partitions_/p0`);
    const sub = buildMysqlRelation(
      { ...partition, table_name: 'p0sp0', parent_partition_name: 'p0', partition_level: 2 },
      context,
    );
    expect(sub.attributes).toMatchObject({
      parentTable: { typeName: 'TablePartition', uniqueAttributes: { qualifiedName } },
    });
  });
});

describe('remarks', () => {
  it('are made of hidden definitions, and of views and tables that do not work', () => {
    expect(remarksOfRelation(table)).toEqual([]);
    expect(remarksOfRelation({ ...table, engine: null })).toEqual([
      { what: 'broken table', name: 'shop.orders' },
    ]);
    expect(remarksOfRelation(view)).toEqual([]);
    const hidden = { what: 'hidden view', name: 'shop.totals' };
    expect(remarksOfRelation({ ...view, view_definition: null })).toEqual([hidden]);
    const remarks = "View 'shop.totals' references invalid table(s) …";
    const invalid = { what: 'invalid view', name: 'shop.totals' };
    expect(remarksOfRelation({ ...view, remarks })).toEqual([invalid]);
    expect(remarksOfRelation({ ...view, remarks, view_definition: null })).toEqual([invalid, hidden]);
  });
});

describe('buildMysqlColumn', () => {
  it('makes a column', () => {
    const entity = JSON.parse(JSON.stringify(buildMysqlColumn(columnRow, contextOf())));
    expect(mysqlEntitySchema.parse(entity)).toMatchObject({
      attributes: {
        qualifiedName: `${DATABASE}/shop/orders/Größe`,
        dataType: 'DECIMAL',
        description: 'in cm',
        precision: 10,
        numericScale: 2,
        isForeign: true,
      },
      customAttributes: { type_name: 'decimal', column_type: 'decimal(10,2) unsigned', column_key: '' },
    });
  });

  it('is what the serializer writes, whatever came before', () => {
    const serialize = mysqlColumnSerializer();
    const rows: MysqlColumnRow[] = [
      columnRow,
      {
        ...columnRow,
        column_name: 'b',
        numeric_precision: null,
        column_size: null,
        remarks: null,
        type_key: 'b',
      },
      { ...columnRow, table_name: 'other', character_octet_length: 40, is_primary: true, type_key: 'c' },
      { ...columnRow, table_schema: 'else', table_name: 'other', column_name: 'b', table_type: 'VIEW' },
    ];
    const [context, reference] = [contextOf(), contextOf()];
    for (const row of rows) {
      expect(JSON.parse(serialize(row, context))).toEqual(
        JSON.parse(JSON.stringify(buildMysqlColumn(row, reference))),
      );
    }
  });
});

describe('the serializer, with details', () => {
  it.each([false, true])('writes what is built (relations beside: %s)', (relationsBeside) => {
    const serialize = mysqlColumnSerializer();
    const foreign = { foreign_schema: 'shop', foreign_table: 'kunden', foreign_column: 'id' };
    const rows: MysqlColumnRow[] = [
      { ...columnRow, default_value: "'ü'", is_indexed: true, ...foreign },
      { ...columnRow, table_name: 'totals', default_value: null, is_indexed: null, table_type: 'VIEW' },
    ];
    const entities = rows.map((row) => buildMysqlColumn(row, contextOf()));
    const expected = entities.map((entity) => (relationsBeside ? placeRelationsBeside(entity) : entity));
    const context = { ...contextOf(), relationsBeside };
    expect(rows.map((row) => JSON.parse(serialize(row, context)))).toEqual(
      JSON.parse(JSON.stringify(expected)),
    );
    expect(
      entities.map(({ attributes }) => attributes.foreignKeyFrom?.uniqueAttributes.qualifiedName),
    ).toEqual([`${DATABASE}/shop/kunden/id`, undefined]);
  });
});

describe('buildMysqlProcedure', () => {
  const routine: Parameters<typeof buildMysqlProcedure>[0] = {
    procedure_catalog: 'def',
    procedure_schema: 'shop',
    procedure_name: 'total',
    source_owner: 'root@localhost',
    procedure_definition: 'RETURN 1',
    procedure_type: 'FUNCTION',
    remarks: '',
    created: 1_795_228_500_000,
    last_altered: null,
    is_overloaded: false,
  };

  it('makes a routine', () => {
    const made = JSON.parse(JSON.stringify(buildMysqlProcedure(routine, contextOf())));
    expect(mysqlEntitySchema.parse(made)).toMatchObject({
      attributes: {
        qualifiedName: `${DATABASE}/shop/_procedures_/total`,
        subType: 'FUNCTION',
        definition: 'RETURN 1',
        description: '',
        sourceCreatedBy: 'root@localhost',
      },
    });
    expect(made.attributes).not.toHaveProperty('sourceUpdatedAt');
  });

  it('keeps a function apart from a procedure with its name', () => {
    const context = contextOf();
    const both = (['PROCEDURE', 'FUNCTION'] as const).map(
      (type) =>
        buildMysqlProcedure({ ...routine, procedure_type: type, is_overloaded: true }, context).attributes
          .qualifiedName,
    );
    expect(both).toEqual([
      `${DATABASE}/shop/_procedures_/total`,
      `${DATABASE}/shop/_procedures_/total(FUNCTION)`,
    ]);
  });

  it('says when the definition is hidden', () => {
    expect(remarksOfRoutine(routine)).toEqual([]);
    expect(remarksOfRoutine({ ...routine, procedure_definition: null })).toEqual([
      { what: 'hidden routine', name: 'shop.total' },
    ]);
  });
});
