import { mysqlTypeColumns } from '../../../source/mysql/catalog/mysql-type-columns.ts';
import { cleanDescription } from '../clean-description.ts';
import { type EntityContext, referTo, schemaAttributes } from '../context.ts';
import { columnText, flat, inner, type SharedText, sharedText, typeTexts } from '../entity-text.ts';
import { foreignKeyOf } from '../foreign-key.ts';
import type { MysqlColumnEntity } from './mysql-entity-schemas.ts';
import type { MysqlRawColumn } from './mysql-raw-rows.ts';

/** The columns that {@link buildMysqlColumn} reads. */
export const mysqlColumnColumns = [
  'table_catalog',
  'table_schema',
  'table_name',
  'column_name',
  'ordinal_position',
  'table_type',
  'constraint_type',
  'constraint_name',
  'remarks',
  'is_primary',
  'is_foreign',
  ...mysqlTypeColumns,
  'type_key',
] as const satisfies (keyof MysqlRawColumn)[];

/** Those that it reads with details. */
export const mysqlColumnDetails = [
  'default_value',
  'is_indexed',
  'foreign_schema',
  'foreign_table',
  'foreign_column',
] as const satisfies (keyof MysqlRawColumn)[];

/** Columns with the same values in all rows with the same text. */
export const mysqlSharedColumns = [{ by: 'type_key', columns: mysqlTypeColumns }] as const satisfies {
  by: keyof MysqlRawColumn;
  columns: readonly (typeof mysqlColumnColumns)[number][];
}[];

export type MysqlColumnRow = Pick<MysqlRawColumn, (typeof mysqlColumnColumns)[number]> &
  Partial<Pick<MysqlRawColumn, (typeof mysqlColumnDetails)[number]>>;

export function buildMysqlColumn(row: MysqlColumnRow, context: EntityContext): MysqlColumnEntity {
  const { attributes, customAttributes } = ofType(row);
  return {
    typeName: 'Column',
    status: 'ACTIVE',
    attributes: { ...flat(ofColumn(row, context)), ...attributes, ...flat(ofRelation(row, context)) },
    customAttributes: { ...ownCustomAttributes(row), ...customAttributes },
  };
}

/** Makes the JSON of {@link buildMysqlColumn}. What columns of a relation, or of a type, share is built only once. */
export function mysqlColumnSerializer(): (row: MysqlColumnRow, context: EntityContext) => string {
  let relation: { schema: string; name: string; context: EntityContext; text: SharedText } | undefined;
  const textOfType = typeTexts(ofType);
  return (row, context) => {
    const { table_schema: schema, table_name: name } = row;
    if (relation?.name !== name || relation.schema !== schema || relation.context !== context)
      relation = { schema, name, context, text: sharedText(ofRelation(row, context), context) };
    const type = textOfType(row.type_key, row);
    const custom = `${inner(ownCustomAttributes(row))},${type.customAttributes}`;
    return columnText(ofColumn(row, context), type, relation.text, custom);
  };
}

function ofColumn(row: MysqlColumnRow, context: EntityContext) {
  return {
    attributes: { ...ownAttributes(row, context), ...detailsOf(row) },
    relations: { foreignKeyFrom: foreignKeyOf(row, context) },
  };
}

/** What is only known with details. */
function detailsOf(row: MysqlColumnRow) {
  const { is_indexed: isIndexed } = row;
  if (isIndexed === undefined) return {};
  return {
    rawDataTypeDefinition: row.column_type,
    defaultValue: row.default_value ?? undefined,
    // A mirror may lack what says so.
    isIndexed: isIndexed ?? undefined,
  };
}

function ownAttributes(row: MysqlColumnRow, { names }: EntityContext) {
  return {
    name: row.column_name,
    qualifiedName: names.column(row.table_schema, row.table_name, row.column_name),
    description: row.remarks ? cleanDescription(row.remarks) : undefined,
    isPrimary: row.is_primary,
    isForeign: row.is_foreign,
    order: row.ordinal_position,
  };
}

const ownCustomAttributes = (row: MysqlColumnRow) => ({
  ordinal_position: row.ordinal_position,
  constraint_type: row.constraint_type ?? '',
  constraint_name: row.constraint_name ?? '',
});

/**
 * The part that columns with the same type text share. Empty texts where the catalog has nothing, as in the original;
 * two numbers are left out instead.
 */
function ofType(row: MysqlColumnRow) {
  return {
    attributes: {
      dataType: row.data_type.toUpperCase(),
      isNullable: row.is_nullable === 'YES',
      isPartition: false,
      precision: row.numeric_precision ?? 0,
      numericScale: row.numeric_scale,
      maxLength: row.max_length,
    },
    customAttributes: {
      is_self_referencing: '',
      type_name: row.data_type.toLowerCase(),
      numeric_precision: row.numeric_precision ?? undefined,
      column_size: row.column_size ?? undefined,
      character_octet_length: row.character_octet_length ?? '',
      buffer_length: '',
      is_auto_increment: row.is_auto_increment,
      is_autoincrement: row.is_auto_increment,
      is_generated: row.is_generated,
      is_generatedcolumn: row.is_generated,
      is_identity: 'NO',
      identity_cycle: '',
      extra_info: row.extra_info ?? '',
      character_set_name: row.character_set_name ?? '',
      collation_name: row.collation_name ?? '',
      column_type: row.column_type,
      column_key: row.column_key ?? '',
      privileges: row.privileges ?? '',
      generation_expression: row.generation_expression ?? '',
    },
  } as const;
}

function ofRelation(row: MysqlColumnRow, { names, common }: EntityContext) {
  const qualifiedName = names.relation(row.table_schema, row.table_name);
  const isView = row.table_type === 'VIEW';
  return {
    attributes: {
      ...common,
      ...schemaAttributes(names, row.table_catalog, row.table_schema),
      ...(isView
        ? { viewName: row.table_name, viewQualifiedName: qualifiedName }
        : { tableName: row.table_name, tableQualifiedName: qualifiedName }),
    },
    relations: isView ? { view: referTo('View', qualifiedName) } : { table: referTo('Table', qualifiedName) },
  };
}
