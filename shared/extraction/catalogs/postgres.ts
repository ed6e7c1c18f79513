import { readFileSync } from 'node:fs';
import { fillIn } from '../fill-in.ts';
import { relationInScope, schemasInScope } from '../filters.ts';
import { bytesOf, ENCODINGS, hexOf } from '../shared-texts.ts';
import type { Catalog, CatalogQueries } from './catalog.ts';

const databaseSql = readFileSync(new URL('./postgres-database.sql', import.meta.url), 'utf8');
const schemaSql = readFileSync(new URL('./postgres-schema.sql', import.meta.url), 'utf8');
const tableSql = readFileSync(new URL('./postgres-table.sql', import.meta.url), 'utf8');
const columnSql = readFileSync(new URL('./postgres-column.sql', import.meta.url), 'utf8');
const ambiguousNamesSql = readFileSync(new URL('./postgres-ambiguous-names.sql', import.meta.url), 'utf8');
const procedureSql = readFileSync(new URL('./postgres-procedure.sql', import.meta.url), 'utf8');
const sharedTextsSql = readFileSync(new URL('./postgres-shared-texts.sql', import.meta.url), 'utf8');

/** What in the answers is the same for the whole server. */
const sharedColumns: CatalogQueries['shared'] = {
  database: { database: ['database_name'], texts: ['datname', 'datcollate', 'datctype', 'datacl'] },
  schema: { database: ['catalog_name'], texts: ['schema_owner'] },
  table: { database: ['table_catalog', 'user_defined_type_catalog'], texts: [] },
  column: { database: ['table_catalog'], texts: [] },
  'extras-procedure': { database: ['procedure_catalog'], texts: ['source_owner'] },
};

const ownerOf = (oid: string) => bytesOf(`pg_catalog.pg_get_userbyid(${oid})`);

/** pg_attribute knows generated columns from this version on. */
const GENERATED_COLUMNS_VERSION = 12;

export const postgresCatalog: Catalog = {
  // What texts of the server depend on is the same for every login, and each text so too:
  // - search_path: what of it is visible stands without its schema in definitions and types. pg_catalog first, so that no function or
  //   operator of a user's schema stands in for one of the server's; public as in Atlan's app, whose logins have the default.
  // - TimeZone and lc_monetary: constants in defaults, views and bounds of partitions. What else these depend on is set at the
  //   beginning of each transaction (serverFacts of the dialect).
  // - jit and nested loops: the planner guesses a few rows where a big catalog has millions, above all before its first ANALYZE.
  // Taken from pg_settings, as not every version knows all of them.
  settings: `SELECT pg_catalog.set_config(s.name, CASE s.name
      WHEN 'search_path' THEN 'pg_catalog, public' WHEN 'TimeZone' THEN 'UTC' WHEN 'lc_monetary' THEN 'C'
      ELSE 'off' END, true) AS value
    FROM pg_catalog.pg_settings AS s
    WHERE s.name IN ('search_path', 'TimeZone', 'lc_monetary', 'jit', 'enable_nestloop', 'quote_all_identifiers')`,

  sharedTexts: fillIn(sharedTextsSql, {
    DATABASE: hexOf('pg_catalog.current_database()'),
    ROLE: hexOf('r.rolname'),
    TEXT: hexOf('of_database.text'),
    ENCODINGS,
  }),

  queries(filters, serverVersion, databaseName) {
    const scoped = (sql: string) =>
      // Functions, as a pattern may hold what replaceAll() takes for one of its own.
      sql
        .replaceAll('__SCOPE__', () => schemasInScope(filters, databaseName))
        .replaceAll('__RELATION_IN_SCOPE__', () => relationInScope(filters, 'c.relname'))
        .replaceAll('__PARENT_IN_SCOPE__', () => relationInScope(filters, 'parent.relname'));
    const hasGenerated = Number.parseInt(serverVersion, 10) >= GENERATED_COLUMNS_VERSION;
    return {
      ambiguousNames: scoped(ambiguousNamesSql),
      rows: {
        database: fillIn(databaseSql, {
          DATNAME: bytesOf('d.datname'),
          DATCOLLATE: bytesOf('d.datcollate'),
          DATCTYPE: bytesOf('d.datctype'),
          DATACL: bytesOf('d.datacl'),
        }),
        schema: scoped(schemaSql).replaceAll('__OWNER__', () => ownerOf('n.nspowner')),
        table: scoped(tableSql),
        column: scoped(columnSql.replaceAll('__GENERATED__', hasGenerated ? 'a.attgenerated' : "''")),
        'extras-procedure': scoped(procedureSql).replaceAll('__OWNER__', () => ownerOf('routine.proowner')),
      },
      shared: sharedColumns,
    };
  },
};
