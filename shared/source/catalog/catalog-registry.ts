import type { OdbcProduct, SourceConfig } from '../../config/schema/ferry-config.ts';
import { ConfigError } from '../../errors.ts';
import { mysqlCatalog } from '../mysql/catalog/mysql-catalog.ts';
import { sqliteCatalog } from '../odbc/sqlite/catalog/sqlite-catalog.ts';
import { sqlServerCatalog } from '../odbc/sqlserver/catalog/sqlserver-catalog.ts';
import { postgresCatalog } from '../postgres/catalog/postgres-catalog.ts';
import type { Catalog } from './catalog.ts';

const catalogs: Readonly<Record<Exclude<SourceConfig['type'], 'odbc'>, Catalog>> = {
  postgres: postgresCatalog,
  mysql: mysqlCatalog,
};
/** Of the products behind ODBC that have one. */
const ofProducts: Readonly<Partial<Record<OdbcProduct, Catalog>>> = {
  postgresql: postgresCatalog,
  mariadb: mysqlCatalog,
  sqlite: sqliteCatalog,
  sqlserver: sqlServerCatalog,
};

/**
 * The catalog of a source's kind of database.
 *
 * @throws ConfigError for a kind that extractions do not support
 */
export function catalogOf({ type, odbc }: Pick<SourceConfig, 'type' | 'odbc'>): Catalog {
  const catalog = type === 'odbc' ? odbc && ofProducts[odbc.product] : catalogs[type];
  if (catalog) return catalog;
  throw new ConfigError(
    `Extractions cannot read the catalog of ${odbc?.product ?? 'a source of this type'}.`,
    {
      hint: `Of the products behind ODBC, they read ${Object.keys(ofProducts).join(' and ')}.`,
    },
  );
}
