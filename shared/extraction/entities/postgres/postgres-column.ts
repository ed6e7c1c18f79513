import { cleanDescription } from '../clean-description.ts';
import { type EntityContext, referTo, schemaAttributes } from '../context.ts';
import type { ColumnEntity, RelationEntity } from '../entity-schemas.ts';
import { columnText, flat, type SharedText, sharedText, typeTexts } from '../entity-text.ts';
import { foreignKeyOf } from '../foreign-key.ts';
import type { RawColumn } from '../raw-rows.ts';
import { relationTypeOf } from './postgres-relation.ts';

/** The columns that {@link buildColumn} reads. */
export const columnColumns = [
  'table_catalog',
  'table_schema',
  'table_name',
  'column_name',
  'ordinal_position',
  'is_nullable',
  'data_type',
  'is_auto_increment',
  'numeric_precision',
  'character_octet_length',
  'is_generated',
  'is_identity',
  'column_size',
  'decimal_digits',
  'table_type',
  'belongs_to_partition',
  'remarks',
  'numeric_scale',
  'max_length',
  'is_primary',
  'is_foreign',
  'table_number',
  'type_number',
  'flags',
] as const satisfies (keyof RawColumn)[];

/** Those that it reads with details. */
export const columnDetails = [
  'column_def',
  'raw_type_definition',
  'is_indexed',
  'partition_position',
  'foreign_schema',
  'foreign_table',
  'foreign_column',
] as const satisfies (keyof RawColumn)[];

/** Columns with the same values in all rows with the same number. */
export const sharedColumns = [
  {
    by: 'table_number',
    columns: ['table_catalog', 'table_schema', 'table_name', 'table_type', 'belongs_to_partition'],
  },
  {
    by: 'type_number',
    columns: ['data_type', 'numeric_precision', 'character_octet_length', 'column_size'],
  },
  {
    by: 'flags',
    columns: ['is_nullable', 'is_auto_increment', 'is_generated', 'is_identity', 'is_primary', 'is_foreign'],
  },
] as const satisfies { by: keyof RawColumn; columns: readonly (typeof columnColumns)[number][] }[];

export type ColumnRow = Pick<RawColumn, (typeof columnColumns)[number]> &
  Partial<Pick<RawColumn, (typeof columnDetails)[number]>>;

export function buildColumn(row: ColumnRow, context: EntityContext): ColumnEntity {
  const { attributes, customAttributes } = ofType(row);
  return {
    typeName: 'Column',
    status: 'ACTIVE',
    attributes: { ...flat(ofColumn(row, context)), ...attributes, ...flat(ofRelation(row, context)) },
    customAttributes: { ordinal_position: row.ordinal_position, ...customAttributes },
  };
}

/**
 * Makes the JSON that {@link buildColumn} describes, column by column. The columns of a relation share most of their
 * text, which is built only once; so is the text that columns of one type share.
 */
export function columnSerializer(): (row: ColumnRow, context: EntityContext) => string {
  let relation: { number: number; context: EntityContext; text: SharedText } | undefined;
  const textOfType = typeTexts(ofType);
  return (row, context) => {
    if (relation?.number !== row.table_number || relation.context !== context)
      relation = { number: row.table_number, context, text: sharedText(ofRelation(row, context), context) };
    const type = textOfType(`${row.type_number} ${row.flags} ${isPartitionKey(row)}`, row);
    const custom = `"ordinal_position":${row.ordinal_position},${type.customAttributes}`;
    return columnText(ofColumn(row, context), type, relation.text, custom);
  };
}

function ofColumn(row: ColumnRow, context: EntityContext) {
  return {
    attributes: { ...ownAttributes(row, context), ...detailsOf(row) },
    relations: { foreignKeyFrom: foreignKeyOf(row, context) },
  };
}

/** What is only known with details. */
function detailsOf(row: ColumnRow) {
  if (row.is_indexed === undefined) return {};
  return {
    rawDataTypeDefinition: row.raw_type_definition ?? undefined,
    // Of a generated column, it is the expression.
    defaultValue: row.is_generated === 'YES' ? undefined : (row.column_def ?? undefined),
    isIndexed: row.is_indexed,
    partitionOrder: row.partition_position ?? undefined,
  };
}

const isPartitionKey = ({ partition_position: position }: ColumnRow) => typeof position === 'number';

function ownAttributes(row: ColumnRow, { names }: EntityContext) {
  return {
    name: row.column_name,
    qualifiedName: names.column(row.table_schema, row.table_name, row.column_name),
    description: row.remarks === null ? undefined : cleanDescription(row.remarks),
    precision: row.decimal_digits ?? undefined,
    numericScale: row.numeric_scale,
    maxLength: row.max_length,
    order: row.ordinal_position,
  };
}

/** The part that two columns with the same type and flags numbers share. */
function ofType(row: ColumnRow) {
  return {
    attributes: {
      dataType: row.data_type,
      isNullable: row.is_nullable === 'YES',
      isPartition: isPartitionKey(row),
      isPrimary: row.is_primary,
      isForeign: row.is_foreign,
    },
    customAttributes: {
      is_self_referencing: 'NO',
      type_name: row.data_type,
      numeric_precision: row.numeric_precision ?? undefined,
      character_octet_length: row.character_octet_length ?? undefined,
      is_auto_increment: row.is_auto_increment,
      is_generated: row.is_generated,
      is_identity: row.is_identity,
      identity_cycle: null,
      column_size: row.column_size,
    },
  } as const;
}

/** The part that the columns of a relation share. A partition is named by its own name, not by its parent's. */
function ofRelation(row: ColumnRow, { names, common }: EntityContext) {
  const qualifiedName = names.relation(row.table_schema, row.table_name);
  const typeName = relationTypeOf(row.table_type, row.belongs_to_partition);
  return {
    attributes: {
      ...common,
      ...schemaAttributes(names, row.table_catalog, row.table_schema),
      ...(typeName === 'Table' || typeName === 'TablePartition'
        ? { tableName: row.table_name, tableQualifiedName: qualifiedName }
        : { viewName: row.table_name, viewQualifiedName: qualifiedName }),
    },
    relations: relationTo(typeName, qualifiedName),
  };
}

function relationTo(typeName: RelationEntity['typeName'], qualifiedName: string) {
  switch (typeName) {
    case 'Table':
      return { table: referTo(typeName, qualifiedName) };
    case 'TablePartition':
      return { tablePartition: referTo(typeName, qualifiedName) };
    case 'View':
      return { view: referTo(typeName, qualifiedName) };
    case 'MaterialisedView':
      return { materialisedView: referTo(typeName, qualifiedName) };
  }
}
