import { type EntityContext, referTo } from './context.ts';
import type { SchemaEntity } from './entity-schemas.ts';
import type { RawSchema } from './raw-rows.ts';

/** The columns that {@link buildSchema} reads. */
export const schemaColumns = [
  'catalog_name',
  'schema_name',
  'table_count',
  'views_count',
] as const satisfies (keyof RawSchema)[];

/** Those that it reads with details. */
export const schemaDetails = ['schema_owner'] as const satisfies (keyof RawSchema)[];

export function buildSchema(
  row: Pick<RawSchema, (typeof schemaColumns)[number]> &
    Partial<Pick<RawSchema, (typeof schemaDetails)[number]>>,
  { names, common }: EntityContext,
): SchemaEntity {
  return {
    typeName: 'Schema',
    status: 'ACTIVE',
    attributes: {
      name: row.schema_name,
      qualifiedName: names.schema(row.schema_name),
      ...common,
      databaseName: row.catalog_name,
      databaseQualifiedName: names.database,
      tableCount: row.table_count ?? undefined,
      viewsCount: row.views_count ?? undefined,
      sourceOwners: row.schema_owner || undefined,
      database: referTo('Database', names.database),
    },
    customAttributes: {},
  };
}
