import { DuckDBDataChunk, type DuckDBVector } from '@duckdb/node-api';
import type { NamedColumn, NamedRelation } from '../../source/catalog/catalog.ts';
import type { EntityFolder } from '../../source/catalog/entity-folders.ts';

/** Where the rows of a folder name their schema and their relation. */
const names: Readonly<Partial<Record<EntityFolder, readonly string[]>>> = {
  schema: ['schema_name'],
  table: ['table_schema', 'table_name'],
  column: ['table_schema', 'table_name'],
  'extras-procedure': ['procedure_schema'],
};

const VIEW = 'VIEW';

interface Relation extends NamedRelation {
  type: string;
  /** How many the row of the relation says that it has. */
  columnCount: number;
  written: number;
}

/**
 * The schemas and relations that an extraction has written, so that nothing is written below one that is missing: the
 * answers of a catalog without snapshots may show different moments.
 */
export class WrittenParents {
  readonly #schemas = new Set<string>();
  readonly #relations = new Map<string, Relation>();
  /** The partitions that are no relations of their own, without subpartitions. */
  readonly #partitions = new Set<string>();
  #last: { key: string; relation: Relation | undefined } = { key: '', relation: undefined };
  #hasOrphans = false;
  /** Columns that others refer to, as long as they have not been written. */
  readonly #awaited: Map<string, NamedColumn>;

  /** @param referenced the columns that foreign keys refer to */
  constructor(referenced: readonly NamedColumn[] = []) {
    this.#awaited = new Map(referenced.map((one) => [keyOf(one.schema, one.name, one.column), one]));
  }

  /** Whether something was left out, because what it belongs to is missing. */
  get hasOrphans(): boolean {
    return this.#hasOrphans;
  }

  hasRelation(schema: string, name: string): boolean {
    return this.#relations.has(keyOf(schema, name));
  }

  /** What a relation was written as, such as `VIEW`: another answer may show what it was before, or has become. */
  typeOf(schema: string, name: string): string | undefined {
    return this.#relations.get(keyOf(schema, name))?.type;
  }

  /** What is referred to, and was not written. */
  missingColumns(): NamedColumn[] {
    return [...this.#awaited.values()];
  }

  /** Tables that have no columns: the login has no privilege on any of them. */
  bareTables(): NamedRelation[] {
    return [...this.#relations.values()].filter(
      ({ type, columnCount, written }) => type !== VIEW && columnCount + written === 0,
    );
  }

  /** Relations of which other columns were written than they had a moment before. */
  changedRelations(): NamedRelation[] {
    return [...this.#relations.values()].filter(({ columnCount, written }) => columnCount !== written);
  }

  /**
   * Notes the rows of a chunk, and returns it without those whose parent is missing, or was written as something else: a
   * view has taken the place of a table.
   */
  keep(type: EntityFolder, chunk: DuckDBDataChunk, columns: readonly string[]): DuckDBDataChunk {
    const named = names[type];
    if (!named) return chunk;
    const vectors = named.map((name) => chunk.getColumnVector(columns.indexOf(name)));
    const vectorOf = (column: string) =>
      columns.includes(column) ? chunk.getColumnVector(columns.indexOf(column)) : undefined;
    const types = vectorOf('table_type');
    const ofTable = (column: string) => (type === 'table' ? vectorOf(column) : undefined);
    const counts = ofTable('column_count');
    const parents = ['parent_table_name', 'parent_partition_name'].flatMap((name) => ofTable(name) ?? []);
    const own =
      type === 'column' && this.#awaited.size > 0
        ? chunk.getColumnVector(columns.indexOf('column_name'))
        : undefined;
    const kept: number[] = [];
    for (let index = 0; index < chunk.rowCount; index += 1) {
      const [schema = '', name = ''] = vectors.map((vector) => String(vector.getItem(index)));
      // A row of a column, of which there may be millions, has none.
      const path = parents.length === 0 ? [] : partsOf(parents, index);
      const relation = {
        schema,
        name,
        type: String(types?.getItem(index)),
        columnCount: Number(counts?.getItem(index) ?? 0),
        written: 0,
      };
      if (!this.#admit(type, relation, path)) continue;
      kept.push(index);
      if (own) this.#awaited.delete(keyOf(schema, name, String(own.getItem(index))));
    }
    if (kept.length === chunk.rowCount) return chunk;
    this.#hasOrphans = true;
    const rows = chunk.getRows();
    const reduced = DuckDBDataChunk.create(
      Array.from({ length: chunk.columnCount }, (_, index) => chunk.getColumnVector(index).type),
    );
    reduced.setRows(kept.map((index) => rows[index] ?? []));
    return reduced;
  }

  /** @param path of a partition: its table and, if it has one, the partition that it is a part of */
  #admit(type: EntityFolder, row: Relation, [table, partition]: readonly string[]): boolean {
    const { schema, name } = row;
    switch (type) {
      case 'schema':
        this.#schemas.add(schema);
        return true;
      case 'table':
        if (table !== undefined) return this.#admitPartition(keyOf(schema, table), name, partition);
        if (!this.#schemas.has(schema)) return false;
        this.#relations.set(keyOf(schema, name), row);
        return true;
      case 'column': {
        const key = keyOf(schema, name);
        if (this.#last.key !== key) this.#last = { key, relation: this.#relations.get(key) };
        const { relation } = this.#last;
        if (relation?.type !== row.type) return false;
        relation.written += 1;
        return true;
      }
      default:
        return this.#schemas.has(schema);
    }
  }

  #admitPartition(table: string, name: string, partition: string | undefined): boolean {
    const relation = this.#relations.get(table);
    if (relation === undefined || relation.type === VIEW) return false;
    if (partition !== undefined) return this.#partitions.has(keyOf(table, partition));
    this.#partitions.add(keyOf(table, name));
    return true;
  }
}

/** The names in a row, without those that are NULL. */
const partsOf = (vectors: readonly DuckDBVector[], index: number) =>
  vectors.flatMap((vector) => {
    const part = vector.getItem(index);
    return part === null ? [] : [String(part)];
  });

/** No name contains a NUL. */
const keyOf = (...names: readonly string[]) => names.join('\0');
