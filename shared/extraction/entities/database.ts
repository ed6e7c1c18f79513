import type { EntityContext } from './context.ts';
import type { DatabaseEntity } from './entity-schemas.ts';
import type { RawDatabase } from './raw-rows.ts';

/** The columns that {@link buildDatabase} reads. */
export const databaseColumns = ['database_name', 'schema_count'] as const satisfies (keyof RawDatabase)[];

export function buildDatabase(
  row: Pick<RawDatabase, (typeof databaseColumns)[number]>,
  { names, common }: EntityContext,
): DatabaseEntity {
  return {
    typeName: 'Database',
    status: 'ACTIVE',
    attributes: {
      name: row.database_name,
      qualifiedName: names.database,
      ...common,
      schemaCount: row.schema_count,
    },
    customAttributes: {},
  };
}
