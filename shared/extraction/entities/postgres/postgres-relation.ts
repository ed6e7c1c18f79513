import { cleanDescription } from '../clean-description.ts';
import { type EntityContext, referTo, schemaAttributes } from '../context.ts';
import type { RelationEntity } from '../entity-schemas.ts';
import type { RawTable } from '../raw-rows.ts';

/** The columns that {@link buildRelation} reads. */
export const relationColumns = [
  'table_catalog',
  'table_schema',
  'table_name',
  'row_count',
  'column_count',
  'table_kind',
  'table_type',
  'is_partition',
  'partition_strategy',
  'partition_count',
  'parent_table_name',
  'parent_table_schema',
  'partitioned_parent_table',
  'partition_constraint',
  'number_columns_in_part_key',
  'columns_participating_in_part_key',
  'view_definition',
  'is_insertable_into',
  'is_typed',
  'remarks',
  'size_bytes',
  'is_parent_in_scope',
] as const satisfies (keyof RawTable)[];

/** Those that it reads with details. */
export const relationDetails = ['table_owner'] as const satisfies (keyof RawTable)[];

type RelationRow = Pick<RawTable, (typeof relationColumns)[number]> &
  Partial<Pick<RawTable, (typeof relationDetails)[number]>>;

/** The entity of a relation. A partition is one, whatever else it is. */
export function relationTypeOf(
  tableType: RawTable['table_type'],
  isPartition: boolean,
): RelationEntity['typeName'] {
  if (isPartition) return 'TablePartition';
  if (tableType === 'VIEW') return 'View';
  return tableType === 'MATERIALIZED VIEW' ? 'MaterialisedView' : 'Table';
}

export function buildRelation(row: RelationRow, { names, common }: EntityContext): RelationEntity {
  const schemaQualifiedName = names.schema(row.table_schema);
  const attributes = {
    name: row.table_name,
    qualifiedName: names.relation(row.table_schema, row.table_name),
    ...common,
    description: row.remarks === null ? undefined : cleanDescription(row.remarks),
    ...schemaAttributes(names, row.table_catalog, row.table_schema),
    columnCount: row.column_count,
    rowCount: row.row_count ?? undefined,
    sizeBytes: row.size_bytes,
    partitionStrategy: row.partition_strategy ?? undefined,
    partitionCount: row.partition_count ?? undefined,
    sourceOwners: row.table_owner || undefined,
  };
  const stored = {
    isPartitioned: row.table_kind === 'p',
    externalLocation: '',
    externalLocationFormat: '',
    externalLocationRegion: '',
  } as const;
  const ofSchema = { atlanSchema: referTo('Schema', schemaQualifiedName) };
  const rest = { status: 'ACTIVE', customAttributes: customAttributesOf(row) } as const;

  const typeName = relationTypeOf(row.table_type, row.is_partition);
  switch (typeName) {
    case 'Table':
      return { typeName, ...rest, attributes: { ...attributes, ...stored, ...ofSchema } };
    case 'TablePartition':
      return {
        typeName,
        ...rest,
        attributes: { ...attributes, ...stored, ...partitionAttributes(row, names) },
      };
    default:
      return { typeName, ...rest, attributes: { ...attributes, definition: definitionOf(row), ...ofSchema } };
  }
}

function partitionAttributes(row: RelationRow, names: EntityContext['names']) {
  const name = row.parent_table_name ?? '';
  const qualifiedName = names.relation(row.parent_table_schema ?? '', name);
  const typeName = row.partitioned_parent_table ? 'TablePartition' : 'Table';
  return {
    constraint: row.partition_constraint ?? undefined,
    tableName: name,
    tableQualifiedName: qualifiedName,
    parentTable: row.is_parent_in_scope
      ? ({ typeName, uniqueAttributes: { qualifiedName } } as const)
      : undefined,
  };
}

/** Only the name, as in the original: this is for reading, not for running. */
function definitionOf(row: RelationRow): string | undefined {
  if (row.view_definition === null) return undefined;
  // SQLite and SQL Server keep the whole statement, the latter with the comments before it.
  if (/^\s*(?:CREATE\s|--|\/\*)/i.test(row.view_definition)) return row.view_definition;
  const create = row.table_type === 'VIEW' ? 'CREATE OR REPLACE VIEW' : 'CREATE MATERIALIZED VIEW';
  return `${create} ${row.table_name} AS ${row.view_definition}`;
}

function customAttributesOf(row: RelationRow): RelationEntity['customAttributes'] {
  const keys = row.columns_participating_in_part_key;
  return {
    table_type: row.table_type,
    is_insertable_into: row.is_insertable_into,
    number_columns_in_part_key: row.number_columns_in_part_key,
    // One number has room for one column.
    columns_participating_in_part_key: keys !== null && /^\d+$/.test(keys) ? Number(keys) : null,
    is_typed: row.is_typed,
    self_referencing_col_name: '',
    ref_generation: '',
    engine: null,
  };
}
