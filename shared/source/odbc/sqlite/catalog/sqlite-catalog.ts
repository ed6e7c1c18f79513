import { ConfigError } from '../../../../errors.ts';
import type { Catalog } from '../../../catalog/catalog.ts';
import { databaseOf } from './sqlite-names.ts';
import { queriesOf } from './sqlite-rows.ts';
import { sqliteScope } from './sqlite-scope.ts';

/**
 * The catalog of a file of SQLite's: its pragmas, in one snapshot. Atlan has no app for it, so entities have the form of
 * the Postgres app's.
 */
export const sqliteCatalog: Catalog = {
  form: 'postgres',
  place: {
    own: ({ database }) => databaseOf(database),
    loginFor(login, database) {
      if (database === databaseOf(login.database)) return login;
      throw new ConfigError(`A file of SQLite has no database "${database}", but only itself.`, {
        hint: `Leave \`databases\` out, or write ["${databaseOf(login.database)}"].`,
      });
    },
  },
  scope: sqliteScope,
  queries: queriesOf,
};
