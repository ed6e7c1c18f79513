import type { EntityContext } from './context.ts';
import type { Entity } from './entity-schemas.ts';
import type { MysqlEntity } from './mysql/mysql-entity-schemas.ts';
import { placeRelationsBeside } from './relations-beside.ts';
import type { RowRemark } from './row-remark.ts';

/** A row of a raw file, by the names of its columns. */
export type RawRow = Readonly<Record<string, unknown>>;

/** One entity, as in the file. */
export interface SerializedEntity {
  typeName: Entity['typeName'];
  json: string;
}

export type Serializer = (row: RawRow, context: EntityContext) => SerializedEntity;

/** How the rows of one folder become entities. */
export interface EntityKind {
  /** The columns of the raw file that the entities need. */
  columns: readonly string[];
  /** Those that they need only for details. Without details, a row has none of them. */
  details: readonly string[];
  /** Columns with the same values in all rows with the same number: their text is read once. */
  shared: readonly { by: string; columns: readonly string[] }[];
  /** Makes the function that turns each row into an entity's JSON. */
  serializer(): Serializer;
  /** What people must know about a row; none for most. */
  remarksOf?(row: RawRow): RowRemark[];
}

/**
 * The rows come from the catalog's SQL, which raw-rows.ts describes: checking each of a million would cost more than
 * building it.
 */
export const kind = <Row>(
  columns: readonly (keyof Row & string)[],
  build: (row: Row, context: EntityContext) => Entity | MysqlEntity,
  { details = [], remarksOf }: { details?: readonly string[]; remarksOf?: (row: Row) => RowRemark[] } = {},
): EntityKind => ({
  columns,
  details,
  shared: [],
  serializer: () => (row, context) => {
    const entity = build(row as Row, context);
    return {
      typeName: entity.typeName,
      json: JSON.stringify(context.relationsBeside ? placeRelationsBeside(entity) : entity),
    };
  },
  ...(remarksOf === undefined ? {} : { remarksOf: (row: RawRow) => remarksOf(row as Row) }),
});

/** The same for columns, of which there are so many that a function of their own writes their JSON. */
export const columnKind = <Row>(
  parts: Pick<EntityKind, 'columns' | 'details' | 'shared'>,
  columnSerializer: () => (row: Row, context: EntityContext) => string,
): EntityKind => ({
  ...parts,
  serializer: () => {
    const serialize = columnSerializer();
    return (row, context) => ({ typeName: 'Column', json: serialize(row as Row, context) });
  },
});
