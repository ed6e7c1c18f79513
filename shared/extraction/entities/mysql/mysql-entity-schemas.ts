import * as z from 'zod';
import { count, entity, ofSchema, qualifiedName, reference, yesOrNo } from '../entity-parts.ts';
import { columnDetails, databaseEntity, routineDetails, schemaEntity } from '../entity-schemas.ts';

/** The lines of transformed/ of a MySQL or MariaDB source as schemas (docs/extraction.md). */

/** Milliseconds since 1970. */
const moment = z.int().positive();
const ofSchemaEntity = { atlanSchema: reference('Schema') };

const relationAttributes = {
  ...ofSchema,
  description: z.string(),
  sizeBytes: count,
  sourceCreatedAt: moment.optional(),
  /** Only with details. */
  sourceUpdatedAt: moment.optional(),
};
const relationCustomAttributes = {
  table_type: z.enum(['BASE TABLE', 'SYSTEM VERSIONED', 'VIEW', 'PARTITION']),
  engine: z.string(),
  version: z.string(),
  row_format: z.string(),
  data_length: z.string(),
  table_collation: z.string(),
  create_options: z.string(),
  is_transient: z.literal(''),
};

export const mysqlTableEntity = entity(
  'Table',
  {
    ...relationAttributes,
    columnCount: count,
    rowCount: count,
    subType: z.literal('TABLE'),
    isPartitioned: z.boolean(),
    partitionCount: count,
    /** Only with tablePartitions. */
    partitionStrategy: z.string().optional(),
    ...ofSchemaEntity,
  },
  relationCustomAttributes,
);

export const mysqlViewEntity = entity(
  'View',
  {
    ...relationAttributes,
    columnCount: count,
    /** Absent when the login may not see it. */
    definition: z.string().optional(),
    ...ofSchemaEntity,
  },
  relationCustomAttributes,
).extend({
  /** Where Atlan's lineage looks for names without a schema. */
  defaultCatalogName: z.string(),
  defaultSchemaName: z.string(),
});

export const mysqlTablePartitionEntity = entity(
  'TablePartition',
  {
    ...relationAttributes,
    rowCount: count.optional(),
    isPartitioned: z.boolean(),
    partitionCount: count.optional(),
    partitionStrategy: z.string().optional(),
    constraint: z.string().optional(),
    tableName: z.string(),
    tableQualifiedName: qualifiedName,
    parentTable: z.strictObject({
      typeName: z.enum(['Table', 'TablePartition']),
      uniqueAttributes: z.strictObject({ qualifiedName }),
    }),
  },
  relationCustomAttributes,
);
export type MysqlRelationEntity = z.infer<
  typeof mysqlTableEntity | typeof mysqlViewEntity | typeof mysqlTablePartitionEntity
>;

const numberOrNothing = z.union([count, z.literal('')]);

export const mysqlColumnEntity = entity(
  'Column',
  {
    ...ofSchema,
    tableName: z.string().optional(),
    tableQualifiedName: qualifiedName.optional(),
    viewName: z.string().optional(),
    viewQualifiedName: qualifiedName.optional(),
    description: z.string().optional(),
    dataType: z.string().min(1),
    isNullable: z.boolean(),
    isPartition: z.literal(false),
    isPrimary: z.boolean(),
    isForeign: z.boolean(),
    precision: count,
    numericScale: count,
    maxLength: count,
    order: z.int().positive(),
    ...columnDetails,
    table: reference('Table').optional(),
    view: reference('View').optional(),
  },
  {
    ordinal_position: z.int().positive(),
    is_self_referencing: z.literal(''),
    type_name: z.string().min(1),
    numeric_precision: count.optional(),
    column_size: count.optional(),
    character_octet_length: numberOrNothing,
    buffer_length: z.literal(''),
    is_auto_increment: yesOrNo,
    is_autoincrement: yesOrNo,
    is_generated: yesOrNo,
    is_generatedcolumn: yesOrNo,
    is_identity: z.literal('NO'),
    identity_cycle: z.literal(''),
    extra_info: z.string(),
    character_set_name: z.string(),
    collation_name: z.string(),
    column_type: z.string(),
    column_key: z.string(),
    privileges: z.string(),
    generation_expression: z.string(),
    constraint_type: z.string(),
    constraint_name: z.string(),
  },
);
export type MysqlColumnEntity = z.infer<typeof mysqlColumnEntity>;

export const mysqlProcedureEntity = entity(
  'Procedure',
  {
    ...ofSchema,
    /** Absent when the login may not see it. */
    definition: z.string().optional(),
    description: z.string(),
    subType: z.enum(['PROCEDURE', 'FUNCTION']),
    sourceCreatedBy: z.string(),
    sourceCreatedAt: moment.optional(),
    sourceUpdatedAt: moment.optional(),
    ...routineDetails,
    ...ofSchemaEntity,
  },
  {},
);
export type MysqlProcedureEntity = z.infer<typeof mysqlProcedureEntity>;

/** Any line of any file in transformed/. */
export const mysqlEntitySchema = z.discriminatedUnion('typeName', [
  databaseEntity,
  schemaEntity,
  mysqlTableEntity,
  mysqlViewEntity,
  mysqlTablePartitionEntity,
  mysqlColumnEntity,
  mysqlProcedureEntity,
]);
export type MysqlEntity = z.infer<typeof mysqlEntitySchema>;
