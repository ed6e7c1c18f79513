import * as z from 'zod';
import type { EntityFolder } from '../../../source/catalog/entity-folders.ts';
import { rawColumnStart, rawForeignColumn } from '../raw-rows.ts';

/** The rows of raw/{folder}/ of a MySQL or MariaDB source, under the names of Atlan's app. All numbers are integers. */

const text = z.string();
const integer = z.int();
const yesOrNo = z.enum(['YES', 'NO']);

const rawDatabase = z.strictObject({ datname: text, database_name: text, schema_count: integer });

const rawSchema = z.strictObject({
  catalog_name: text,
  schema_name: text,
  /** Both null when the schema has no relation. */
  table_count: integer.nullable(),
  views_count: integer.nullable(),
  default_character_set_name: text,
  default_collation_name: text,
});

const tableType = z.enum(['BASE TABLE', 'SYSTEM VERSIONED', 'VIEW']);

const rawTable = z.strictObject({
  table_catalog: text,
  table_schema: text,
  /** Of a partition, its own. */
  table_name: text,
  /** Mostly an estimate; null for a partition on MySQL. */
  row_count: integer.nullable(),
  column_count: integer,
  table_kind: tableType.or(z.literal('PARTITION')),
  table_type: tableType.or(z.literal('PARTITION')),
  /** Whether it has partitions. */
  is_partition: z.boolean(),
  partition_strategy: text.nullable(),
  /** Without subpartitions. */
  partition_count: integer,
  parent_table_name: text.nullable(),
  /** Of a subpartition. */
  parent_partition_name: text.nullable(),
  partition_constraint: text.nullable(),
  /** Null when it is hidden, and for tables. */
  view_definition: text.nullable(),
  is_insertable_into: yesOrNo.nullable(),
  /** `VIEW` for a view, or why it cannot be resolved. */
  remarks: text,
  size_bytes: integer.nullable(),
  engine: text.nullable(),
  version: text.nullable(),
  row_format: text.nullable(),
  data_length: integer.nullable(),
  auto_increment: text.nullable(),
  table_collation: text.nullable(),
  create_options: text.nullable(),
  /** Milliseconds since 1970. */
  create_time: integer.nullable(),
  /** 0 of a table or view, 1 of a partition, 2 of a subpartition. */
  partition_level: integer,
  /** Milliseconds since 1970, as far as the engine knows it; only with details. */
  update_time: integer.nullable().optional(),
});
export type MysqlRawTable = z.infer<typeof rawTable>;

const rawColumn = z.strictObject({
  ...rawColumnStart,
  is_identity: z.literal('NO'),
  identity_cycle: z.null(),
  /** Characters of a text, digits of a number. */
  column_size: integer.nullable(),
  decimal_digits: integer.nullable(),
  numeric_scale: integer,
  max_length: integer,
  extra_info: text.nullable(),
  character_set_name: text.nullable(),
  collation_name: text.nullable(),
  column_type: text,
  column_key: text.nullable(),
  privileges: text.nullable(),
  generation_expression: text.nullable(),
  table_type: tableType,
  /** All that it belongs to, separated by commas; empty if there is none. */
  constraint_type: text.nullable(),
  constraint_name: text.nullable(),
  remarks: text.nullable(),
  is_primary: z.boolean(),
  is_foreign: z.boolean(),
  belongs_to_partition: z.literal('NO'),
  partitioned_table: z.literal('NO'),
  /** The same text, the same type, nullability, privileges and all else that is no name and no key. */
  type_key: text,
  // Only with details. Null without a default:
  default_value: text.nullable().optional(),
  /** Null where a mirror does not say it. */
  is_indexed: z.boolean().nullable().optional(),
  ...rawForeignColumn,
});
export type MysqlRawColumn = z.infer<typeof rawColumn>;

const rawProcedure = z.strictObject({
  procedure_catalog: text,
  procedure_schema: text,
  procedure_name: text,
  source_owner: text,
  /** Null when it is hidden. */
  procedure_definition: text.nullable(),
  procedure_type: z.enum(['PROCEDURE', 'FUNCTION']),
  remarks: text,
  /** Milliseconds since 1970, as is last_altered. */
  created: integer.nullable(),
  last_altered: integer.nullable(),
  /** Of a function. */
  returns: text.nullable(),
  /** Whether a procedure and a function have the same name. */
  is_overloaded: z.boolean(),
  /** As in CREATE PROCEDURE. */
  arguments: text,
  // Only with details.
  language: text.nullable().optional(),
  /** Name and type of each, as JSON; null where a mirror does not say it. */
  argument_list: text.nullable().optional(),
  /** Of what a function returns. */
  return_length: integer.nullable().optional(),
  return_octet_length: integer.nullable().optional(),
  return_precision: integer.nullable().optional(),
});
export type MysqlRawProcedure = z.infer<typeof rawProcedure>;

/** The rows of each raw file, by folder. */
export const mysqlRawRowSchemas = {
  database: rawDatabase,
  schema: rawSchema,
  table: rawTable,
  column: rawColumn,
  'extras-procedure': rawProcedure,
} as const satisfies Record<EntityFolder, z.ZodType>;
