import { readFileSync } from 'node:fs';
import { quoteLiteral } from '../../../../duckdb/sql-text.ts';
import { fillIn } from '../../../../text/fill-in.ts';
import { nameSome } from '../../../../text/name-some.ts';
import type { CatalogClient, CatalogQueries, CatalogState, RowTakers } from '../../../catalog/catalog.ts';
import {
  isInScope,
  kept,
  listRelations,
  quoteText,
  SCHEMA,
  type SqliteRelation,
  textOf,
} from './sqlite-names.ts';

const read = (file: URL) => readFileSync(file, 'utf8');
const databaseSql = read(new URL('./sqlite-database.sql', import.meta.url));
const schemaSql = read(new URL('./sqlite-schema.sql', import.meta.url));
const tableSql = read(new URL('./sqlite-table.sql', import.meta.url));
const statisticsSql = read(new URL('./sqlite-statistics.sql', import.meta.url)).trim();
const columnSql = read(new URL('./sqlite-column.sql', import.meta.url));
const namelessSql = read(new URL('./sqlite-nameless.sql', import.meta.url));
const procedureSql = read(new URL('./sqlite-procedure.sql', import.meta.url));

/** DuckDB SQL for a text that was sent as hexadecimal digits. What is no UTF-8 stays as these. */
const text = (column: string) => `coalesce(TRY(decode(unhex(${column}))), ${column})`;
/** The same of one that may be missing: of nothing, SQLite makes no digits. */
const textOrNull = (column: string) => `nullif(${text(column)}, '')`;
const flag = (column: string) => `CAST(${column} AS INTEGER) <> 0`;
const yesOrNo = (condition: string) => `CASE WHEN ${condition} THEN 'YES' ELSE 'NO' END`;
const number = (column: string) => `CAST(${column} AS INTEGER)`;

/** Of the declared type, which may be anything: `VARCHAR(20)`, `DECIMAL(10,2)`, nothing. */
const DECLARED = text('declared');
const BASE = `coalesce(nullif(trim(regexp_replace(${DECLARED}, '[(].*$', '', 's')), ''), 'ANY')`;
const inBraces = (group: number) =>
  `TRY_CAST(nullif(regexp_extract(${DECLARED}, '[(] *(\\d{1,9}) *(?:, *(\\d{1,9}) *)?[)]', ${group}), '') AS INTEGER)`;
const IS_TEXT = `regexp_matches(${DECLARED}, '(?i)char|clob|text')`;
const IS_DECIMAL = `regexp_matches(${DECLARED}, '(?i)^ *(decimal|numeric)')`;
const TABLE_TYPE = `CASE kind WHEN 'view' THEN 'VIEW' WHEN 'virtual' THEN 'VIRTUAL TABLE' ELSE 'TABLE' END`;

const flags = ['is_nullable', 'is_auto_increment', 'is_generated', 'is_primary', 'is_foreign'];
const FLAGS = flags
  .map((column, index) => `${2 ** index} * (${column}::VARCHAR IN ('YES', 'true'))::INTEGER`)
  .join(' + ');

const columnRows = (database: string, condition: string, details: string) => `
  SELECT *, CAST(${FLAGS} AS INTEGER) AS flags FROM (
    SELECT
      ${database} AS table_catalog, '${SCHEMA}' AS table_schema, ${text('table_name')} AS table_name,
      ${text('column_name')} AS column_name, ${number('ordinal_position')} AS ordinal_position,
      ${textOrNull('column_def')} AS column_def,
      ${yesOrNo(`NOT (${flag('required')} OR ${flag('is_rowid')})`)} AS is_nullable,
      ${BASE} AS data_type, ${yesOrNo(flag('is_rowid'))} AS is_auto_increment,
      NULL::INTEGER AS numeric_precision, NULL::INTEGER AS character_octet_length,
      ${yesOrNo(flag('is_generated'))} AS is_generated, 'NO' AS is_identity, NULL::VARCHAR AS identity_cycle,
      coalesce(nullif(${DECLARED}, ''), 'ANY') AS column_size,
      CASE WHEN ${IS_DECIMAL} THEN nullif(${inBraces(1)}, 0) END AS decimal_digits,
      ${TABLE_TYPE} AS table_type, false AS belongs_to_partition, false AS partitioned_table,
      nullif(concat_ws(',', CASE WHEN ${flag('is_foreign')} THEN 'f' END, CASE WHEN ${flag('is_primary')} THEN 'p' END,
        CASE WHEN ${flag('is_unique')} AND NOT ${flag('is_primary')} THEN 'u' END), '') AS constraint_type,
      NULL::VARCHAR AS constraint_name, NULL::VARCHAR AS remarks,
      CASE WHEN ${IS_DECIMAL} THEN coalesce(${inBraces(2)}, 0) ELSE 0 END AS numeric_scale,
      CASE WHEN ${IS_TEXT} THEN coalesce(${inBraces(1)}, 0) ELSE 0 END AS max_length,
      ${flag('is_primary')} AS is_primary, ${flag('is_foreign')} AS is_foreign,
      ${number('table_number')} AS table_number, ${number('type_number')} AS type_number${details}
    FROM ${condition})`;

/** What is there only with details. A key that refers to something outside the filters refers to nothing. */
const columnDetails = (isKept: string) => `,
  coalesce(nullif(${DECLARED}, ''), 'ANY') AS raw_type_definition,
  ${flag('has_index')} OR ${flag('is_rowid')} AS is_indexed, NULL::INTEGER AS partition_position,
  CASE WHEN ${isKept} THEN '${SCHEMA}' END AS foreign_schema,
  CASE WHEN ${isKept} THEN ${textOrNull('foreign_table')} END AS foreign_table,
  CASE WHEN ${isKept} THEN ${textOrNull('foreign_column')} END AS foreign_column`;

const tableRows = (database: string, from: string, details: string) => `
  SELECT
    ${database} AS table_catalog, '${SCHEMA}' AS table_schema, ${text('table_name')} AS table_name,
    TRY_CAST(row_count AS BIGINT) AS row_count, ${number('column_count')} AS column_count,
    CASE WHEN kind = 'view' THEN 'v' ELSE 'r' END AS table_kind, ${TABLE_TYPE} AS table_type, false AS is_partition,
    NULL::VARCHAR AS partition_strategy, NULL::INTEGER AS partition_count, NULL::VARCHAR AS parent_table_name,
    NULL::VARCHAR AS parent_table_schema, NULL::BOOLEAN AS partitioned_parent_table,
    NULL::VARCHAR AS partition_constraint, NULL::INTEGER AS number_columns_in_part_key,
    NULL::VARCHAR AS columns_participating_in_part_key, ${textOrNull('view_definition')} AS view_definition,
    ${yesOrNo("kind <> 'view'")} AS is_insertable_into, 'NO' AS is_typed, NULL::VARCHAR AS remarks,
    CAST(0 AS BIGINT) AS size_bytes, false AS is_parent_in_scope, ${flag('without_rowid')} AS is_without_rowid${details}
  FROM ${from}`;

/** @see Catalog.queries */
export async function queriesOf(
  { filters, shared: { database: name }, details }: CatalogState,
  _rows: RowTakers,
  client: CatalogClient,
): Promise<CatalogQueries> {
  const database = quoteLiteral(name);
  const inScope = await isInScope(client, filters);
  const relations = await listRelations(client);
  const broken = relations.filter((relation) => relation.broken !== undefined);
  const READABLE =
    broken.length === 0 ? 'true' : `t.name NOT IN (${broken.map((one) => quoteText(one.name)).join(', ')})`;
  const where = (column: string) => `${inScope} AND ${column} <> '' AND ${kept(filters, text(column))}`;
  const { rows: counted } = await client.ask(
    "SELECT count(*) AS n FROM main.sqlite_master WHERE name = 'sqlite_stat1'",
  );
  const STATISTICS =
    Number(counted[0]?.[0]) > 0 ? statisticsSql : "SELECT '' AS relation, 0 AS rows WHERE false";
  const isKept = `coalesce(foreign_column, '') <> '' AND ${kept(filters, text('foreign_table'))}`;
  return {
    ambiguousNames: relations
      .filter((relation) => /[/%(]/.test(relation.name))
      .map((relation): [string, string] => [SCHEMA, relation.name]),
    rows: {
      database: {
        sql: databaseSql,
        select: (from) =>
          `SELECT ${database} AS datname, ${database} AS database_name, ${number('schema_count')} AS schema_count, ${text('encoding')} AS encoding FROM ${from}`,
      },
      schema: {
        sql: schemaSql,
        select: (from) =>
          `SELECT ${database} AS catalog_name, ${text('schema_name')} AS schema_name, '' AS schema_owner, ${number('table_count')} AS table_count, ${number('views_count')} AS views_count FROM ${from} WHERE ${inScope}`,
      },
      table: {
        sql: fillIn(tableSql, { STATISTICS, READABLE }),
        select: (from) =>
          tableRows(database, `${from} WHERE ${where('table_name')}`, details ? ", '' AS table_owner" : ''),
      },
      column: {
        sql: fillIn(columnSql, { READABLE }),
        select: (from) =>
          columnRows(
            database,
            `${from} WHERE ${where('table_name')} AND column_name <> ''`,
            details ? columnDetails(isKept) : '',
          ),
      },
      'extras-procedure': {
        sql: procedureSql,
        select: (from) =>
          `SELECT '' AS procedure_catalog, '' AS procedure_schema, procedure_name, '' AS source_owner, '' AS procedure_definition, '' AS argument_types, false AS is_overloaded${details ? ', NULL::VARCHAR AS language, NULL::VARCHAR AS argument_list, NULL::VARCHAR AS return_type' : ''} FROM ${from}`,
      },
    },
    warnings: [...broken.map(warningOf), ...(await namelessIn(client, inScope ? relations : [], READABLE))],
  };
}

/** SQLite allows names without a letter, for which Atlan has no place. */
async function namelessIn(
  { ask }: Pick<CatalogClient, 'ask'>,
  relations: readonly SqliteRelation[],
  readable: string,
): Promise<string[]> {
  const { rows } = await ask(fillIn(namelessSql, { READABLE: readable }));
  const owners = relations.length === 0 ? [] : rows.map(([hex]) => textOf(hex)).filter((name) => name !== '');
  return [
    ...(relations.some(({ name }) => name === '') ? ['Left out: a table or view without a name.'] : []),
    ...(owners.length === 0 ? [] : [`Left out: the columns without a name of ${nameSome(owners)}.`]),
  ];
}

const warningOf = ({ name, broken }: SqliteRelation) => `The columns of ${name} are missing: ${broken}.`;
