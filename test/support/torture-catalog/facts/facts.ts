import { type ColumnType, columnTypes } from '../column-types.ts';

/** What is known of a column of the torture catalog, from its SQL. */
export interface ColumnFact {
  name: string;
  type: ColumnType;
  /** Its number in the table, where dropped columns came before. @default its place in the list */
  order?: number;
  notNull?: true;
  primary?: true;
  foreign?: true;
  /** Of numeric(p,s) and of varchar(n), char(n). */
  precision?: number;
  scale?: number;
  length?: number;
  /** Takes its values from a sequence. */
  auto?: true;
  identity?: true;
  generated?: true;
  /** As cleaned up. */
  description?: string | undefined;
}

/** What is known of a table, view, materialised view or partition. */
export interface RelationFact {
  schema: string;
  name: string;
  kind: 'TABLE' | 'PARTITIONED TABLE' | 'FOREIGN TABLE' | 'VIEW' | 'MATERIALIZED VIEW';
  columns: ColumnFact[];
  /** As cleaned up. */
  description?: string | undefined;
  /** Rows by the statistics; absent where none were taken. */
  rowCount?: number;
  /** Whether INSERT works. @default yes for tables, no for the others */
  insertable?: boolean;
  /** CREATE TABLE … OF type. */
  typed?: true;
  /** Of a partitioned one. */
  partitioned?: { strategy: 'l' | 'r' | 'h'; keyColumns: number; keyColumn: number | null; children: number };
  /** Of a partition: its parent, and its bound as the server prints it. */
  partitionOf?: { schema: string; name: string; isPartition?: true; bound: string };
}

/** What is known of a routine; `overload` holds the argument types where the name is not alone in its schema. */
export interface RoutineFact {
  schema: string;
  name: string;
  overload?: string | undefined;
  body: string;
  owner: string;
}

/** A column. */
export function column(
  name: string,
  type: ColumnType,
  more: Omit<ColumnFact, 'name' | 'type'> = {},
): ColumnFact {
  if (!(type in columnTypes)) throw new Error(`The type ${type} of column ${name} is not in columnTypes`);
  return { name, type, ...more };
}

/** A relation; of a table unless `more` says another kind. */
export function relation(
  schema: string,
  name: string,
  columns: ColumnFact[],
  more: Omit<Partial<RelationFact>, 'schema' | 'name' | 'columns'> = {},
): RelationFact {
  return { schema, name, columns, kind: 'TABLE', ...more };
}
