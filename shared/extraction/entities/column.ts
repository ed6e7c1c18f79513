import { cleanDescription } from './clean-description.ts';
import { type EntityContext, referTo } from './context.ts';
import type { ColumnEntity } from './entity-schemas.ts';
import type { RawColumn } from './raw-rows.ts';
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

/** How many type texts are kept. */
const TYPES_KEPT = 1_000;

export type ColumnRow = Pick<RawColumn, (typeof columnColumns)[number]>;

export function buildColumn(row: ColumnRow, context: EntityContext): ColumnEntity {
  const { attributes, customAttributes } = ofType(row);
  return {
    typeName: 'Column',
    status: 'ACTIVE',
    attributes: { ...ownAttributes(row, context), ...attributes, ...ofRelation(row, context) },
    customAttributes: { ordinal_position: row.ordinal_position, ...customAttributes },
  };
}

/**
 * Makes the JSON that {@link buildColumn} describes, column by column. The columns of a relation share most of their
 * text, which is built only once; so is the text that columns of one type share.
 */
export function columnSerializer(): (row: ColumnRow, context: EntityContext) => string {
  let relation: { number: number; context: EntityContext; json: string } | undefined;
  const types = new Map<string, { attributes: string; customAttributes: string }>();
  return (row, context) => {
    if (relation?.number !== row.table_number || relation.context !== context)
      relation = { number: row.table_number, context, json: inner(ofRelation(row, context)) };
    const number = `${row.type_number} ${row.flags}`;
    let type = types.get(number);
    if (type === undefined) {
      if (types.size >= TYPES_KEPT) types.clear();
      const { attributes, customAttributes } = ofType(row);
      type = { attributes: inner(attributes), customAttributes: inner(customAttributes) };
      types.set(number, type);
    }
    const own = inner(ownAttributes(row, context));
    return `{"typeName":"Column","status":"ACTIVE","attributes":{${own},${type.attributes},${relation.json}},"customAttributes":{"ordinal_position":${row.ordinal_position},${type.customAttributes}}}`;
  };
}

/** The JSON of an object without its braces. */
const inner = (object: object) => JSON.stringify(object).slice(1, -1);

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
      isPartition: false,
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

/** The part that the columns of a relation share. */
function ofRelation(row: ColumnRow, { names, common }: EntityContext) {
  return {
    ...common,
    databaseName: row.table_catalog,
    databaseQualifiedName: names.database,
    schemaName: row.table_schema,
    schemaQualifiedName: names.schema(row.table_schema),
    ...relationAttributes(row, names.relation(row.table_schema, row.table_name)),
  };
}

/** For a column of a partition too: its own name, not the parent's. */
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
