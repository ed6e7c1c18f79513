import { readFileSync } from 'node:fs';
import { quoteLiteral } from '../../../duckdb/sql-text.ts';
import { fillIn } from '../../../text/fill-in.ts';
import { formatCount } from '../../../text/format.ts';
import { ambiguousAmong } from '../../catalog/ambiguous-names.ts';
import type {
  CatalogClient,
  CatalogQueries,
  CatalogState,
  RowsQuery,
  RowTakers,
} from '../../catalog/catalog.ts';
import { matchesAnywhere } from '../../catalog/match-names.ts';
import { quoteMysqlText } from '../mysql-types.ts';
import { readColumnDetails } from './mysql-column-details.ts';
import { completeColumns, completeRoutines, USUAL_TYPE } from './mysql-completion.ts';
import {
  isRelation,
  listNames,
  listSchemas,
  type MysqlName,
  placeholdersOf,
  schemasInScope,
} from './mysql-names.ts';
import { relationsIn } from './mysql-scope.ts';
import { mysqlTypeColumns } from './mysql-type-columns.ts';
import { limitsOf } from './mysql-visibility.ts';

const read = (file: URL) => readFileSync(file, 'utf8');
const databaseSql = read(new URL('./sql/mysql-database.sql', import.meta.url));
const schemaSql = read(new URL('./sql/mysql-schema.sql', import.meta.url));
const tableSql = read(new URL('./sql/mysql-table.sql', import.meta.url));
const partitionSql = read(new URL('./sql/mysql-partition.sql', import.meta.url));
const columnSql = read(new URL('./sql/mysql-column.sql', import.meta.url));
const keysSql = read(new URL('./sql/mysql-keys.sql', import.meta.url));
const procedureSql = read(new URL('./sql/mysql-procedure.sql', import.meta.url));
const argumentsSql = read(new URL('./sql/mysql-arguments.sql', import.meta.url));
const procedureDetailsSql = read(new URL('./sql/mysql-procedure-details.sql', import.meta.url)).trim();
const indexesSql = read(new URL('./sql/mysql-indexes.sql', import.meta.url));
const referencesSql = read(new URL('./sql/mysql-references.sql', import.meta.url));
const packagesSql = read(new URL('./sql/mysql-packages.sql', import.meta.url));

const isMariadb = (version: string) => /mariadb/i.test(version);

/** SQL for milliseconds since 1970. */
const momentOf = (time: string) => `CAST(FLOOR(UNIX_TIMESTAMP(${time}) * 1000) AS SIGNED)`;

/** Of a partition `DEFAULT` of a LIST, MariaDB says what it says of one for the value 0. */
const LIST_OR_DEFAULT =
  "WHEN MAX(p.PARTITION_METHOD) = 'LIST' AND MAX(p.PARTITION_DESCRIPTION) = '0' THEN NULL";

/** Further rows for the query of the tables. */
function partitionsOf(
  placeholders: ReturnType<typeof placeholdersOf>,
  version: string,
  details: boolean,
): string {
  // MySQL opens each partition to count its rows, and waits for each that is locked; MariaDB does not (mysql-transaction.ts).
  const estimate = (of: string) => (isMariadb(version) ? `CAST(COALESCE(SUM(${of}), 0) AS SIGNED)` : 'NULL');
  const shared = {
    ...placeholders,
    ROWS: estimate('p.TABLE_ROWS'),
    BYTES: estimate('p.DATA_LENGTH + p.INDEX_LENGTH'),
    DATA_LENGTH: estimate('p.DATA_LENGTH'),
    DETAILS: details
      ? `, ${isMariadb(version) ? momentOf('MAX(p.UPDATE_TIME)') : 'NULL'} AS update_time`
      : '',
  };
  const partitions = fillIn(partitionSql, {
    ...shared,
    NAME: 'p.PARTITION_NAME',
    GROUP: 'CAST(p.PARTITION_NAME AS BINARY)',
    IS_PARTITIONED: 'CAST(COUNT(p.SUBPARTITION_NAME) > 0 AS SIGNED)',
    METHOD: 'MAX(p.SUBPARTITION_METHOD)',
    COUNT: 'CAST(COUNT(p.SUBPARTITION_NAME) AS SIGNED)',
    PARENT: 'NULL',
    CONSTRAINT: `CASE
      WHEN MAX(p.PARTITION_METHOD) LIKE 'RANGE%' AND MAX(p.PARTITION_DESCRIPTION) = 'MAXVALUE' THEN 'VALUES LESS THAN MAXVALUE'
      WHEN MAX(p.PARTITION_METHOD) LIKE 'RANGE%' THEN CONCAT('VALUES LESS THAN (', MAX(p.PARTITION_DESCRIPTION), ')')
      -- Each text of a list has quotes.
      WHEN MAX(p.PARTITION_METHOD) = 'LIST COLUMNS' AND TRIM(LEADING '(' FROM MAX(p.PARTITION_DESCRIPTION)) LIKE 'MAXVALUE%' THEN 'DEFAULT'
      ${isMariadb(version) ? LIST_OR_DEFAULT : ''}
      WHEN MAX(p.PARTITION_METHOD) LIKE 'LIST%' THEN CONCAT('VALUES IN (', MAX(p.PARTITION_DESCRIPTION), ')')
    END`,
    LEVEL: '1',
  });
  const subpartitions = fillIn(partitionSql, {
    ...shared,
    NAME: 'p.SUBPARTITION_NAME',
    GROUP: 'CAST(p.PARTITION_NAME AS BINARY), CAST(p.SUBPARTITION_NAME AS BINARY)',
    IS_PARTITIONED: '0',
    METHOD: 'NULL',
    COUNT: '0',
    PARENT: 'p.PARTITION_NAME',
    CONSTRAINT: 'NULL',
    LEVEL: '2',
  });
  return `${partitions}\n${subpartitions}`;
}

/** What completeColumns() and completeRoutines() fill in. */
const COLUMN_PLACES = `'${USUAL_TYPE}' AS table_type, NULL::VARCHAR AS constraint_type, NULL::VARCHAR AS constraint_name,
  false AS is_primary, false AS is_foreign, 'NO' AS belongs_to_partition, 'NO' AS partitioned_table`;
/**
 * One short text for all that columns of one type share, so that a reader of many rows reads the rest once
 * (read-rows.ts). All of it at length, for each row of a file, would take more memory than any other column.
 */
const TYPE_KEY = `md5(concat_ws(chr(31), ${mysqlTypeColumns
  .map((column) => `coalesce(${column}::VARCHAR, chr(30))`)
  .join(', ')})) AS type_key`;
const ROUTINE_PLACES = 'NULL::VARCHAR AS arguments';
/** Of a column without a default, MariaDB says NULL; it quotes a text. MySQL does neither. */
const MARIADB_DEFAULT = "nullif(column_def, 'NULL')";
/** The same with details, of columns and of routines. */
const columnDetailPlaces = (version: string) => `,
  ${isMariadb(version) ? MARIADB_DEFAULT : 'column_def'} AS default_value, NULL::BOOLEAN AS is_indexed, NULL::VARCHAR AS foreign_schema, NULL::VARCHAR AS foreign_table,
  NULL::VARCHAR AS foreign_column`;
const ROUTINE_DETAIL_PLACES = ', NULL::VARCHAR AS argument_list';

/** A query of a view that a mirror may lack, as Atlan's own script does not make it: then undefined. */
async function ifThere(
  client: CatalogClient,
  view: 'PARAMETERS' | 'STATISTICS',
  query: RowsQuery,
): Promise<RowsQuery | undefined> {
  const { clonedInformationSchema: mirror } = client.source;
  if (mirror === undefined) return query;
  const { rows } = await client.ask(
    `SELECT COUNT(*) AS views FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quoteMysqlText(mirror)} AND TABLE_NAME = '${view}'`,
  );
  return Number(rows[0]?.[0]) > 0 ? query : undefined;
}

/** @see Catalog.queries */
export async function queriesOf(
  { filters, serverVersion, tablePartitions, details }: CatalogState,
  _rows: RowTakers,
  client: CatalogClient,
): Promise<CatalogQueries> {
  const schemas = await schemasInScope(client, filters, await listSchemas(client));
  const names = await listNames(client, schemas);
  const expected = await relationsIn(client, filters, names);
  // Columns of what may be a view or a sequence are left out: it is locked, and read again.
  const others = names.filter((name) => name.type === undefined || !isRelation(name));
  const placeholders = placeholdersOf(client, schemas);
  const fill = (sql: string): RowsQuery => ({ sql: fillIn(sql, placeholders) });
  const { tempTableRegex } = filters;
  const kept = (column: string) =>
    tempTableRegex === '' ? 'true' : `NOT ${matchesAnywhere(column, tempTableRegex)}`;
  const partitions = tablePartitions ? partitionsOf(placeholders, serverVersion, details) : '';
  const ofKeys = await completeColumns(client, fill(keysSql));
  const detailed = details
    ? await readColumnDetails(
        client,
        {
          indexes: await ifThere(client, 'STATISTICS', fill(indexesSql)),
          references: fill(referencesSql),
        },
        expected,
      )
    : undefined;
  return {
    ambiguousNames: ambiguousAmong(schemas, expected),
    rows: {
      database: fill(databaseSql),
      schema: fill(schemaSql),
      table: {
        sql: fillIn(tableSql, {
          ...placeholders,
          PARTITIONS: partitions,
          DETAILS: details ? `, ${momentOf('t.UPDATE_TIME')} AS update_time` : '',
        }),
        select: (relation) =>
          `SELECT * EXCLUDE (is_unreadable) REPLACE (is_partition = 1 AS is_partition) FROM ${relation}
           WHERE is_unreadable = 0 AND ${kept('coalesce(parent_table_name, table_name)')}`,
      },
      column: {
        ...fill(columnSql),
        select: (relation) =>
          `SELECT *, ${COLUMN_PLACES}, ${TYPE_KEY}${details ? columnDetailPlaces(serverVersion) : ''} FROM ${relation} WHERE ${kept('table_name')} AND ${notOf(others)}`,
      },
      'extras-procedure': {
        sql: fillIn(procedureSql, {
          ...placeholders,
          DETAILS: details ? `,\n${procedureDetailsSql}` : '',
        }),
        select: (relation) =>
          `SELECT * REPLACE (is_overloaded = 1 AS is_overloaded), ${ROUTINE_PLACES}${details ? ROUTINE_DETAIL_PLACES : ''} FROM ${relation}`,
      },
    },
    complete: {
      column(chunk, columns, relations) {
        ofKeys(chunk, columns, relations);
        detailed?.complete(chunk, columns, relations);
      },
      'extras-procedure': await completeRoutines(
        client,
        await ifThere(client, 'PARAMETERS', fill(argumentsSql)),
      ),
    },
    ...(detailed ? { referenced: detailed.referenced } : {}),
    expected,
    hidden: {
      view: 'SHOW VIEW',
      routine: isMariadb(serverVersion)
        ? 'SHOW CREATE ROUTINE (MariaDB 11.3 and later) or SELECT on mysql.proc'
        : 'SHOW_ROUTINE',
    },
    warnings: [
      ...(await limitsOf(client, schemas)),
      ...sequencesAmong(names),
      ...(isMariadb(serverVersion) ? await packagesIn(client, fill(packagesSql)) : []),
    ],
  };
}

/** DuckDB SQL condition: a row is of none of these. */
const notOf = (names: readonly MysqlName[]) =>
  names.length === 0
    ? 'true'
    : `(table_schema, table_name) NOT IN (${names.map(({ schema, name }) => `(${quoteLiteral(schema)}, ${quoteLiteral(name)})`).join(', ')})`;

/** More names would make the message hard to read. */
const MAX_NAMES = 3;

const leftOut = (what: string, number: number, names: readonly string[]) => {
  const shown = names.slice(0, MAX_NAMES);
  const more = number > shown.length ? ` and ${formatCount(number - shown.length)} more` : '';
  return `Left out, because Atlan has no type for ${what}: ${shown.join(', ')}${more}.`;
};

function sequencesAmong(names: readonly MysqlName[]): string[] {
  const sequences = names.filter(({ type }) => type === 'SEQUENCE');
  if (sequences.length === 0) return [];
  return [
    leftOut(
      'sequences',
      sequences.length,
      sequences.map(({ schema, name }) => `${schema}.${name}`),
    ),
  ];
}

async function packagesIn({ ask }: CatalogClient, { sql }: RowsQuery): Promise<string[]> {
  const { rows } = await ask(sql);
  if (rows.length === 0) return [];
  return [
    leftOut(
      'packages',
      Number(rows[0]?.[0]),
      rows.map(([, name]) => String(name)),
    ),
  ];
}
