import { type EntityContext, referTo } from './context.ts';

/**
 * The column that a foreign key refers to, if the catalog says that it is part of this extraction; undefined also
 * without details.
 */
export function foreignKeyOf(
  row: {
    foreign_schema?: string | null | undefined;
    foreign_table?: string | null | undefined;
    foreign_column?: string | null | undefined;
  },
  { names }: EntityContext,
) {
  const { foreign_schema: schema, foreign_table: table, foreign_column: column } = row;
  // Neither is known nor null without the others.
  if (schema == null || table == null || column == null) return undefined;
  const qualifiedName = names.columnReference(schema, table, column);
  return qualifiedName === undefined ? undefined : referTo('Column', qualifiedName);
}
