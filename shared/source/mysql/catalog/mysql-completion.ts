import {
  DuckDBBooleanVector,
  type DuckDBDataChunk,
  DuckDBVarCharVector,
  type DuckDBVector,
} from '@duckdb/node-api';
import type { CatalogClient, Complete, RowsQuery } from '../../catalog/catalog.ts';

// What is put into rows as they arrive, because a server takes a hundred times as long to join it: MySQL and MariaDB
// have no index for what information_schema shows, and DuckDB changes the order of the rows.

/** What the rows say before it is known. */
export const USUAL_TYPE = 'BASE TABLE';

/** No name contains a NUL. */
const keyOf = (...names: readonly unknown[]) => names.join('\0');

/** The constraints that a column belongs to. */
interface Keys {
  primary: string[];
  foreign: string[];
  unique: string[];
}

/**
 * Constraints of columns: of several, the primary key comes first, then foreign keys. It also fills in the type that
 * their relation was written as: a view may have been made since the names were listed.
 */
export async function completeColumns(
  client: Pick<CatalogClient, 'rows'>,
  keys: RowsQuery,
): Promise<Complete> {
  const ofColumns = new Map<string, Keys>();
  for await (const rows of client.rows(keys)) {
    for (const [schema, table, column, constraint, type] of rows) {
      // A constraint may spell a column in another case than its table.
      const key = keyOf(schema, table, String(column).toLowerCase());
      const found = ofColumns.get(key) ?? { primary: [], foreign: [], unique: [] };
      ofColumns.set(key, found);
      const list =
        { 'PRIMARY KEY': found.primary, 'FOREIGN KEY': found.foreign }[String(type)] ?? found.unique;
      list.push(String(constraint));
    }
  }
  let last = { table: '', type: undefined as string | undefined };
  return (chunk, columns, relations) => {
    const at = readers(chunk, columns);
    const [schema, table, column] = ['table_schema', 'table_name', 'column_name'].map(at.vector);
    const type = at.text('table_type');
    const [types_, names] = [at.text('constraint_type'), at.text('constraint_name')];
    const [isPrimary, isForeign] = [at.flag('is_primary'), at.flag('is_foreign')];
    for (let index = 0; index < chunk.rowCount; index += 1) {
      const [ofSchema, name] = [String(schema?.getItem(index)), String(table?.getItem(index))];
      const ofTable = keyOf(ofSchema, name);
      if (last.table !== ofTable) last = { table: ofTable, type: relations.typeOf(ofSchema, name) };
      // Each text that is set costs more than all that is read.
      if (last.type !== undefined && last.type !== USUAL_TYPE) type.setItem(index, last.type);
      const found = ofColumns.get(keyOf(ofTable, String(column?.getItem(index)).toLowerCase()));
      if (!found) continue;
      isPrimary.setItem(index, found.primary.length > 0);
      isForeign.setItem(index, found.foreign.length > 0);
      types_.setItem(index, typesOf(found));
      names.setItem(index, [...found.primary, ...found.foreign, ...found.unique].join(','));
    }
    for (const vector of [type, types_, names, isPrimary, isForeign]) vector.flush();
  };
}

const typesOf = ({ primary, foreign, unique }: Keys) =>
  [
    ...(primary.length > 0 ? ['PRIMARY KEY'] : []),
    ...(foreign.length > 0 ? ['FOREIGN KEY'] : []),
    ...(unique.length > 0 ? ['UNIQUE'] : []),
  ].join(',');

/** The arguments of routines, as in CREATE PROCEDURE. */
export async function completeRoutines(
  client: Pick<CatalogClient, 'rows'>,
  parameters: RowsQuery | undefined,
): Promise<Complete> {
  const ofRoutines = new Map<string, { text: string; named: [unknown, unknown] }[]>();
  for await (const rows of parameters ? client.rows(parameters) : [])
    for (const [schema, name, type, argument, ...named] of rows) {
      const key = keyOf(schema, name, type);
      const one = { text: String(argument), named: [named[0], named[1]] as [unknown, unknown] };
      ofRoutines.set(key, [...(ofRoutines.get(key) ?? []), one]);
    }
  return (chunk, columns) => {
    const at = readers(chunk, columns);
    const names = ['procedure_schema', 'procedure_name', 'procedure_type'].map(at.vector);
    const list = at.text('arguments');
    // Only with details.
    const json = columns.includes('argument_list') ? at.text('argument_list') : undefined;
    for (let index = 0; index < chunk.rowCount; index += 1) {
      const found = ofRoutines.get(keyOf(...names.map((name) => name.getItem(index)))) ?? [];
      list.setItem(index, found.map(({ text }) => text).join(', '));
      if (parameters) json?.setItem(index, JSON.stringify(found.map(({ named }) => named)));
    }
    list.flush();
    json?.flush();
  };
}

/** The columns of a chunk by their names. */
function readers(chunk: DuckDBDataChunk, columns: readonly string[]) {
  const vector = (name: string): DuckDBVector => chunk.getColumnVector(columns.indexOf(name));
  return {
    vector,
    text(name: string): DuckDBVarCharVector {
      const found = vector(name);
      if (found instanceof DuckDBVarCharVector) return found;
      throw new Error(`The rows have no text ${name}.`);
    },
    flag(name: string): DuckDBBooleanVector {
      const found = vector(name);
      if (found instanceof DuckDBBooleanVector) return found;
      throw new Error(`The rows have no flag ${name}.`);
    },
  };
}
