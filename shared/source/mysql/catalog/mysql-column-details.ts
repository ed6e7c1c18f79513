import { DuckDBBooleanVector, type DuckDBDataChunk, DuckDBVarCharVector } from '@duckdb/node-api';
import type { CatalogClient, Complete, NamedColumn, RowsQuery } from '../../catalog/catalog.ts';
import type { MysqlName } from './mysql-names.ts';

/** No name contains a NUL. Columns are compared without case. */
const keyOf = (schema: unknown, table: unknown, column: unknown) =>
  [schema, table, String(column).toLowerCase()].join('\0');

/** What is put into the rows of columns with details. */
export interface ColumnDetails {
  complete: Complete;
  /** The columns that others refer to. */
  referenced: readonly NamedColumn[];
}

/**
 * Asks which columns are indexed, and what foreign keys refer to.
 *
 * @param queries.indexes undefined where a mirror does not say it: the flags stay as they are
 * @param relations what the filters leave: nothing else is referred to
 */
export async function readColumnDetails(
  client: Pick<CatalogClient, 'rows'>,
  queries: { indexes: RowsQuery | undefined; references: RowsQuery },
  relations: readonly MysqlName[],
): Promise<ColumnDetails> {
  const indexed = new Set<string>();
  for await (const rows of queries.indexes ? client.rows(queries.indexes) : [])
    for (const [schema, table, column] of rows) indexed.add(keyOf(schema, table, column));

  const inScope = new Set(relations.map(({ schema, name }) => keyOf(schema, name, '')));
  const targets = new Map<string, NamedColumn>();
  for await (const rows of client.rows(queries.references)) {
    for (const row of rows) {
      const [schema = '', table = '', column = '', toSchema = '', name = '', toColumn = ''] = row.map(String);
      const key = keyOf(schema, table, column);
      // Of several foreign keys, the first one.
      if (!targets.has(key) && inScope.has(keyOf(toSchema, name, '')))
        targets.set(key, { schema: toSchema, name, column: toColumn });
    }
  }
  const hasIndexes = queries.indexes !== undefined;
  return {
    referenced: [...targets.values()],
    complete: (chunk, columns) => complete(chunk, columns, { indexed, targets, hasIndexes }),
  };
}

function complete(
  chunk: DuckDBDataChunk,
  columns: readonly string[],
  found: { indexed: ReadonlySet<string>; targets: ReadonlyMap<string, NamedColumn>; hasIndexes: boolean },
): void {
  const vectorOf = (name: string) => chunk.getColumnVector(columns.indexOf(name));
  const [schema, table, column] = ['table_schema', 'table_name', 'column_name'].map(vectorOf);
  const flag = vectorOf('is_indexed');
  const texts = ['foreign_schema', 'foreign_table', 'foreign_column'].map(vectorOf);
  if (!(flag instanceof DuckDBBooleanVector)) throw new Error('The rows have no flag is_indexed.');
  for (let index = 0; index < chunk.rowCount; index += 1) {
    const key = keyOf(schema?.getItem(index), table?.getItem(index), column?.getItem(index));
    if (found.hasIndexes) flag.setItem(index, found.indexed.has(key));
    const target = found.targets.get(key);
    if (!target) continue;
    for (const [at, text] of [target.schema, target.name, target.column].entries()) {
      const vector = texts[at];
      if (vector instanceof DuckDBVarCharVector) vector.setItem(index, text);
    }
  }
  for (const vector of [flag, ...texts]) vector.flush();
}
