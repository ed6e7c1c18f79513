import { readFileSync } from 'node:fs';
import { fillIn } from '../../../../text/fill-in.ts';
import type { CatalogQueries, CatalogState, RowsQuery, RowTakers } from '../../../catalog/catalog.ts';
import type { EntityFolder } from '../../../catalog/entity-folders.ts';
import type { Part } from '../../../catalog/faults.ts';
import { replaceSharedColumns, type SharedColumns } from '../../../catalog/shared-columns.ts';
import {
  escaped,
  isFaulty,
  isOneOf,
  relationsInScope,
  type Scope,
  STORED,
  scopeOf,
} from '../postgres-placeholders.ts';
import { bytesOf } from '../scope/postgres-shared-texts.ts';

const read = (file: URL) => readFileSync(file, 'utf8');
const databaseSql = read(new URL('./postgres-database.sql', import.meta.url));
const schemaSql = read(new URL('./postgres-schema.sql', import.meta.url));
const tableSql = read(new URL('./postgres-table.sql', import.meta.url));
const columnSql = read(new URL('./postgres-column.sql', import.meta.url));
const ambiguousNamesSql = read(new URL('./postgres-ambiguous-names.sql', import.meta.url));
const procedureSql = read(new URL('./postgres-procedure.sql', import.meta.url));

const typeNameSql = read(new URL('./postgres-type-name.sql', import.meta.url)).trim();
const argumentsSql = read(new URL('./postgres-arguments.sql', import.meta.url)).trim();
const argumentListSql = read(new URL('./postgres-argument-list.sql', import.meta.url)).trim();
const returnTypeSql = read(new URL('./postgres-return-type.sql', import.meta.url)).trim();
const signatureSql = read(new URL('./postgres-signature.sql', import.meta.url)).trim();
const columnDetailsSql = read(new URL('./postgres-column-details.sql', import.meta.url)).trim();
const columnJoinsSql = read(new URL('./postgres-column-joins.sql', import.meta.url)).trim();

const typeName = (type: string, modifier = 'NULL') => fillIn(typeNameSql, { TYPE: type, MODIFIER: modifier });
const ARGUMENT_TYPE = typeName('argument.type');

/** SQL expression for the declared type of a column, `a`. */
export const COLUMN_TYPE = typeName('a.atttypid', 'a.atttypmod');
/** SQL expression for the names of the argument types of a routine, `p`. */
export const ARGUMENTS = fillIn(argumentsSql, { TYPE_NAME: ARGUMENT_TYPE });
/** SQL expressions for the arguments of a routine, `p`, and for what it returns. */
export const ARGUMENT_LIST = fillIn(argumentListSql, { TYPE_NAME: ARGUMENT_TYPE });
export const RETURN_TYPE = fillIn(returnTypeSql, { ARGUMENT_TYPE, TYPE_NAME: typeName('p.prorettype') });

/** What the rows of columns have only with details; so do the others. */
const COLUMN_DETAILS = [
  'raw_type_definition',
  'is_indexed',
  'partition_position',
  'foreign_schema',
  'foreign_table',
  'foreign_column',
];
const ROUTINE_DETAILS = ['language', 'argument_list', 'return_type'];
const further = (of: string, columns: readonly string[]) =>
  columns.map((column) => `, ${of}.${column}`).join('');

/** Columns whose values are the same for the whole server. */
const sharedColumns = (details: boolean): Readonly<Record<EntityFolder, SharedColumns>> => ({
  database: { database: ['database_name'], texts: ['datname', 'datcollate', 'datctype', 'datacl'] },
  schema: { database: ['catalog_name'], texts: ['schema_owner'] },
  table: {
    database: ['table_catalog', 'user_defined_type_catalog'],
    texts: details ? ['table_owner'] : [],
  },
  column: { database: ['table_catalog'], texts: [] },
  'extras-procedure': { database: ['procedure_catalog'], texts: ['source_owner'] },
});

const ownerOf = (oid: string) => bytesOf(`pg_catalog.pg_get_userbyid(${oid})`);

/** pg_attribute has generated columns from this version on. */
const GENERATED_COLUMNS_VERSION = 12;
/** The same for pg_proc.prokind and pg_index.indnkeyatts. */
const PROCEDURES_VERSION = 11;
/** The first that distinguishes a relation without statistics from one without rows. */
const NO_STATISTICS_VERSION = 14;
/** From this version on, a foreign key may refer to a table with partitions, and has a copy for each of them. */
const COPIED_KEYS_VERSION = 12;
const majorOf = (version: string) => Number.parseInt(version, 10);
const MEASURED = `SELECT size.key::oid AS relation, size.value::int8 AS bytes
  FROM pg_catalog.json_each_text(nullif(pg_catalog.current_setting('ferry.sizes', true), '')::json) AS size`;
const MEASURED_NOW = `SELECT stored.relation, pg_catalog.pg_relation_size(stored.relation) AS bytes FROM (${STORED}) AS stored`;

function tablesOf(
  { faults, guarded, details, serverVersion }: CatalogState,
  scope: Scope,
  { takers, unknown }: RowTakers,
) {
  const without = (part: Part) => isFaulty(faults, part, 'c.oid');
  return fillIn(tableSql, {
    ...scope,
    SIZES: guarded ? MEASURED : fillIn(MEASURED_NOW, scope),
    INSERTABLE: isOneOf('c.oid', takers),
    // Before, both are 0: then only a table without a page is known to have no rows.
    NO_STATISTICS:
      majorOf(serverVersion) >= NO_STATISTICS_VERSION
        ? 'c.reltuples < 0'
        : "c.reltuples = 0 AND c.relpages = 0 AND (c.relkind IN ('p', 'f') OR stored.bytes > 0)",
    NO_INSERTABLE: isOneOf('c.oid', unknown),
    NO_COMMENT: without('comment'),
    NO_BOUND: without('bound'),
    NO_ROW_TYPE: without('rowType'),
    NO_PARENT: without('parent'),
    ESCAPED_PARENT: escaped('parent.relname::text'),
    ESCAPED_PARENT_SCHEMA: escaped('parent_schema.nspname::text'),
    DETAILS: details ? `, ${ownerOf('c.relowner')} AS table_owner` : '',
  });
}

function columnsOf(state: CatalogState, scope: Scope) {
  const { faults, serverVersion, details } = state;
  const without = (part: Part) => isFaulty(faults, part, 'a.attrelid', 'a.attnum');
  const hasGenerated = majorOf(serverVersion) >= GENERATED_COLUMNS_VERSION;
  return fillIn(columnSql, {
    ...scope,
    GENERATED: hasGenerated ? 'a.attgenerated' : "''",
    NO_TYPE: without('type'),
    NO_DEFAULT: without('default'),
    NO_KEYS: without('keys'),
    NO_COMMENT: without('columnComment'),
    ESCAPED_TYPE: escaped('attribute.typname::text'),
    ESCAPED_ELEMENT: escaped('attribute.element_name'),
    ...(details ? columnDetails(state, without('type')) : NO_COLUMN_DETAILS),
  });
}

const NO_COLUMN_DETAILS = { DETAILS: '', OWN_DETAILS: '', DETAIL_JOINS: '' };

function columnDetails(state: CatalogState, noType: string): typeof NO_COLUMN_DETAILS {
  const major = majorOf(state.serverVersion);
  return {
    DETAILS: further('attribute', COLUMN_DETAILS),
    OWN_DETAILS: `,\n${fillIn(columnDetailsSql, { NO_TYPE: noType, TYPE_NAME: COLUMN_TYPE })}\n`,
    DETAIL_JOINS: `\n${fillIn(columnJoinsSql, {
      KEY_COLUMNS: major >= PROCEDURES_VERSION ? 'i.indnkeyatts' : 'i.indnatts',
      TARGET_IN_SCOPE: relationsInScope(state, 'target'),
      NO_TARGET_COLUMN: isFaulty(state.faults, 'column', 't.attrelid', 't.attnum'),
      IS_COPY:
        major >= COPIED_KEYS_VERSION
          ? 'k.conparentid <> 0 AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS up WHERE up.oid = k.conparentid AND up.conrelid = k.conrelid OFFSET 0)'
          : 'false',
    })}\n`,
  };
}

const NO_ROUTINE_DETAILS = { DETAILS: '', SIGNATURE: '' };

function routineDetails({ serverVersion }: CatalogState, noArguments: string): typeof NO_ROUTINE_DETAILS {
  const signature = fillIn(signatureSql, {
    NO_ARGUMENTS: noArguments,
    ARGUMENT_LIST,
    RETURN_TYPE,
    IS_PROCEDURE: majorOf(serverVersion) >= PROCEDURES_VERSION ? "p.prokind = 'p'" : 'false',
  });
  return { DETAILS: further('routine', ROUTINE_DETAILS), SIGNATURE: `,\n${signature}\n` };
}

/** @see Catalog.queries */
export function queriesOf(state: CatalogState, rows: RowTakers): CatalogQueries {
  const scope = scopeOf(state);
  const { database, texts } = state.shared;
  const without = (part: Part) => isFaulty(state.faults, part, 'p.oid');
  const query = (folder: EntityFolder, sql: string): RowsQuery => {
    const replaced = replaceSharedColumns(sharedColumns(state.details)[folder], database, texts);
    return { sql, select: (relation) => `SELECT * REPLACE (${replaced.join(', ')}) FROM ${relation}` };
  };
  return {
    ambiguousNames: { sql: fillIn(ambiguousNamesSql, scope) },
    rows: {
      database: query(
        'database',
        fillIn(databaseSql, {
          DATNAME: bytesOf('d.datname'),
          DATCOLLATE: bytesOf('d.datcollate'),
          DATCTYPE: bytesOf('d.datctype'),
          DATACL: bytesOf('d.datacl'),
        }),
      ),
      schema: query('schema', fillIn(schemaSql, { ...scope, OWNER: ownerOf('n.nspowner') })),
      table: query('table', tablesOf(state, scope, rows)),
      column: query('column', columnsOf(state, scope)),
      'extras-procedure': query(
        'extras-procedure',
        fillIn(procedureSql, {
          ...scope,
          OWNER: ownerOf('routine.proowner'),
          NO_SOURCE: without('source'),
          NO_ARGUMENTS: without('arguments'),
          ARGUMENTS,
          ESCAPED_ARGUMENTS: escaped(ARGUMENTS),
          ...(state.details ? routineDetails(state, without('arguments')) : NO_ROUTINE_DETAILS),
        }),
      ),
    },
  };
}
