import type { EntityFolder } from '../entity-folders.ts';
import type { Entity } from '../entity-schemas.ts';
import { buildColumn, columnColumns, relationOfColumn } from './column.ts';
import type { EntityContext } from './context.ts';
import { buildDatabase, databaseColumns } from './database.ts';
import { buildProcedure, procedureColumns } from './procedure.ts';
import { buildRelation, relationColumns } from './relation.ts';
import { buildSchema, schemaColumns } from './schema.ts';

/** A row of a raw file, by the names of the columns that were asked for. */
export type RawRow = Readonly<Record<string, unknown>>;

/** How the rows of one folder become entities. */
export interface EntityKind {
  /** The columns of the raw file that {@link build} reads. */
  columns: readonly string[];
  /** Columns that are the same in all rows with the same number; such rows follow each other. */
  shared?: { by: string; columns: readonly string[] };
  build(row: RawRow, context: EntityContext): Entity;
}

/** The rows come from the SQL in catalogs/, which raw-rows.ts describes: to check each of a million would cost more than to build it. */
const kind = <Row>(
  columns: readonly (keyof Row & string)[],
  build: (row: Row, context: EntityContext) => Entity,
): EntityKind => ({ columns, build: (row, context) => build(row as Row, context) });

export const entityKinds: Readonly<Record<EntityFolder, EntityKind>> = {
  database: kind(databaseColumns, buildDatabase),
  schema: kind(schemaColumns, buildSchema),
  table: kind(relationColumns, buildRelation),
  column: { ...kind(columnColumns, buildColumn), shared: relationOfColumn },
  'extras-procedure': kind(procedureColumns, buildProcedure),
};
