import { readFileSync } from 'node:fs';
import { fillIn } from '../../../../text/fill-in.ts';
import type { CatalogQueries, CatalogState, RowTakers } from '../../../catalog/catalog.ts';
import type { Part } from '../../../catalog/faults.ts';
import { escaped, isFaulty, isOneOf, type Scope, STORED, scopeOf } from '../postgres-placeholders.ts';
import { bytesOf } from '../scope/postgres-shared-texts.ts';

const read = (file: URL) => readFileSync(file, 'utf8');
const databaseSql = read(new URL('./postgres-database.sql', import.meta.url));
const schemaSql = read(new URL('./postgres-schema.sql', import.meta.url));
const tableSql = read(new URL('./postgres-table.sql', import.meta.url));
const columnSql = read(new URL('./postgres-column.sql', import.meta.url));
const ambiguousNamesSql = read(new URL('./postgres-ambiguous-names.sql', import.meta.url));
const procedureSql = read(new URL('./postgres-procedure.sql', import.meta.url));

/** SQL expression for the names of the argument types of a routine, `p`. */
export const ARGUMENTS = read(new URL('./postgres-arguments.sql', import.meta.url)).trim();

/** Columns whose values are the same for the whole server. */
const sharedColumns: CatalogQueries['shared'] = {
  database: { database: ['database_name'], texts: ['datname', 'datcollate', 'datctype', 'datacl'] },
  schema: { database: ['catalog_name'], texts: ['schema_owner'] },
  table: { database: ['table_catalog', 'user_defined_type_catalog'], texts: [] },
  column: { database: ['table_catalog'], texts: [] },
  'extras-procedure': { database: ['procedure_catalog'], texts: ['source_owner'] },
};

const ownerOf = (oid: string) => bytesOf(`pg_catalog.pg_get_userbyid(${oid})`);

/** pg_attribute has generated columns from this version on. */
const GENERATED_COLUMNS_VERSION = 12;
const MEASURED = `SELECT size.key::oid AS relation, size.value::int8 AS bytes
  FROM pg_catalog.json_each_text(nullif(pg_catalog.current_setting('ferry.sizes', true), '')::json) AS size`;
const MEASURED_NOW = `SELECT stored.relation, pg_catalog.pg_relation_size(stored.relation) AS bytes FROM (${STORED}) AS stored`;

function tablesOf({ faults, guarded }: CatalogState, scope: Scope, { takers, unknown }: RowTakers) {
  const without = (part: Part) => isFaulty(faults, part, 'c.oid');
  return fillIn(tableSql, {
    ...scope,
    SIZES: guarded ? MEASURED : fillIn(MEASURED_NOW, scope),
    INSERTABLE: isOneOf('c.oid', takers),
    NO_INSERTABLE: isOneOf('c.oid', unknown),
    NO_COMMENT: without('comment'),
    NO_BOUND: without('bound'),
    NO_ROW_TYPE: without('rowType'),
    NO_PARENT: without('parent'),
    ESCAPED_PARENT: escaped('parent.relname::text'),
    ESCAPED_PARENT_SCHEMA: escaped('parent_schema.nspname::text'),
  });
}

function columnsOf({ faults, serverVersion }: CatalogState, scope: Scope) {
  const without = (part: Part) => isFaulty(faults, part, 'a.attrelid', 'a.attnum');
  const hasGenerated = Number.parseInt(serverVersion, 10) >= GENERATED_COLUMNS_VERSION;
  return fillIn(columnSql, {
    ...scope,
    GENERATED: hasGenerated ? 'a.attgenerated' : "''",
    NO_TYPE: without('type'),
    NO_DEFAULT: without('default'),
    NO_KEYS: without('keys'),
    NO_COMMENT: without('columnComment'),
    ESCAPED_TYPE: escaped('attribute.typname::text'),
    ESCAPED_ELEMENT: escaped('attribute.element_name'),
  });
}

/** @see Catalog.queries */
export function queriesOf(state: CatalogState, rows: RowTakers): CatalogQueries {
  const scope = scopeOf(state);
  const without = (part: Part) => isFaulty(state.faults, part, 'p.oid');
  return {
    ambiguousNames: fillIn(ambiguousNamesSql, scope),
    rows: {
      database: fillIn(databaseSql, {
        DATNAME: bytesOf('d.datname'),
        DATCOLLATE: bytesOf('d.datcollate'),
        DATCTYPE: bytesOf('d.datctype'),
        DATACL: bytesOf('d.datacl'),
      }),
      schema: fillIn(schemaSql, { ...scope, OWNER: ownerOf('n.nspowner') }),
      table: tablesOf(state, scope, rows),
      column: columnsOf(state, scope),
      'extras-procedure': fillIn(procedureSql, {
        ...scope,
        OWNER: ownerOf('routine.proowner'),
        NO_SOURCE: without('source'),
        NO_ARGUMENTS: without('arguments'),
        ARGUMENTS,
        ESCAPED_ARGUMENTS: escaped(ARGUMENTS),
      }),
    },
    shared: sharedColumns,
  };
}
