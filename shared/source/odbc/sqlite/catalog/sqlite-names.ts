import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ConfigError, QueryError } from '../../../../errors.ts';
import type { CatalogClient } from '../../../catalog/catalog.ts';
import { type CatalogFilters, entriesOf } from '../../../catalog/filters.ts';
import { matchEntries, matchesAnywhere } from '../../../catalog/match-names.ts';

const relationsSql = readFileSync(new URL('./sqlite-relations.sql', import.meta.url), 'utf8');

/** The one schema of a file. */
export const SCHEMA = 'main';

export type SqliteClient = Pick<CatalogClient, 'ask' | 'compute' | 'source'>;

/** What an extraction calls a file: its name without the folders, which differ from machine to machine. */
export const databaseOf = (path: string) => basename(path);

/** The database of a source. @throws ConfigError without a path, which its schema requires */
export function ownDatabase({ source }: Pick<SqliteClient, 'source'>): string {
  const { database } = source;
  if (database === undefined) throw new ConfigError('A source of SQLite needs database: the path of a file.');
  return databaseOf(database);
}

export interface SqliteRelation {
  name: string;
  kind: 'table' | 'view' | 'virtual';
  /** Why it has no columns, for people. */
  broken?: string;
}

/** A text that was sent as hexadecimal digits. Bytes that are no UTF-8 become replacement characters. */
export const textOf = (hex: unknown) => Buffer.from(String(hex), 'hex').toString('utf8');

/** Why nothing can be said about the columns of one, for people. */
const REASONS = {
  view: 'SQLite cannot resolve it',
  virtual: 'the driver lacks the module of the virtual table',
};

/** Everything in the file, by name. Only if one of them is broken, each view and virtual table is asked on its own. */
export async function listRelations({ ask }: Pick<SqliteClient, 'ask'>): Promise<SqliteRelation[]> {
  const { rows } = await ask(relationsSql);
  const relations = rows.map(([name, kind]) => ({
    name: textOf(name),
    kind: String(kind) as SqliteRelation['kind'],
  }));
  const opened = relations.filter((relation) => relation.kind !== 'table');
  if (opened.length === 0 || (await opens(ask, opened))) return relations;
  const found: SqliteRelation[] = [];
  for (const relation of relations) {
    const { kind } = relation;
    const isBroken = kind !== 'table' && !(await opens(ask, [relation]));
    found.push(isBroken ? { ...relation, broken: REASONS[kind] } : relation);
  }
  return found;
}

/** Whether all of them have columns. */
async function opens(ask: SqliteClient['ask'], relations: readonly { name: string }[]): Promise<boolean> {
  const names = relations.map(({ name }) => quoteText(name)).join(', ');
  try {
    await ask(
      `SELECT count(c.name) AS n FROM main.sqlite_master AS s JOIN pragma_table_xinfo(s.name, 'main') AS c WHERE s.name IN (${names})`,
    );
    return true;
  } catch (error) {
    if (error instanceof QueryError) return false;
    throw error;
  }
}

/** SQL for a text. */
export const quoteText = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Whether the filters leave the schema. */
export async function isInScope(client: SqliteClient, filters: CatalogFilters): Promise<boolean> {
  const match = (filter: CatalogFilters['include']) =>
    matchEntries(client, entriesOf(filter), ownDatabase(client), [SCHEMA]);
  const [included, excluded] = [await match(filters.include), await match(filters.exclude)];
  const isIn = (entries: typeof included) => entries.some(({ here, names }) => here && names.has(SCHEMA));
  return (included.length === 0 || isIn(included)) && !isIn(excluded);
}

/** DuckDB SQL condition: tempTableRegex leaves a name. */
export const kept = ({ tempTableRegex }: CatalogFilters, name: string) =>
  tempTableRegex === '' ? 'true' : `NOT ${matchesAnywhere(name, tempTableRegex)}`;

/** What the filters leave. */
export async function relationsInScope(
  client: SqliteClient,
  filters: CatalogFilters,
): Promise<SqliteRelation[]> {
  if (!(await isInScope(client, filters))) return [];
  const relations = await listRelations(client);
  if (filters.tempTableRegex === '' || relations.length === 0) return relations;
  const listed = relations.map(({ name }, index) => `(${index}, ${quoteText(name)})`).join(', ');
  const found = await client.compute(
    `SELECT number FROM (VALUES ${listed}) AS t (number, name) WHERE ${kept(filters, 'name')} ORDER BY number`,
  );
  return found.flatMap(([number]) => relations[Number(number)] ?? []);
}
