import { readFileSync } from 'node:fs';
import { quoteLiteral } from '../../../../duckdb/sql-text.ts';
import { fillIn } from '../../../../text/fill-in.ts';
import { ambiguousAmong } from '../../../catalog/ambiguous-names.ts';
import type {
  CatalogClient,
  CatalogQueries,
  CatalogState,
  RowsQuery,
  RowTakers,
} from '../../../catalog/catalog.ts';
import { textOfUtf16 } from '../sqlserver-types.ts';
import { readParameters, readReferences, UNSEEN } from './sqlserver-completion.ts';
import { hiddenAmong, limitsOf } from './sqlserver-limits.ts';
import { kept, listRelations, listSchemas, placeholdersOf, schemasInScope } from './sqlserver-names.ts';

const read = (file: URL) => readFileSync(file, 'utf8');
const databaseSql = read(new URL('./sql/sqlserver-database.sql', import.meta.url));
const schemaSql = read(new URL('./sql/sqlserver-schema.sql', import.meta.url));
const tableSql = read(new URL('./sql/sqlserver-table.sql', import.meta.url));
const columnSql = read(new URL('./sql/sqlserver-column.sql', import.meta.url));
const procedureSql = read(new URL('./sql/sqlserver-procedure.sql', import.meta.url));
const parametersSql = read(new URL('./sql/sqlserver-parameters.sql', import.meta.url));
const referencesSql = read(new URL('./sql/sqlserver-references.sql', import.meta.url));
const typeSql = read(new URL('./sql/sqlserver-type.sql', import.meta.url));

/** https://learn.microsoft.com/sql/relational-databases/pages-and-extents-architecture-guide */
const PAGE_BYTES = 8_192;

/** DuckDB SQL for a text that was sent as digits; null if it was. What is no text stays as these. */
const text = (column: string) => `coalesce(${textOfUtf16(column)}, ${column})`;
/** The same of a type, which the login may not see. */
const typeText = (column: string) => `coalesce(${text(column)}, '${UNSEEN}')`;
const flag = (column: string) => `CAST(${column} AS INTEGER) <> 0`;
const yesOrNo = (condition: string) => `CASE WHEN ${condition} THEN 'YES' ELSE 'NO' END`;
const number = (column: string) => `CAST(${column} AS INTEGER)`;

const TABLE_TYPE = `CASE table_kind WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' ELSE 'TABLE' END`;

const FLAGS = ['is_nullable', 'is_auto_increment', 'is_generated', 'is_identity', 'is_primary', 'is_foreign']
  .map((column, index) => `${2 ** index} * (${column}::VARCHAR IN ('YES', 'true'))::INTEGER`)
  .join(' + ');

const tableRows = (database: string, from: string, details: string) => `
  SELECT
    ${database} AS table_catalog, ${text('table_schema')} AS table_schema, ${text('table_name')} AS table_name,
    CAST(row_count AS BIGINT) AS row_count, ${number('column_count')} AS column_count,
    table_kind, ${TABLE_TYPE} AS table_type, false AS is_partition,
    -- A partition function has no other form than ranges.
    CASE WHEN table_kind = 'p' THEN 'r' END AS partition_strategy, ${number('partition_count')} AS partition_count,
    NULL::VARCHAR AS parent_table_name, NULL::VARCHAR AS parent_table_schema, NULL::BOOLEAN AS partitioned_parent_table,
    NULL::VARCHAR AS partition_constraint,
    CASE WHEN table_kind = 'p' THEN 1 END AS number_columns_in_part_key,
    CAST(${number('partition_column')} AS VARCHAR) AS columns_participating_in_part_key,
    ${text('view_definition')} AS view_definition,
    -- Whether a view or an external table takes rows, the catalog does not say.
    CASE WHEN table_kind IN ('r', 'p') THEN 'YES' END AS is_insertable_into, 'NO' AS is_typed,
    ${text('remarks')} AS remarks, CAST(pages AS BIGINT) * ${PAGE_BYTES} AS size_bytes, false AS is_parent_in_scope${details}
  FROM ${from}`;

const columnRows = (database: string, from: string, details: string) => `
  SELECT *, CAST(${FLAGS} AS INTEGER) AS flags FROM (
    SELECT
      ${database} AS table_catalog, ${text('table_schema')} AS table_schema, ${text('table_name')} AS table_name,
      ${text('column_name')} AS column_name, ${number('ordinal_position')} AS ordinal_position,
      ${text('column_def')} AS column_def, ${yesOrNo(flag('is_nullable'))} AS is_nullable,
      ${typeText('data_type')} AS data_type,
      ${yesOrNo(`${flag('is_identity')} OR ${flag('is_sequence')}`)} AS is_auto_increment,
      NULL::INTEGER AS numeric_precision, ${number('character_octet_length')} AS character_octet_length,
      ${yesOrNo(flag('is_generated'))} AS is_generated, ${yesOrNo(flag('is_identity'))} AS is_identity,
      NULL::VARCHAR AS identity_cycle, ${typeText('declared')} AS column_size,
      ${number('decimal_digits')} AS decimal_digits,
      ${TABLE_TYPE} AS table_type, false AS belongs_to_partition, table_kind = 'p' AS partitioned_table,
      nullif(concat_ws(',', CASE WHEN ${flag('is_foreign')} THEN 'f' END, CASE WHEN ${flag('is_primary')} THEN 'p' END,
        CASE WHEN ${flag('is_unique')} THEN 'u' END), '') AS constraint_type,
      nullif(concat_ws(',', ${text('foreign_name')}, ${text('primary_name')}, ${text('unique_name')}), '') AS constraint_name,
      ${text('remarks')} AS remarks, ${number('numeric_scale')} AS numeric_scale, ${number('max_length')} AS max_length,
      ${flag('is_primary')} AS is_primary, ${flag('is_foreign')} AS is_foreign,
      ${number('table_number')} AS table_number, ${number('type_number')} AS type_number${details}
    FROM ${from})`;

const columnDetails = `,
  ${text('declared')} AS raw_type_definition, ${flag('is_indexed')} AS is_indexed,
  ${number('partition_position')} AS partition_position,
  NULL::VARCHAR AS foreign_schema, NULL::VARCHAR AS foreign_table, NULL::VARCHAR AS foreign_column`;

const procedureRows = (database: string, from: string, details: string) => `
  SELECT
    ${database} AS procedure_catalog, ${text('procedure_schema')} AS procedure_schema,
    ${text('procedure_name')} AS procedure_name, coalesce(${text('source_owner')}, '') AS source_owner,
    ${text('procedure_definition')} AS procedure_definition, routine_number AS argument_types,
    false AS is_overloaded${details}
  FROM ${from}`;

/** @see Catalog.queries */
export async function queriesOf(
  { filters, shared: { database: name }, details }: CatalogState,
  _rows: RowTakers,
  client: CatalogClient,
): Promise<CatalogQueries> {
  const all = await listSchemas(client);
  const schemas = await schemasInScope(client, filters, name, all);
  const relations = await listRelations(client, filters, schemas);
  const placeholders = placeholdersOf(schemas);
  const fill = (sql: string, of = ''): string =>
    fillIn(sql, { ...placeholders, TYPE: fillIn(typeSql, { OF: of }) });
  const database = quoteLiteral(name);
  const keptRelations = kept(filters, text('table_name'));
  const query = (sql: string, select: (from: string) => string): RowsQuery => ({ sql, select });
  const references = details
    ? await readReferences(client, { sql: fill(referencesSql) }, new Set(relations.map(({ id }) => id)))
    : undefined;
  return {
    ambiguousNames: ambiguousAmong(
      schemas.map((schema) => schema.name),
      relations,
    ),
    rows: {
      database: query(
        databaseSql,
        (from) =>
          `SELECT ${database} AS datname, ${database} AS database_name, ${all.length} AS schema_count, ${text('datcollate')} AS datcollate, ${number('compatibility_level')} AS compatibility_level FROM ${from}`,
      ),
      schema: query(
        fill(schemaSql),
        (from) =>
          `SELECT ${database} AS catalog_name, ${text('schema_name')} AS schema_name, coalesce(${text('schema_owner')}, '') AS schema_owner, ${number('table_count')} AS table_count, ${number('views_count')} AS views_count FROM ${from}`,
      ),
      table: query(fill(tableSql), (from) =>
        tableRows(
          database,
          `${from} WHERE ${keptRelations}`,
          details ? `, coalesce(${text('table_owner')}, '') AS table_owner` : '',
        ),
      ),
      column: query(fill(columnSql, 'c'), (from) =>
        columnRows(database, `${from} WHERE ${keptRelations}`, details ? columnDetails : ''),
      ),
      'extras-procedure': query(fill(procedureSql), (from) =>
        procedureRows(
          database,
          from,
          details ? ', language, NULL::VARCHAR AS argument_list, return_type' : '',
        ),
      ),
    },
    complete: {
      ...(references ? { column: references.complete } : {}),
      'extras-procedure': await readParameters(client, { sql: fill(parametersSql, 'p') }),
    },
    ...(references ? { referenced: references.referenced } : {}),
    expected: relations.map(({ schema, name: relation }) => ({ schema, name: relation })),
    warnings: [...(await limitsOf(client)), ...(await hiddenAmong(client, schemas))],
  };
}
