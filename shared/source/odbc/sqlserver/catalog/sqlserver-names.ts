import { readFileSync } from 'node:fs';
import { quoteLiteral } from '../../../../duckdb/sql-text.ts';
import { fillIn } from '../../../../text/fill-in.ts';
import type { CatalogClient } from '../../../catalog/catalog.ts';
import { type CatalogFilters, entriesOf } from '../../../catalog/filters.ts';
import { matchEntries, matchesAnywhere } from '../../../catalog/match-names.ts';

const schemasSql = readFileSync(new URL('./sql/sqlserver-schemas.sql', import.meta.url), 'utf8');
const relationsSql = readFileSync(new URL('./sql/sqlserver-relations.sql', import.meta.url), 'utf8');

export type SqlServerClient = Pick<CatalogClient, 'ask' | 'compute'>;

/** Types of routines in sys.objects: procedures, functions and aggregates, also those of .NET. */
const ROUTINES = ['P', 'PC', 'FN', 'FS', 'IF', 'TF', 'FT', 'AF'];

export interface SqlServerSchema {
  id: number;
  name: string;
}

export interface SqlServerRelation {
  id: number;
  schema: string;
  name: string;
  isView: boolean;
}

/** A text that was sent as the hexadecimal digits of its letters in UTF-16. */
export const readHex = (hex: unknown) => Buffer.from(String(hex), 'hex').toString('utf16le');

/** The placeholders that the queries share. @param schemas that are read */
export const placeholdersOf = (schemas: readonly SqlServerSchema[]) => ({
  SCHEMAS: schemas.length === 0 ? 'NULL' : schemas.map(({ id }) => id).join(', '),
  ROUTINES: ROUTINES.map((type) => `'${type}'`).join(', '),
});

/** What the server calls the connected database, whatever letters the login has it in. */
export async function databaseName({ ask }: Pick<SqlServerClient, 'ask'>): Promise<string> {
  const { rows } = await ask(
    'SELECT CONVERT(varchar(512), CONVERT(varbinary(256), CONVERT(nvarchar(128), DB_NAME())), 2) AS name',
  );
  return readHex(rows[0]?.[0]);
}

/** The schemas that the login sees, by name. */
export async function listSchemas({ ask }: Pick<SqlServerClient, 'ask'>): Promise<SqlServerSchema[]> {
  const { rows } = await ask(schemasSql);
  return rows.map(([id, name]) => ({ id: Number(id), name: readHex(name) }));
}

/** The schemas that the filters leave, in their order. */
export async function schemasInScope(
  client: SqlServerClient,
  { include, exclude }: CatalogFilters,
  database: string,
  schemas: readonly SqlServerSchema[],
): Promise<SqlServerSchema[]> {
  const names = schemas.map(({ name }) => name);
  const match = (filter: CatalogFilters['include']) =>
    matchEntries(client, entriesOf(filter), database, names);
  const [included, excluded] = [await match(include), await match(exclude)];
  const isIn = (entries: typeof included, name: string) =>
    entries.some(({ here, names: matched }) => here && matched.has(name));
  return schemas.filter(
    ({ name }) => (included.length === 0 || isIn(included, name)) && !isIn(excluded, name),
  );
}

/** DuckDB SQL condition: tempTableRegex leaves a name. */
export const kept = ({ tempTableRegex }: CatalogFilters, name: string) =>
  tempTableRegex === '' ? 'true' : `NOT ${matchesAnywhere(name, tempTableRegex)}`;

/** The tables and views of some schemas that tempTableRegex leaves, by name. */
export async function listRelations(
  client: SqlServerClient,
  filters: CatalogFilters,
  schemas: readonly SqlServerSchema[],
): Promise<SqlServerRelation[]> {
  const { rows } = await client.ask(fillIn(relationsSql, placeholdersOf(schemas)));
  const nameOf = new Map(schemas.map(({ id, name }) => [id, name]));
  const relations = rows.map(([id, schema, name, isView]) => ({
    id: Number(id),
    schema: nameOf.get(Number(schema)) ?? '',
    name: readHex(name),
    isView: Number(isView) === 1,
  }));
  if (filters.tempTableRegex === '' || relations.length === 0) return relations;
  const listed = relations.map(({ name }, index) => `(${index}, ${quoteLiteral(name)})`).join(', ');
  const found = await client.compute(
    `SELECT number FROM (VALUES ${listed}) AS t (number, name) WHERE ${kept(filters, 'name')} ORDER BY number`,
  );
  return found.flatMap(([number]) => relations[Number(number)] ?? []);
}
