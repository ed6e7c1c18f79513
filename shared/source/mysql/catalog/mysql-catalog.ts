import { ConfigError } from '../../../errors.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { DATABASE } from './mysql-names.ts';
import { queriesOf } from './mysql-rows.ts';
import { mysqlScope } from './mysql-scope.ts';

/**
 * MySQL's and MariaDB's catalog: information_schema. It shows each statement the present, even in a transaction with a
 * snapshot, so what is read must be compared ({@link Catalog.isInMotion}).
 */
export const mysqlCatalog: Catalog = {
  form: 'mysql',
  place: {
    own: () => DATABASE,
    loginFor(login, database) {
      if (database === DATABASE) return login;
      throw new ConfigError(
        `A MySQL server has no database "${database}" in Atlan's sense, but one, "def".`,
        {
          hint: `MySQL's own databases are schemas of it: leave \`databases\` out, and write include: { "^def$": ["^${database}$"] }.`,
        },
      );
    },
  },
  scope: mysqlScope,
  queries: queriesOf,
  isInMotion: true,
};
