import type { OdbcProduct } from '../../config/schema/ferry-config.ts';
import { odbcMariadbProfile } from './mariadb/odbc-mariadb-profile.ts';
import type { OdbcProfile } from './odbc-profile.ts';
import { odbcPostgresqlProfile } from './postgresql/odbc-postgresql-profile.ts';
import { sqliteProfile } from './sqlite/sqlite-profile.ts';
import { sqlServerProfile } from './sqlserver/sqlserver-profile.ts';

const profiles: Readonly<Record<OdbcProduct, OdbcProfile>> = {
  sqlite: sqliteProfile,
  postgresql: odbcPostgresqlProfile,
  mariadb: odbcMariadbProfile,
  sqlserver: sqlServerProfile,
};

/** The profile of a product. */
export function profileOf(product: OdbcProduct): OdbcProfile {
  return profiles[product];
}
