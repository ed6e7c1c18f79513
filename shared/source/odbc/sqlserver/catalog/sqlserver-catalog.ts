import type { Catalog } from '../../../catalog/catalog.ts';
import { databaseName } from './sqlserver-names.ts';
import { queriesOf } from './sqlserver-rows.ts';
import { sqlServerScope } from './sqlserver-scope.ts';

/**
 * SQL Server's catalog views, from their documentation only. They show committed changes at once, even inside a
 * transaction, so what is read must be compared ({@link Catalog.isInMotion}). Entities have the form of the Postgres
 * app's.
 */
export const sqlServerCatalog: Catalog = {
  form: 'postgres',
  place: {
    own: ({ database }) => database,
    loginFor: (login, database) => ({ ...login, database }),
  },
  scope: sqlServerScope,
  queries: queriesOf,
  readSharedTexts: async (ask) => ({ database: await databaseName({ ask }), texts: new Map() }),
  isInMotion: true,
};
