import type { EntityFolder } from '../../source/catalog/entity-folders.ts';
import { type ColumnRow, columnColumns, columnSerializer, sharedColumns } from './column.ts';
import type { EntityContext } from './context.ts';
import { buildDatabase, databaseColumns } from './database.ts';
import type { Entity } from './entity-schemas.ts';
import { buildProcedure, procedureColumns } from './procedure.ts';
import { buildRelation, relationColumns } from './relation.ts';
import { buildSchema, schemaColumns } from './schema.ts';

/** A row of a raw file, by the names of its columns. */
export type RawRow = Readonly<Record<string, unknown>>;

/** One entity, as in the file. */
export interface SerializedEntity {
  typeName: Entity['typeName'];
  json: string;
}

type Serializer = (row: RawRow, context: EntityContext) => SerializedEntity;

/** How the rows of one folder become entities. */
export interface EntityKind {
  /** The columns of the raw file that the entities need. */
  columns: readonly string[];
  /** Columns with the same values in all rows with the same number: their text is read once. */
  shared: readonly { by: string; columns: readonly string[] }[];
  /** Makes the function that turns each row into an entity's JSON. */
  serializer(): Serializer;
}

/**
 * The rows come from the catalog's SQL, which raw-rows.ts describes: checking each of a million would cost more than
 * building it.
 */
const kind = <Row>(
  columns: readonly (keyof Row & string)[],
  build: (row: Row, context: EntityContext) => Entity,
): EntityKind => ({
  columns,
  shared: [],
  serializer: () => (row, context) => {
    const entity = build(row as Row, context);
    return { typeName: entity.typeName, json: JSON.stringify(entity) };
  },
});

export const entityKinds: Readonly<Record<EntityFolder, EntityKind>> = {
  database: kind(databaseColumns, buildDatabase),
  schema: kind(schemaColumns, buildSchema),
  table: kind(relationColumns, buildRelation),
  column: {
    columns: columnColumns,
    shared: sharedColumns,
    serializer: () => {
      const serialize = columnSerializer();
      return (row, context) => ({
        typeName: 'Column',
        json: serialize(row as unknown as ColumnRow, context),
      });
    },
  },
  'extras-procedure': kind(procedureColumns, buildProcedure),
};
