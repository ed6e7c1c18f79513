import { readFileSync } from 'node:fs';
import { quoteLiteral } from '../../../duckdb/sql-text.ts';
import { fillIn } from '../../../text/fill-in.ts';
import type { CatalogScope, EntryMatch, ScopeSize, ServerSchema } from '../../catalog/catalog-scope.ts';
import { type CatalogFilters, entriesOf } from '../../catalog/filters.ts';
import { assertRe2, matchEntries, matchesAnywhere } from '../../catalog/match-names.ts';
import {
  DATABASE,
  isRelation,
  listNames,
  listSchemas,
  type MysqlClient,
  type MysqlName,
  placeholdersOf,
  schemasInScope,
} from './mysql-names.ts';
import { limitsOf } from './mysql-visibility.ts';

const routineCountsSql = readFileSync(new URL('./sql/mysql-routine-counts.sql', import.meta.url), 'utf8');

/** The oldest versions whose catalog the queries read: window functions, and views of the data dictionary. */
const MINIMUM_VERSIONS = { mysql: '8.0', mariadb: '10.3' };

export const mysqlScope = (client: MysqlClient): CatalogScope => ({
  assertPatterns: (filters) => assertRe2(client, filters),
  takesText: async () => true,
  async listDatabases(filters) {
    await assertRe2(client, filters);
    return (await isDatabaseInScope(client, filters)) ? [{ name: DATABASE, bytes: undefined }] : [];
  },
  allDatabases: async () => [
    { name: DATABASE, bytes: undefined, isConnected: true, size: undefined, closed: undefined },
  ],
  allSchemas: (filters) => allSchemas(client, filters),
  schemaNames: () => listSchemas(client),
  async matchEntries(entries): Promise<EntryMatch[]> {
    const matches = await matchEntries(client, entries, DATABASE, await listSchemas(client));
    return matches.map(({ here, missing }) => ({ databases: here ? 1 : 0, here, missing }));
  },
  async includesDatabase({ include }) {
    const matches = await matchEntries(client, entriesOf(include), DATABASE, []);
    return matches.length === 0 || matches.some(({ here }) => here);
  },
  measure: (filters) => measure(client, filters),
  limits: async (filters) =>
    limitsOf(client, await schemasInScope(client, filters, await listSchemas(client))),
});

async function isDatabaseInScope(
  client: MysqlClient,
  { include, exclude }: CatalogFilters,
): Promise<boolean> {
  const [included, excluded] = await Promise.all(
    [include, exclude].map((filter) => matchEntries(client, entriesOf(filter), DATABASE, [])),
  );
  const isIncluded = included?.length === 0 || included?.some(({ here }) => here) === true;
  const isExcluded = excluded?.some(({ here, schemas }) => here && schemas.length === 0) === true;
  return isIncluded && !isExcluded;
}

/** Those that tempTableRegex leaves, without sequences. */
export async function relationsIn(
  client: MysqlClient,
  { tempTableRegex }: CatalogFilters,
  names: readonly MysqlName[],
): Promise<MysqlName[]> {
  const relations = names.filter(isRelation);
  if (tempTableRegex === '' || relations.length === 0) return relations;
  const listed = relations.map(({ name }, index) => `(${index}, ${quoteLiteral(name)})`).join(', ');
  const kept = await client.compute(
    `SELECT number FROM (VALUES ${listed}) AS t (number, name) WHERE NOT ${matchesAnywhere('name', tempTableRegex)} ORDER BY number`,
  );
  return kept.flatMap(([number]) => relations[Number(number)] ?? []);
}

async function allSchemas(client: MysqlClient, filters: CatalogFilters): Promise<ServerSchema[]> {
  const schemas = await listSchemas(client);
  const inScope = new Set(await schemasInScope(client, filters, schemas));
  const relations = Map.groupBy(
    await relationsIn(client, filters, await listNames(client, schemas)),
    ({ schema }) => schema,
  );
  const { rows } = await client.ask(fillIn(routineCountsSql, placeholdersOf(client, schemas)));
  const routines = new Map(rows.map(([name, count]) => [String(name), Number(count)]));
  return schemas.map((name) => {
    const own = relations.get(name) ?? [];
    const views = own.filter(({ type }) => type === 'VIEW').length;
    return {
      name,
      tables: own.length - views,
      views,
      routines: routines.get(name) ?? 0,
      inScope: inScope.has(name),
    };
  });
}

async function measure(client: MysqlClient, filters: CatalogFilters): Promise<ScopeSize> {
  const schemas = await schemasInScope(client, filters, await listSchemas(client));
  const relations = await relationsIn(client, filters, await listNames(client, schemas));
  const { rows } = await client.ask('SELECT VERSION() AS version');
  const said = String(rows[0]?.[0]);
  return {
    relations: relations.length,
    // Some servers put 5.5.5- before it, so that old replicas read it.
    version: /^(?:5\.5\.5-)?([\d.]+)/.exec(said)?.[1] ?? said,
    minimumVersion: MINIMUM_VERSIONS[/mariadb/i.test(said) ? 'mariadb' : 'mysql'],
  };
}
