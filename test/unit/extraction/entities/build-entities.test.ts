import { describe, expect, it } from 'vitest';
import { commonAttributes, type EntityContext } from '../../../../shared/extraction/entities/context.ts';
import { buildDatabase } from '../../../../shared/extraction/entities/database.ts';
import { entitySchema } from '../../../../shared/extraction/entities/entity-schemas.ts';
import {
  buildColumn,
  columnSerializer,
} from '../../../../shared/extraction/entities/postgres/postgres-column.ts';
import { buildProcedure } from '../../../../shared/extraction/entities/postgres/postgres-procedure.ts';
import { buildRelation } from '../../../../shared/extraction/entities/postgres/postgres-relation.ts';
import { QualifiedNames } from '../../../../shared/extraction/entities/qualified-names.ts';
import { placeRelationsBeside } from '../../../../shared/extraction/entities/relations-beside.ts';
import { buildSchema } from '../../../../shared/extraction/entities/schema.ts';

// The same examples as in atlan-contract.test.ts, with the values that this project writes instead of the original's defects.
const CONNECTION = 'default/postgres/1745501106';
const DATABASE = `${CONNECTION}/postgres`;
const SCHEMA = `${DATABASE}/public`;
const context: EntityContext = {
  names: new QualifiedNames(CONNECTION, 'postgres'),
  common: commonAttributes({
    connection: { qualifiedName: CONNECTION, name: 'dev' },
    tenantId: 'default',
    workflowId: '79a40801-07c2-4852-86c4-9703bda3a840',
    runId: '019667f9-31e9-77b0-b7c0-b901bd30d140',
    at: 1795228500257,
  }),
};
const common = {
  connectionQualifiedName: CONNECTION,
  connectionName: 'dev',
  tenantId: 'default',
  lastSyncWorkflowName: '79a40801-07c2-4852-86c4-9703bda3a840',
  lastSyncRun: '019667f9-31e9-77b0-b7c0-b901bd30d140',
  lastSyncRunAt: 1795228500257,
  connectorName: 'postgres',
};
const ofDatabase = { databaseName: 'postgres', databaseQualifiedName: DATABASE };
const ofSchema = { ...ofDatabase, schemaName: 'public', schemaQualifiedName: SCHEMA };
const reference = (typeName: string, qualifiedName: string) => ({
  typeName,
  attributes: {},
  uniqueAttributes: { qualifiedName },
});
const stored = { externalLocation: '', externalLocationFormat: '', externalLocationRegion: '' };

/** As it comes out of the file. */
const written = (entity: unknown): unknown => {
  const line: unknown = JSON.parse(JSON.stringify(entity));
  expect(entitySchema.parse(line)).toEqual(line);
  return line;
};

const table = {
  table_catalog: 'postgres',
  table_schema: 'public',
  table_name: 'orders',
  row_count: null,
  column_count: 5,
  table_kind: 'r',
  table_type: 'TABLE',
  is_partition: false,
  partition_strategy: null,
  partition_count: null,
  parent_table_name: null,
  parent_table_schema: null,
  partitioned_parent_table: null,
  partition_constraint: null,
  number_columns_in_part_key: null,
  columns_participating_in_part_key: null,
  view_definition: null,
  is_insertable_into: 'YES',
  is_typed: 'NO',
  remarks: null,
  size_bytes: 0,
  is_parent_in_scope: false,
} satisfies Parameters<typeof buildRelation>[0];
type Table = Parameters<typeof buildRelation>[0];

const column = {
  table_catalog: 'postgres',
  table_schema: 'public',
  table_name: 'orders',
  column_name: 'user_id',
  ordinal_position: 2,
  is_nullable: 'NO',
  data_type: 'int4',
  is_auto_increment: 'NO',
  numeric_precision: null,
  character_octet_length: null,
  is_generated: 'NO',
  is_identity: 'NO',
  column_size: 'integer',
  decimal_digits: 32,
  table_type: 'TABLE',
  belongs_to_partition: false,
  remarks: null,
  numeric_scale: 0,
  max_length: 0,
  is_primary: false,
  is_foreign: true,
  table_number: 1,
  type_number: 23,
  flags: 33,
} satisfies Parameters<typeof buildColumn>[0];

const customAttributes = {
  table_type: 'TABLE',
  is_insertable_into: 'YES',
  number_columns_in_part_key: null,
  columns_participating_in_part_key: null,
  is_typed: 'NO',
  self_referencing_col_name: '',
  ref_generation: '',
  engine: null,
};

describe('entities', () => {
  it('builds a Database', () => {
    expect(written(buildDatabase({ database_name: 'postgres', schema_count: 3 }, context))).toEqual({
      customAttributes: {},
      typeName: 'Database',
      status: 'ACTIVE',
      attributes: { name: 'postgres', qualifiedName: DATABASE, ...common, schemaCount: 3 },
    });
  });

  it.each([
    ['with relations', { table_count: 12, views_count: 0 }, { tableCount: 12, viewsCount: 0 }],
    ['without any', { table_count: null, views_count: null }, {}],
  ])('builds a Schema %s', (_title, counts, expected) => {
    const row = { catalog_name: 'postgres', schema_name: 'public', ...counts };
    expect(written(buildSchema(row, context))).toEqual({
      customAttributes: {},
      typeName: 'Schema',
      status: 'ACTIVE',
      attributes: {
        name: 'public',
        qualifiedName: SCHEMA,
        ...common,
        ...ofDatabase,
        ...expected,
        database: reference('Database', DATABASE),
      },
    });
  });

  it('builds a partitioned Table', () => {
    const row: Table = {
      ...table,
      table_name: 'customer_orders',
      table_kind: 'p',
      table_type: 'PARTITIONED TABLE',
      partition_strategy: 'l',
      partition_count: 3,
      row_count: 1000,
      number_columns_in_part_key: 1,
      columns_participating_in_part_key: '4',
      remarks: '<p>Main customer\n orders</p>',
    };
    expect(written(buildRelation(row, context))).toEqual({
      typeName: 'Table',
      status: 'ACTIVE',
      attributes: {
        name: 'customer_orders',
        qualifiedName: `${SCHEMA}/customer_orders`,
        ...common,
        description: 'Main customer orders',
        ...ofSchema,
        columnCount: 5,
        rowCount: 1000,
        sizeBytes: 0,
        isPartitioned: true,
        partitionStrategy: 'l',
        partitionCount: 3,
        ...stored,
        atlanSchema: reference('Schema', SCHEMA),
      },
      customAttributes: {
        ...customAttributes,
        table_type: 'PARTITIONED TABLE',
        number_columns_in_part_key: 1,
        columns_participating_in_part_key: 4,
      },
    });
  });

  it.each([
    ['0', 0],
    ['1 2', null],
    ['12', 12],
  ])('writes the partition key %j as %j', (keys, expected) => {
    const row = { ...table, columns_participating_in_part_key: keys };
    expect(buildRelation(row, context).customAttributes.columns_participating_in_part_key).toBe(expected);
  });

  it.each([
    ['VIEW', 'v', 'View', 'NO', 'CREATE OR REPLACE VIEW'],
    ['MATERIALIZED VIEW', 'm', 'MaterialisedView', null, 'CREATE MATERIALIZED VIEW'],
  ] as const)('builds a %s', (table_type, table_kind, typeName, flag, create) => {
    const row: Table = {
      ...table,
      table_name: 'totals',
      table_kind,
      table_type,
      is_insertable_into: flag,
      is_typed: flag,
      view_definition: ' SELECT 1 AS one;',
    };
    expect(written(buildRelation(row, context))).toEqual({
      typeName,
      status: 'ACTIVE',
      attributes: {
        name: 'totals',
        qualifiedName: `${SCHEMA}/totals`,
        ...common,
        ...ofSchema,
        definition: `${create} totals AS  SELECT 1 AS one;`,
        columnCount: 5,
        sizeBytes: 0,
        atlanSchema: reference('Schema', SCHEMA),
      },
      customAttributes: { ...customAttributes, table_type, is_insertable_into: flag, is_typed: flag },
    });
  });

  it.each([
    ['of a table', false, true, { typeName: 'Table' }],
    ['of a partition', true, true, { typeName: 'TablePartition' }],
    ['of what the filters leave out', false, false, undefined],
  ])('builds a TablePartition %s, in the schema of its parent', (_title, isPartition, inScope, expected) => {
    const row: Table = {
      ...table,
      table_name: 'sales_2023',
      is_partition: true,
      parent_table_name: 'sales',
      parent_table_schema: 'app',
      partitioned_parent_table: isPartition,
      is_parent_in_scope: inScope,
      partition_constraint: "FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
    };
    const parent = `${DATABASE}/app/sales`;
    expect(written(buildRelation(row, context))).toEqual({
      typeName: 'TablePartition',
      status: 'ACTIVE',
      attributes: {
        name: 'sales_2023',
        qualifiedName: `${SCHEMA}/sales_2023`,
        ...common,
        ...ofSchema,
        tableName: 'sales',
        tableQualifiedName: parent,
        columnCount: 5,
        sizeBytes: 0,
        isPartitioned: false,
        constraint: "FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
        ...stored,
        ...(expected && { parentTable: { ...expected, uniqueAttributes: { qualifiedName: parent } } }),
      },
      customAttributes,
    });
  });

  it.each([
    ['TABLE', false, 'table', 'Table'],
    ['PARTITIONED TABLE', false, 'table', 'Table'],
    ['FOREIGN TABLE', false, 'table', 'Table'],
    ['TABLE', true, 'tablePartition', 'TablePartition'],
    ['PARTITIONED TABLE', true, 'tablePartition', 'TablePartition'],
    ['VIEW', false, 'view', 'View'],
    ['MATERIALIZED VIEW', false, 'materialisedView', 'MaterialisedView'],
  ] as const)('builds a Column of a %s (partition: %s)', (table_type, isPartition, relation, typeName) => {
    const row = { ...column, table_type, belongs_to_partition: isPartition };
    const qualifiedName = `${SCHEMA}/orders`;
    const named = relation === 'view' || relation === 'materialisedView' ? 'view' : 'table';
    expect(written(buildColumn(row, context))).toEqual({
      typeName: 'Column',
      status: 'ACTIVE',
      attributes: {
        name: 'user_id',
        qualifiedName: `${qualifiedName}/user_id`,
        ...common,
        ...ofSchema,
        [`${named}Name`]: 'orders',
        [`${named}QualifiedName`]: qualifiedName,
        dataType: 'int4',
        isNullable: false,
        isPartition: false,
        isPrimary: false,
        isForeign: true,
        precision: 32,
        numericScale: 0,
        maxLength: 0,
        order: 2,
        [relation]: reference(typeName, qualifiedName),
      },
      customAttributes: {
        ordinal_position: 2,
        is_self_referencing: 'NO',
        type_name: 'int4',
        is_auto_increment: 'NO',
        is_generated: 'NO',
        column_size: 'integer',
        is_identity: 'NO',
        identity_cycle: null,
      },
    });
  });

  it('writes the JSON of the same Columns, one relation after the other', () => {
    const serialize = columnSerializer();
    const later = { ...context, common: { ...context.common, lastSyncRunAt: 1795228600000 } };
    const view = { ...column, table_number: 2, table_name: 'totals', table_type: 'VIEW' as const };
    const columns = [
      [column, context],
      [{ ...column, column_name: 'a "b" \\', remarks: 'ü', type_number: 24, numeric_precision: -1 }, context],
      [{ ...column, column_name: 'c', flags: 35, is_auto_increment: 'YES' as const }, context],
      [view, context],
      [{ ...view, column_name: 'sum', decimal_digits: null }, context],
      [{ ...view, column_name: 'average' }, later],
      [{ ...view, table_number: 3, table_name: 'z', belongs_to_partition: true }, later],
    ] as const;
    for (const [row, of] of columns)
      expect(JSON.parse(serialize(row, of))).toEqual(written(buildColumn(row, of)));
  });

  it.each([false, true])(
    'writes the JSON of Columns with details (relations beside: %s)',
    (relationsBeside) => {
      const serialize = columnSerializer();
      const of = { ...context, relationsBeside };
      const details = {
        column_def: 'now()',
        raw_type_definition: 'timestamp(3) with time zone',
        is_indexed: true,
        partition_position: null,
        foreign_schema: 'public',
        foreign_table: 'users',
        foreign_column: 'id',
      };
      const rows = [
        { ...column, ...details },
        { ...column, ...details, column_name: 'ü', partition_position: 2, foreign_schema: null },
        { ...column, ...details, column_name: 'g', is_generated: 'YES' as const, flags: 4 },
        { ...column, ...details, column_name: 'odd', foreign_table: 'a/b' },
      ];
      const entities = rows.map((row) => buildColumn(row, context));
      const expected = entities.map((entity) => (relationsBeside ? placeRelationsBeside(entity) : entity));
      expect(rows.map((row) => JSON.parse(serialize(row, of)))).toEqual(JSON.parse(JSON.stringify(expected)));
      const foreignKeyFrom = {
        typeName: 'Column',
        uniqueAttributes: { qualifiedName: `${SCHEMA}/users/id` },
      };
      const table = { typeName: 'Table', uniqueAttributes: { qualifiedName: `${SCHEMA}/orders` } };
      if (relationsBeside)
        expect(JSON.parse(serialize(rows[0] ?? column, of)).relationshipAttributes).toEqual({
          table,
          foreignKeyFrom,
        });
      expect(entities.map(({ attributes }) => attributes.foreignKeyFrom !== undefined)).toEqual([
        true,
        false,
        true,
        false,
      ]);
      expect(entities[1]?.attributes).toMatchObject({ isPartition: true, partitionOrder: 2 });
      expect(entities[2]?.attributes.defaultValue).toBeUndefined();
    },
  );

  it('writes the JSON of Columns with more types than it keeps, and of those again', () => {
    const serialize = columnSerializer();
    const typed = Array.from({ length: 1_001 }, (_, index) => ({
      ...column,
      data_type: `type_${index}`,
      column_size: `app.type_${index}`,
      type_number: index,
    }));
    // Of the same type with other flags, too, which counts like another type.
    const flagged = typed.map((row) => ({ ...row, flags: 35, is_primary: true }));
    const again = [0, 1_000, 1, 999].flatMap((index) => [typed[index] ?? column, flagged[index] ?? column]);
    for (const row of [...typed, ...typed.slice(0, 2), ...flagged, ...again])
      expect(JSON.parse(serialize(row, context))).toEqual(written(buildColumn(row, context)));
  });

  it.each([
    [false, 'add_numbers'],
    [true, 'add_numbers(integer, integer)'],
  ])('builds a Procedure (overloaded: %s)', (is_overloaded, signature) => {
    const row = {
      procedure_catalog: 'postgres',
      procedure_schema: 'public',
      procedure_name: 'add_numbers',
      source_owner: 'myuser',
      procedure_definition: '\nBEGIN\nEND;\n',
      argument_types: 'integer, integer',
      is_overloaded,
    };
    expect(written(buildProcedure(row, context))).toEqual({
      customAttributes: {},
      typeName: 'Procedure',
      status: 'ACTIVE',
      attributes: {
        name: 'add_numbers',
        qualifiedName: `${SCHEMA}/_procedures_/${signature}`,
        ...common,
        ...ofSchema,
        definition: '\nBEGIN\nEND;\n',
        subType: '-1',
        sourceCreatedBy: 'myuser',
        atlanSchema: reference('Schema', SCHEMA),
      },
    });
  });
});
