import { cleanDescription } from '../clean-description.ts';
import { type EntityContext, referTo, schemaAttributes } from '../context.ts';
import type { RowRemark } from '../row-remark.ts';
import type { MysqlRelationEntity } from './mysql-entity-schemas.ts';
import type { MysqlRawTable } from './mysql-raw-rows.ts';

/** The columns that {@link buildMysqlRelation} reads. */
export const mysqlRelationColumns = [
  'table_catalog',
  'table_schema',
  'table_name',
  'row_count',
  'column_count',
  'table_type',
  'is_partition',
  'partition_strategy',
  'partition_count',
  'parent_table_name',
  'parent_partition_name',
  'partition_constraint',
  'view_definition',
  'remarks',
  'size_bytes',
  'engine',
  'version',
  'row_format',
  'data_length',
  'table_collation',
  'create_options',
  'create_time',
  'partition_level',
] as const satisfies (keyof MysqlRawTable)[];

/** Those that it reads with details. */
export const mysqlRelationDetails = ['update_time'] as const satisfies (keyof MysqlRawTable)[];

type RelationRow = Pick<MysqlRawTable, (typeof mysqlRelationColumns)[number]> &
  Partial<Pick<MysqlRawTable, (typeof mysqlRelationDetails)[number]>>;

/** Instead of a comment, which a view cannot have. */
const NO_COMMENT = 'VIEW';

export function buildMysqlRelation(
  row: RelationRow,
  { names, common, tablePartitions = false }: EntityContext,
): MysqlRelationEntity {
  const schemaQualifiedName = names.schema(row.table_schema);
  const ofSchema = schemaAttributes(names, row.table_catalog, row.table_schema);
  const measured = {
    sizeBytes: row.size_bytes ?? 0,
    sourceCreatedAt: row.create_time || undefined,
    sourceUpdatedAt: row.update_time || undefined,
  };
  const rest = { status: 'ACTIVE', customAttributes: customAttributesOf(row) } as const;
  if (row.parent_table_name !== null) {
    const { parent_table_name: table, parent_partition_name: partition } = row;
    names.claimPartition(row.table_schema, table, row.table_name);
    return {
      typeName: 'TablePartition',
      ...rest,
      attributes: {
        name: row.table_name,
        qualifiedName: names.partition(row.table_schema, table, row.table_name),
        ...common,
        description: cleanDescription(row.remarks),
        ...ofSchema,
        ...measured,
        rowCount: row.row_count ?? undefined,
        ...partitioning(row, true),
        constraint: row.partition_constraint ?? undefined,
        tableName: table,
        tableQualifiedName: names.relation(row.table_schema, table),
        parentTable:
          partition === null
            ? {
                typeName: 'Table',
                uniqueAttributes: { qualifiedName: names.relation(row.table_schema, table) },
              }
            : {
                typeName: 'TablePartition',
                uniqueAttributes: { qualifiedName: names.partition(row.table_schema, table, partition) },
              },
      },
    };
  }
  const named = {
    name: row.table_name,
    qualifiedName: names.relation(row.table_schema, row.table_name),
    ...common,
  };
  const atlanSchema = referTo('Schema', schemaQualifiedName);
  if (row.table_type === 'VIEW') {
    return {
      typeName: 'View',
      ...rest,
      attributes: {
        ...named,
        description: NO_COMMENT,
        ...ofSchema,
        columnCount: row.column_count,
        ...measured,
        definition: definitionOf(row),
        atlanSchema,
      },
      defaultCatalogName: row.table_catalog,
      defaultSchemaName: row.table_schema,
    };
  }
  return {
    typeName: 'Table',
    ...rest,
    attributes: {
      ...named,
      description: cleanDescription(row.remarks),
      ...ofSchema,
      columnCount: row.column_count,
      ...measured,
      rowCount: row.row_count ?? 0,
      subType: 'TABLE',
      partitionCount: row.partition_count,
      ...partitioning(row, tablePartitions),
      atlanSchema,
    },
  };
}

const partitioning = (row: RelationRow, withStrategy: boolean) => ({
  isPartitioned: row.is_partition,
  ...(row.is_partition ? { partitionCount: row.partition_count } : {}),
  ...(row.is_partition && withStrategy ? { partitionStrategy: row.partition_strategy ?? undefined } : {}),
});

/** Only the name, as in the original: this is for reading, not for running. */
const definitionOf = ({ table_name: name, view_definition: definition }: RelationRow) =>
  definition === null ? undefined : `CREATE OR REPLACE VIEW ${name} AS ${definition}`;

function customAttributesOf(row: RelationRow): MysqlRelationEntity['customAttributes'] {
  return {
    table_type: row.table_type,
    engine: row.engine ?? '',
    version: row.version ?? '',
    row_format: row.row_format ?? '',
    data_length: row.data_length === null ? '' : String(row.data_length),
    table_collation: row.table_collation ?? '',
    create_options: row.create_options ?? '',
    is_transient: '',
  };
}

/** @see EntityKind.remarksOf */
export function remarksOfRelation(row: RelationRow): RowRemark[] {
  const name = `${row.table_schema}.${row.table_name}`;
  if (row.parent_table_name !== null) return [];
  if (row.table_type !== 'VIEW') return row.engine === null ? [{ what: 'broken table', name }] : [];
  return [
    ...(row.remarks === NO_COMMENT ? [] : [{ what: 'invalid view', name } as const]),
    ...(row.view_definition === null ? [{ what: 'hidden view', name } as const] : []),
  ];
}
