import * as z from 'zod';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';

/**
 * The rows of raw/{folder}/: what the catalog says, under the names of Atlan's app (docs/extraction.md). All numbers
 * are integers.
 */

const text = z.string();
const integer = z.int();
const yesOrNo = z.enum(['YES', 'NO']);
/** Constants of the original, kept for readers of the raw files who expect these columns. */
const nothing = z.null();

const tableType = z.enum([
  'TABLE',
  'PARTITIONED TABLE',
  'FOREIGN TABLE',
  'VIEW',
  'MATERIALIZED VIEW',
  'VIRTUAL TABLE',
]);

const rawDatabase = z.strictObject({
  oid: integer,
  datname: text,
  datdba: integer,
  encoding: integer,
  datcollate: text,
  datctype: text,
  datistemplate: z.boolean(),
  datallowconn: z.boolean(),
  datconnlimit: integer,
  datfrozenxid: text,
  datminmxid: text,
  dattablespace: integer,
  datacl: text.nullable(),
  /** Up to Postgres 14. */
  datlastsysoid: integer.nullable(),
  /** From Postgres 15 on, as is datcollversion. */
  datlocprovider: text.nullable(),
  /** From Postgres 17 on, as is datlocale, which was daticulocale before. */
  dathasloginevt: z.boolean().nullable(),
  daticulocale: text.nullable(),
  datlocale: text.nullable(),
  /** From Postgres 16 on. */
  daticurules: text.nullable(),
  datcollversion: text.nullable(),
  database_name: text,
  schema_count: integer,
});
export type RawDatabase = z.infer<typeof rawDatabase>;

const rawSchema = z.strictObject({
  catalog_name: text,
  schema_name: text,
  schema_owner: text,
  /** Both null when the schema has no relation. */
  table_count: integer.nullable(),
  views_count: integer.nullable(),
});
export type RawSchema = z.infer<typeof rawSchema>;

const rawTable = z.strictObject({
  table_catalog: text,
  table_schema: text,
  table_name: text,
  row_count: integer.nullable(),
  column_count: integer,
  /** pg_class.relkind */
  table_kind: z.enum(['r', 'p', 'f', 'v', 'm']),
  table_type: tableType,
  is_partition: z.boolean(),
  partition_strategy: z.enum(['l', 'r', 'h']).nullable(),
  partition_count: integer.nullable(),
  parent_table_name: text.nullable(),
  /** Whether the parent is a partition itself. */
  partitioned_parent_table: z.boolean().nullable(),
  partition_constraint: text.nullable(),
  number_columns_in_part_key: integer.nullable(),
  /** Numbers separated by spaces; 0 for an expression. */
  columns_participating_in_part_key: text.nullable(),
  view_definition: text.nullable(),
  self_referencing_column_name: nothing,
  reference_generation: nothing,
  user_defined_type_catalog: text.nullable(),
  user_defined_type_schema: text.nullable(),
  user_defined_type_name: text.nullable(),
  is_insertable_into: yesOrNo.nullable(),
  is_typed: yesOrNo.nullable(),
  commit_action: nothing,
  remarks: text.nullable(),
  /** Of the main fork. */
  size_bytes: integer,
  location: nothing,
  file_format_type: nothing,
  stage_region: nothing,
  engine: nothing,
  ref_generation: nothing,
  parent_table_schema: text.nullable(),
  /** Whether the parent is a row of this extraction too. */
  is_parent_in_scope: z.boolean(),
  /** Only with details. */
  table_owner: text.optional(),
});
export type RawTable = z.infer<typeof rawTable>;

/** What the row of a column begins with, whatever the database. */
export const rawColumnStart = {
  table_catalog: text,
  table_schema: text,
  table_name: text,
  column_name: text,
  ordinal_position: integer,
  column_def: text.nullable(),
  is_nullable: yesOrNo,
  data_type: text,
  is_auto_increment: yesOrNo,
  /** Of Postgres, only of domains: their type modifier. */
  numeric_precision: integer.nullable(),
  character_octet_length: integer.nullable(),
  is_generated: yesOrNo,
};

/** Only with details: the column that a foreign key refers to, if it is a row of this extraction too. */
export const rawForeignColumn = {
  foreign_schema: text.nullable().optional(),
  foreign_table: text.nullable().optional(),
  foreign_column: text.nullable().optional(),
};

const rawColumn = z.strictObject({
  ...rawColumnStart,
  is_identity: yesOrNo,
  identity_cycle: nothing,
  /** A type in the server's words. */
  column_size: text,
  num_prec_radix: integer,
  /** The precision: bits of an integer, digits of a numeric. */
  decimal_digits: integer.nullable(),
  table_type: tableType,
  belongs_to_partition: z.boolean(),
  partitioned_table: z.boolean(),
  /** pg_constraint.contype of all constraints that cover the column, separated by commas. */
  constraint_type: text.nullable(),
  constraint_name: text.nullable(),
  remarks: text.nullable(),
  partition_order: nothing,
  is_partition: nothing,
  numeric_scale: integer,
  max_length: integer,
  is_self_referencing: nothing,
  is_primary: z.boolean(),
  is_foreign: z.boolean(),
  // These show a reader of many rows what they have in common, without reading their text again.
  /** The same number, the same relation: its place in this answer. */
  table_number: integer,
  /** The same number, the same data_type, numeric_precision, character_octet_length and column_size. */
  type_number: integer,
  /** The same number, the same is_…: one bit for each of them. */
  flags: integer,
  // Only with details. The type in the server's words, as it is declared:
  raw_type_definition: text.nullable().optional(),
  is_indexed: z.boolean().optional(),
  /** In the key by which the relation is partitioned, from 1. */
  partition_position: integer.nullable().optional(),
  ...rawForeignColumn,
});
export type RawColumn = z.infer<typeof rawColumn>;

const rawProcedure = z.strictObject({
  procedure_catalog: text,
  procedure_schema: text,
  procedure_name: text,
  source_owner: text,
  procedure_definition: text.nullable(),
  procedure_type: nothing,
  argument_types: text,
  is_overloaded: z.boolean(),
  // Only with details.
  language: text.nullable().optional(),
  /** Name and type of each, as JSON. */
  argument_list: text.nullable().optional(),
  /** Null for a procedure. */
  return_type: text.nullable().optional(),
});
export type RawProcedure = z.infer<typeof rawProcedure>;

/** The rows of each raw file, by folder. */
export const rawRowSchemas = {
  database: rawDatabase,
  schema: rawSchema,
  table: rawTable,
  column: rawColumn,
  'extras-procedure': rawProcedure,
} as const satisfies Record<EntityFolder, z.ZodType>;
