import { cleanDescription } from '../clean-description.ts';
import type { ColumnEntity } from '../entity-schemas.ts';
import type { RawColumn } from '../raw-rows.ts';
import { type EntityContext, referTo } from './context.ts';
import { relationTypeOf } from './relation.ts';

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

/** Columns that are the same in all rows with the same number. */
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

/** Texts of types that are kept. */
const TYPES_KEPT = 1_000;

export type ColumnRow = Pick<RawColumn, (typeof columnColumns)[number]>;

export function buildColumn(row: ColumnRow, context: EntityContext): ColumnEntity {
  return {
    typeName: 'Column',
    status: 'ACTIVE',
    attributes: { ...ownAttributes(row, context), ...sharedAttributes(row, context) },
    customAttributes: { ordinal_position: row.ordinal_position, ...typeAttributesOf(row) },
  };
}

/**
 * Makes the JSON of what {@link buildColumn} builds, of one column after the other: what the columns of a relation have in common, most of
 * the text, is written once for them, and so is what those of a type have in common.
 */
export function columnSerializer(): (row: ColumnRow, context: EntityContext) => string {
  let ofRelation: { number: number; context: EntityContext; json: string } | undefined;
  const ofTypes = new Map<string, string>();
  return (row, context) => {
    if (ofRelation?.number !== row.table_number || ofRelation.context !== context) {
      const json = JSON.stringify(sharedAttributes(row, context)).slice(1);
      ofRelation = { number: row.table_number, context, json };
    }
    const type = `${row.type_number} ${row.flags}`;
    let ofType = ofTypes.get(type);
    if (ofType === undefined) {
      if (ofTypes.size >= TYPES_KEPT) ofTypes.clear();
      ofType = JSON.stringify(typeAttributesOf(row)).slice(1);
      ofTypes.set(type, ofType);
    }
    const own = JSON.stringify(ownAttributes(row, context)).slice(0, -1);
    return `{"typeName":"Column","status":"ACTIVE","attributes":${own},${ofRelation.json},"customAttributes":{"ordinal_position":${row.ordinal_position},${ofType}}`;
  };
}

function ownAttributes(row: ColumnRow, { names }: EntityContext) {
  return {
    name: row.column_name,
    qualifiedName: names.column(row.table_schema, row.table_name, row.column_name),
    description: row.remarks === null ? undefined : cleanDescription(row.remarks),
    dataType: row.data_type,
    isNullable: row.is_nullable === 'YES',
    isPartition: false,
    isPrimary: row.is_primary,
    isForeign: row.is_foreign,
    precision: row.decimal_digits ?? undefined,
    numericScale: row.numeric_scale,
    maxLength: row.max_length,
    order: row.ordinal_position,
  } as const;
}

function sharedAttributes(row: ColumnRow, { names, common }: EntityContext) {
  return {
    ...common,
    databaseName: row.table_catalog,
    databaseQualifiedName: names.database,
    schemaName: row.table_schema,
    schemaQualifiedName: names.schema(row.table_schema),
    ...relationAttributes(row, names.relation(row.table_schema, row.table_name)),
  };
}

/** What two columns with the same numbers of type and flags have in common. */
function typeAttributesOf(row: ColumnRow) {
  return {
    is_self_referencing: 'NO',
    type_name: row.data_type,
    numeric_precision: row.numeric_precision ?? undefined,
    character_octet_length: row.character_octet_length ?? undefined,
    is_auto_increment: row.is_auto_increment,
    is_generated: row.is_generated,
    is_identity: row.is_identity,
    identity_cycle: null,
    column_size: row.column_size,
  } as const;
}

/** Of a partition's column too: its own name, not the parent's. */
function relationAttributes(row: ColumnRow, qualifiedName: string): Partial<ColumnEntity['attributes']> {
  const table = { tableName: row.table_name, tableQualifiedName: qualifiedName };
  const view = { viewName: row.table_name, viewQualifiedName: qualifiedName };
  const typeName = relationTypeOf(row.table_type, row.belongs_to_partition);
  switch (typeName) {
    case 'Table':
      return { ...table, table: referTo(typeName, qualifiedName) };
    case 'TablePartition':
      return { ...table, tablePartition: referTo(typeName, qualifiedName) };
    case 'View':
      return { ...view, view: referTo(typeName, qualifiedName) };
    case 'MaterialisedView':
      return { ...view, materialisedView: referTo(typeName, qualifiedName) };
  }
}
