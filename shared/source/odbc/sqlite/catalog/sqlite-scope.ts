import type { CatalogScope, EntryMatch } from '../../../catalog/catalog-scope.ts';
import { type CatalogFilters, entriesOf } from '../../../catalog/filters.ts';
import { assertRe2, matchEntries } from '../../../catalog/match-names.ts';
import { isInScope, ownDatabase, relationsInScope, SCHEMA, type SqliteClient } from './sqlite-names.ts';

/** The first with pragma_table_list, which tells virtual tables from what they keep their content in. */
const MINIMUM_VERSION = '3.37';

/** A file is one database with one schema. */
export const sqliteScope = (client: SqliteClient): CatalogScope => ({
  assertPatterns: (filters) => assertRe2(client, filters),
  takesText: async () => true,
  async listDatabases(filters) {
    await assertRe2(client, filters);
    return (await isInScope(client, filters)) ? [{ name: ownDatabase(client), bytes: undefined }] : [];
  },
  allDatabases: async () => [
    { name: ownDatabase(client), bytes: undefined, isConnected: true, size: undefined, closed: undefined },
  ],
  async allSchemas(filters) {
    const all = await relationsInScope(client, {
      include: {},
      exclude: {},
      tempTableRegex: filters.tempTableRegex,
    });
    const views = all.filter(({ kind }) => kind === 'view').length;
    return [
      {
        name: SCHEMA,
        tables: all.length - views,
        views,
        routines: 0,
        inScope: await isInScope(client, filters),
      },
    ];
  },
  schemaNames: async () => [SCHEMA],
  async matchEntries(entries): Promise<EntryMatch[]> {
    const matches = await matchEntries(client, entries, ownDatabase(client), [SCHEMA]);
    return matches.map(({ here, missing }) => ({ databases: here ? 1 : 0, here, missing }));
  },
  async includesDatabase({ include }: CatalogFilters) {
    const matches = await matchEntries(client, entriesOf(include), ownDatabase(client), []);
    return matches.length === 0 || matches.some(({ here }) => here);
  },
  async measure(filters) {
    const { rows } = await client.ask('SELECT sqlite_version() AS version');
    const relations = await relationsInScope(client, filters);
    return { relations: relations.length, version: String(rows[0]?.[0]), minimumVersion: MINIMUM_VERSION };
  },
});
