import { readFileSync } from 'node:fs';
import { relationInScope, schemasInScope } from '../filters.ts';
import type { Catalog } from './catalog.ts';

const databaseSql = readFileSync(new URL('./postgres-database.sql', import.meta.url), 'utf8');
const schemaSql = readFileSync(new URL('./postgres-schema.sql', import.meta.url), 'utf8');
const tableSql = readFileSync(new URL('./postgres-table.sql', import.meta.url), 'utf8');
const columnSql = readFileSync(new URL('./postgres-column.sql', import.meta.url), 'utf8');
const ambiguousNamesSql = readFileSync(new URL('./postgres-ambiguous-names.sql', import.meta.url), 'utf8');
const procedureSql = readFileSync(new URL('./postgres-procedure.sql', import.meta.url), 'utf8');

/** pg_attribute knows generated columns from this version on. */
const GENERATED_COLUMNS_VERSION = 12;

export const postgresCatalog: Catalog = {
  // - search_path: pg_catalog first, so that no function or operator of a user's schema stands in for one of the server's. What else is
  //   on it decides which names are qualified in definitions and types, and stays as the login has it.
  // - jit and nested loops: the planner guesses a few rows where a big catalog has millions, above all before its first ANALYZE.
  // Taken from pg_settings, as not every version knows all of them.
  settings: `SELECT pg_catalog.current_database()::text AS database, pg_catalog.set_config(s.name, CASE s.name
      WHEN 'search_path' THEN pg_catalog.concat_ws(', ', 'pg_catalog', nullif(pg_catalog.current_setting('search_path'), ''))
      ELSE 'off' END, true) AS value
    FROM pg_catalog.pg_settings AS s
    WHERE s.name IN ('search_path', 'jit', 'enable_nestloop', 'quote_all_identifiers')`,

  queries(filters, serverVersion) {
    const scoped = (sql: string) =>
      // Functions, as a pattern may hold what replaceAll() takes for one of its own.
      sql
        .replaceAll('__SCOPE__', () => schemasInScope(filters))
        .replaceAll('__RELATION_IN_SCOPE__', () => relationInScope(filters, 'c.relname'))
        .replaceAll('__PARENT_IN_SCOPE__', () => relationInScope(filters, 'parent.relname'));
    const hasGenerated = Number.parseInt(serverVersion, 10) >= GENERATED_COLUMNS_VERSION;
    return {
      ambiguousNames: scoped(ambiguousNamesSql),
      rows: {
        database: databaseSql,
        schema: scoped(schemaSql),
        table: scoped(tableSql),
        column: scoped(columnSql.replaceAll('__GENERATED__', hasGenerated ? 'a.attgenerated' : "''")),
        'extras-procedure': scoped(procedureSql),
      },
    };
  },
};
