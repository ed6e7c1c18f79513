import * as z from 'zod';
import { count, entity, ofDatabase, ofSchema, qualifiedName, reference, yesOrNo } from './entity-parts.ts';
import { sqlArguments, sqlProcedureReturn } from './signature.ts';

/** The lines of transformed/ as schemas (docs/extraction.md). Only what says so may be null. */

export const databaseEntity = entity('Database', { schemaCount: count }, {});
export type DatabaseEntity = z.infer<typeof databaseEntity>;

/** Only with details, as whatever else says so. */
const owned = { sourceOwners: z.string().optional() };

export const schemaEntity = entity(
  'Schema',
  {
    ...ofDatabase,
    tableCount: count.optional(),
    viewsCount: count.optional(),
    ...owned,
    database: reference('Database'),
  },
  {},
);
export type SchemaEntity = z.infer<typeof schemaEntity>;

const relationAttributes = {
  ...ofSchema,
  description: z.string().optional(),
  columnCount: count,
  rowCount: count.optional(),
  sizeBytes: count,
  ...owned,
};
const ofSchemaEntity = { atlanSchema: reference('Schema') };
const stored = {
  isPartitioned: z.boolean(),
  partitionStrategy: z.enum(['l', 'r', 'h']).optional(),
  partitionCount: count.optional(),
  externalLocation: z.literal(''),
  externalLocationFormat: z.literal(''),
  externalLocationRegion: z.literal(''),
};
const relationCustomAttributes = {
  /** A virtual table is one of SQLite's. */
  table_type: z.enum([
    'TABLE',
    'PARTITIONED TABLE',
    'FOREIGN TABLE',
    'VIEW',
    'MATERIALIZED VIEW',
    'VIRTUAL TABLE',
  ]),
  is_insertable_into: yesOrNo.nullable(),
  is_typed: yesOrNo.nullable(),
  number_columns_in_part_key: count.nullable(),
  columns_participating_in_part_key: count.nullable(),
  self_referencing_col_name: z.literal(''),
  ref_generation: z.literal(''),
  engine: z.null(),
};

export const tableEntity = entity(
  'Table',
  { ...relationAttributes, ...stored, ...ofSchemaEntity },
  relationCustomAttributes,
);
export const viewEntity = entity(
  'View',
  { ...relationAttributes, definition: z.string().optional(), ...ofSchemaEntity },
  relationCustomAttributes,
);
export const materialisedViewEntity = entity(
  'MaterialisedView',
  { ...relationAttributes, definition: z.string().optional(), ...ofSchemaEntity },
  relationCustomAttributes,
);
export const tablePartitionEntity = entity(
  'TablePartition',
  {
    ...relationAttributes,
    ...stored,
    constraint: z.string().optional(),
    tableName: z.string(),
    tableQualifiedName: qualifiedName,
    /** Absent when the filters leave the parent out. */
    parentTable: z
      .strictObject({
        typeName: z.enum(['Table', 'TablePartition']),
        uniqueAttributes: z.strictObject({ qualifiedName }),
      })
      .optional(),
  },
  relationCustomAttributes,
);
export const relationEntity = z.discriminatedUnion('typeName', [
  tableEntity,
  viewEntity,
  materialisedViewEntity,
  tablePartitionEntity,
]);
export type RelationEntity = z.infer<typeof relationEntity>;

/** Only with details. */
export const columnDetails = {
  rawDataTypeDefinition: z.string().min(1).optional(),
  defaultValue: z.string().optional(),
  isIndexed: z.boolean().optional(),
  /** Its place in the partition key. */
  partitionOrder: z.int().positive().optional(),
  foreignKeyFrom: reference('Column').optional(),
};

export const columnEntity = entity(
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
    /** True only with details. */
    isPartition: z.boolean(),
    isPrimary: z.boolean(),
    isForeign: z.boolean(),
    precision: z.int().positive().optional(),
    /** May be negative: numeric(5,-2). */
    numericScale: z.int(),
    maxLength: count,
    order: z.int().positive(),
    ...columnDetails,
    table: reference('Table').optional(),
    view: reference('View').optional(),
    materialisedView: reference('MaterialisedView').optional(),
    tablePartition: reference('TablePartition').optional(),
  },
  {
    ordinal_position: z.int().positive(),
    is_self_referencing: z.literal('NO'),
    type_name: z.string().min(1),
    numeric_precision: z.int().optional(),
    character_octet_length: z.int().optional(),
    is_auto_increment: yesOrNo,
    is_generated: yesOrNo,
    is_identity: yesOrNo,
    identity_cycle: z.null(),
    column_size: z.string(),
  },
);
export type ColumnEntity = z.infer<typeof columnEntity>;

/** Only with details. */
export const routineDetails = {
  sqlLanguage: z.string().optional(),
  sqlArguments: sqlArguments.optional(),
  sqlProcedureReturn: sqlProcedureReturn.optional(),
};

export const procedureEntity = entity(
  'Procedure',
  {
    ...ofSchema,
    definition: z.string().optional(),
    subType: z.literal('-1'),
    sourceCreatedBy: z.string(),
    ...routineDetails,
    ...ofSchemaEntity,
  },
  {},
);
export type ProcedureEntity = z.infer<typeof procedureEntity>;

/** Any line of any file in transformed/. */
export const entitySchema = z.discriminatedUnion('typeName', [
  databaseEntity,
  schemaEntity,
  tableEntity,
  viewEntity,
  materialisedViewEntity,
  tablePartitionEntity,
  columnEntity,
  procedureEntity,
]);
export type Entity = z.infer<typeof entitySchema>;
