import { readFileSync } from 'node:fs';
import { fillIn } from '../../../../text/fill-in.ts';
import type {
  CatalogScope,
  EntryMatch,
  ScopeSize,
  ServerDatabase,
  ServerSchema,
} from '../../../catalog/catalog-scope.ts';
import { type CatalogFilters, entriesOf } from '../../../catalog/filters.ts';
import { assertRe2, matchEntries, matchWhole } from '../../../catalog/match-names.ts';
import { limitsOf } from './sqlserver-limits.ts';
import {
  databaseName,
  listRelations,
  listSchemas,
  placeholdersOf,
  readHex,
  type SqlServerClient,
  schemasInScope,
} from './sqlserver-names.ts';

const databasesSql = readFileSync(new URL('./sql/sqlserver-databases.sql', import.meta.url), 'utf8');
const routineCountsSql = readFileSync(new URL('./sql/sqlserver-routine-counts.sql', import.meta.url), 'utf8');
const versionSql = readFileSync(new URL('./sql/sqlserver-version.sql', import.meta.url), 'utf8');

/** SQL Server 2016, the first with temporal and external tables, whose columns the queries read. */
const MINIMUM_VERSION = '13.0';
/**
 * Editions in the cloud, which call themselves version 12 and are newer than any other.
 * https://learn.microsoft.com/sql/t-sql/functions/serverproperty-transact-sql
 */
const CLOUD: Readonly<Record<number, string>> = {
  5: 'Azure SQL Database',
  8: 'Azure SQL Managed Instance',
  12: 'SQL database in Microsoft Fabric',
};

/** Why nobody may connect: sys.databases.state, https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-databases-transact-sql */
const STATES: Readonly<Record<number, string>> = {
  1: 'it is being restored',
  2: 'it is recovering',
  3: 'it waits for a recovery',
  4: 'it is suspect',
  5: 'it is in emergency mode',
  6: 'it is offline',
};

export const sqlServerScope = (client: SqlServerClient): CatalogScope => ({
  assertPatterns: (filters) => assertRe2(client, filters),
  takesText: async () => true,
  async listDatabases(filters) {
    await assertRe2(client, filters);
    const open = (await allDatabases(client)).filter(({ closed }) => closed === undefined);
    return (await inScope(client, filters, open)).map(({ name }) => ({ name, bytes: undefined }));
  },
  async closedDatabases(filters) {
    const all = await allDatabases(client);
    const closed = all.flatMap(({ name, closed: why }) => (why === undefined ? [] : [{ name, why }]));
    return inScope(client, filters, closed);
  },
  allDatabases: () => allDatabases(client),
  allSchemas: (filters) => allSchemas(client, filters),
  schemaNames: async () => (await listSchemas(client)).map(({ name }) => name),
  async matchEntries(entries): Promise<EntryMatch[]> {
    const own = await databaseName(client);
    const schemas = (await listSchemas(client)).map(({ name }) => name);
    const matches = await matchEntries(client, entries, own, schemas);
    const names = (await allDatabases(client)).map(({ name }) => name);
    const ofServer = await matchWhole(
      client,
      entries.map(({ database }) => database),
      names,
    );
    return matches.map(({ here, missing }, index) => ({
      databases: ofServer.get(entries[index]?.database ?? '')?.size ?? 0,
      here,
      missing,
    }));
  },
  async includesDatabase({ include }) {
    const matches = await matchEntries(client, entriesOf(include), await databaseName(client), []);
    return matches.length === 0 || matches.some(({ here }) => here);
  },
  measure: (filters) => measure(client, filters),
  limits: () => limitsOf(client),
});

async function allDatabases({ ask }: Pick<SqlServerClient, 'ask'>): Promise<ServerDatabase[]> {
  const { rows } = await ask(databasesSql);
  return rows.map(([name, isConnected, isOpen, state]) => ({
    name: readHex(name),
    bytes: undefined,
    isConnected: Number(isConnected) === 1,
    // It takes a right on the server, or on the database itself.
    size: undefined,
    closed: STATES[Number(state)] ?? (Number(isOpen) === 1 ? undefined : 'the login has no user in it'),
  }));
}

/** Those of which the filters may leave something. */
async function inScope<Database extends { name: string }>(
  client: SqlServerClient,
  { include, exclude }: CatalogFilters,
  databases: readonly Database[],
): Promise<Database[]> {
  const names = databases.map(({ name }) => name);
  const [included, excluded] = [entriesOf(include), entriesOf(exclude)];
  const matched = await matchWhole(
    client,
    [...included, ...excluded].map(({ database }) => database),
    names,
  );
  const isIn = (name: string) => (entry: { database: string }) =>
    matched.get(entry.database)?.has(name) === true;
  return databases.filter(
    ({ name }) =>
      (included.length === 0 || included.some(isIn(name))) &&
      !excluded.some((entry) => entry.schemas.length === 0 && isIn(name)(entry)),
  );
}

async function allSchemas(client: SqlServerClient, filters: CatalogFilters): Promise<ServerSchema[]> {
  const schemas = await listSchemas(client);
  const left = await schemasInScope(client, filters, await databaseName(client), schemas);
  const relations = Map.groupBy(await listRelations(client, filters, schemas), ({ schema }) => schema);
  const { rows } = await client.ask(fillIn(routineCountsSql, placeholdersOf(schemas)));
  const routines = new Map(rows.map(([id, count]) => [Number(id), Number(count)]));
  return schemas.map((schema) => {
    const own = relations.get(schema.name) ?? [];
    const views = own.filter(({ isView }) => isView).length;
    return {
      name: schema.name,
      tables: own.length - views,
      views,
      routines: routines.get(schema.id) ?? 0,
      inScope: left.includes(schema),
    };
  });
}

async function measure(client: SqlServerClient, filters: CatalogFilters): Promise<ScopeSize> {
  const own = await databaseName(client);
  const schemas = await schemasInScope(client, filters, own, await listSchemas(client));
  const relations = await listRelations(client, filters, schemas);
  const { rows } = await client.ask(versionSql);
  const [version, edition] = rows[0] ?? [];
  const product = CLOUD[Number(edition)];
  return {
    relations: relations.length,
    version: String(version),
    ...(product === undefined ? { minimumVersion: MINIMUM_VERSION } : { product, minimumVersion: '12.0' }),
  };
}
