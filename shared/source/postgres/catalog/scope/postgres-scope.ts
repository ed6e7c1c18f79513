import { readFileSync } from 'node:fs';
import { QueryError } from '../../../../errors.ts';
import { fillIn } from '../../../../text/fill-in.ts';
import type { CatalogScope, EntryMatch, ScopeSize, ServerSchema } from '../../../catalog/catalog-scope.ts';
import { type CatalogFilters, EVERYTHING, type FilterEntry } from '../../../catalog/filters.ts';
import type { AskSource } from '../../../dialect.ts';
import { postgresRelative, relativeWords } from '../../postgres-family.ts';
import { allDatabases, closedDatabases, listDatabases, OPEN_DATABASES } from './postgres-databases.ts';
import {
  assertPatterns,
  connectedDatabase,
  databaseInScope,
  matchWhole,
  quoteText,
  relationInScope,
  schemasInScope,
} from './postgres-filters.ts';

const read = (file: URL) => readFileSync(file, 'utf8');
const allSchemasSql = read(new URL('./postgres-all-schemas.sql', import.meta.url));
const includeEntriesSql = read(new URL('./postgres-include-entries.sql', import.meta.url));
const schemaNamesSql = read(new URL('./postgres-schema-names.sql', import.meta.url));
const relationCountSql = read(new URL('./postgres-relation-count.sql', import.meta.url));

/** As in the settings of Atlan's app: this version introduced partitioned tables, which the catalog queries read. */
const MINIMUM_VERSION = 10;

export const postgresScope = (ask: AskSource): CatalogScope => ({
  assertPatterns: (filters) => assertPatterns(ask, filters),
  takesText: (text) => takesText(ask, text),
  listDatabases: (filters) => listDatabases(ask, filters),
  closedDatabases: (filters) => closedDatabases(ask, filters),
  allDatabases: () => allDatabases(ask),
  allSchemas: (filters, databaseName, without) => allSchemas(ask, filters, databaseName, without),
  schemaNames: async () => (await ask(schemaNamesSql)).rows.map(([name]) => String(name)),
  matchEntries: (entries, names) => matchEntries(ask, entries, names),
  includesDatabase: (filters, databaseName) => includesDatabase(ask, filters, databaseName),
  measure: (filters, databaseName) => measure(ask, filters, databaseName),
});

async function takesText(ask: AskSource, text: string): Promise<boolean> {
  try {
    await ask(`SELECT ${quoteText(text)} AS letters`);
    return true;
  } catch (error) {
    if (error instanceof QueryError) return false;
    throw error;
  }
}

async function allSchemas(
  ask: AskSource,
  filters: CatalogFilters,
  databaseName: string,
  without: readonly number[],
): Promise<ServerSchema[]> {
  const { rows } = await ask(
    fillIn(allSchemasSql, {
      SCHEMAS: `${schemasInScope(EVERYTHING)} AND n.oid <> ALL ('{${without}}'::oid[])`,
      IN_SCOPE: schemasInScope(filters, databaseName),
      RELATION_IN_SCOPE: relationInScope(filters, 'c.relname'),
    }),
  );
  return rows.map(([name, tables, views, routines, inScope]) => ({
    name: String(name),
    tables: Number(tables),
    views: Number(views),
    routines: Number(routines),
    inScope: inScope === true,
  }));
}

async function matchEntries(
  ask: AskSource,
  entries: readonly FilterEntry[],
  { databaseName, otherNames }: Parameters<CatalogScope['matchEntries']>[1],
): Promise<EntryMatch[]> {
  const { rows } = await ask(
    fillIn(includeEntriesSql, {
      ENTRIES: entries.map(valuesOf).join(', '),
      DATABASES: [OPEN_DATABASES, ...otherNames.map((name) => `SELECT ${quoteText(name)}::name`)].join(
        ' UNION ALL ',
      ),
      CONNECTED: connectedDatabase(databaseName),
      SCHEMAS: schemasInScope(EVERYTHING),
    }),
  );
  return entries.map(({ schemas }, index) => {
    const [databases, here, missing] = rows[index] ?? [];
    return { databases: Number(databases), here: here === true, missing: schemas[Number(missing) - 1] };
  });
}

const valuesOf = ({ database, schemas }: FilterEntry, index: number) => {
  const [name, ...patterns] = [database, ...schemas].map((pattern) => quoteText(matchWhole(pattern)));
  return `(${index}, ${name}, ARRAY[${patterns.join(', ')}]::text[])`;
};

async function includesDatabase(
  ask: AskSource,
  filters: CatalogFilters,
  databaseName: string | undefined,
): Promise<boolean> {
  const included = databaseInScope({ ...filters, exclude: {} }, connectedDatabase(databaseName));
  const { rows } = await ask(`SELECT ${included} AS included`);
  return rows[0]?.[0] === true;
}

async function measure(
  ask: AskSource,
  filters: CatalogFilters,
  databaseName: string | undefined,
): Promise<ScopeSize> {
  const { rows } = await ask(
    fillIn(relationCountSql, {
      SCHEMAS: schemasInScope(filters, databaseName),
      IN_SCOPE: relationInScope(filters, 'c.relname'),
    }),
  );
  const [relations, version, said] = rows[0] ?? [];
  const relative = postgresRelative(String(said));
  return {
    relations: Number(relations),
    version: formatVersion(Number(version)),
    ...(relative === undefined ? {} : { product: relativeWords(relative) }),
    minimumVersion: `${MINIMUM_VERSION}.0`,
  };
}

/** @param version server_version_num: 150018 is 15.18, 90624 is 9.6.24 */
function formatVersion(version: number): string {
  const major = Math.floor(version / 10_000);
  const rest = version % 10_000;
  return major < 10 ? `${major}.${Math.floor(rest / 100)}.${rest % 100}` : `${major}.${rest}`;
}
