import type { AskSource } from '../source/dialect.ts';
import { assertPatterns, type CatalogFilters, databaseInScope } from './filters.ts';

/** SQL of a SELECT for the databases of the server that the login may connect to, as column `name`: no templates, none half dropped. */
export const OPEN_DATABASES = `SELECT d.datname AS name FROM pg_catalog.pg_database AS d
WHERE d.datallowconn AND NOT d.datistemplate AND d.datconnlimit <> -2
  AND pg_catalog.has_database_privilege(d.oid, 'CONNECT')`;

/**
 * The databases of the server that the login may connect to and that the filters may leave something of, by name. A rule of pg_hba.conf
 * may still stand before one.
 *
 * @throws ConfigError when a filter is no regular expression
 */
export async function listDatabases(ask: AskSource, filters: CatalogFilters): Promise<string[]> {
  await assertPatterns(ask, filters);
  const { rows } = await ask(
    `${OPEN_DATABASES} AND ${databaseInScope(filters, 'd.datname')} ORDER BY d.datname::text COLLATE "C"`,
  );
  return rows.map(([name]) => String(name));
}
