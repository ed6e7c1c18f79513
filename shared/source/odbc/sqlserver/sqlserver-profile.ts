import type { LexicalRules } from '../../../duckdb/sql-text.ts';
import { ConfigError, QueryError } from '../../../errors.ts';
import type { AskSource, ClientColumn } from '../../dialect.ts';
import type { ConnectionPart } from '../connection-string.ts';
import type { OdbcProfile } from '../odbc-profile.ts';
import { sqlServerErrorPatterns } from './sqlserver-errors.ts';
import {
  planSqlServerColumn,
  quoteSqlServerName,
  quoteSqlServerText,
  sqlServerText,
} from './sqlserver-types.ts';

/** https://learn.microsoft.com/sql/t-sql/language-elements/slash-star-comment-transact-sql: comments may be nested. */
const lexicalRules: LexicalRules = {
  part: /(?<space>\s+|--[^\n]*)|(?<block>\/\*)|(?<quoted>'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|\[(?:[^\]]|\]\])*(?:\]|$))|(?<end>;)|(?<word>[\w\u0080-\uffff$#@]+|[\s\S])/gy,
  nestedComments: true,
};

/** By position: a query may have columns without names. */
const reference = (_columns: readonly string[], index: number) => `q.c${index}`;

/**
 * The names and types of a query's columns, without running it.
 * https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-exec-describe-first-result-set-transact-sql
 */
async function describe(ask: AskSource, query: string): Promise<ClientColumn[]> {
  const { rows } = await ask(
    `SELECT CONVERT(nvarchar(4000), d.name) AS name, CONVERT(nvarchar(4000), COALESCE(d.system_type_name, d.user_type_name)) AS type,
       CONVERT(nvarchar(4000), d.error_message) AS error
     FROM sys.dm_exec_describe_first_result_set(${quoteSqlServerText(query)}, NULL, 0) AS d
     WHERE d.is_hidden = 0 ORDER BY d.column_ordinal`,
  );
  const error = rows.find(([, , said]) => said !== null)?.[2];
  if (error !== undefined)
    throw new QueryError(`The source refused the query: ${String(error).replace(/\.?$/, '.')}`);
  const names = new Set<string>();
  return rows.map(([name, type], index) => {
    if (name === null || name === '')
      throw new QueryError(`Column ${index + 1} of the query has no name.`, { hint: 'Write … AS name.' });
    const key = String(name).toLowerCase();
    if (names.has(key))
      throw new QueryError(`The query returns two columns named "${name}".`, {
        hint: 'Rename one of them: … AS other_name.',
      });
    names.add(key);
    return { name: String(name), type: String(type) };
  });
}

/** Without row versions, rows that move while they are read are missed or come twice. */
async function assertSnapshots(ask: AskSource): Promise<void> {
  const { rows } = await ask(
    'SELECT CONVERT(int, is_read_committed_snapshot_on) AS is_on FROM sys.databases WHERE database_id = DB_ID()',
  );
  if (Number(rows[0]?.[0]) === 1) return;
  throw new ConfigError('The database does not let a query see one moment of its tables.', {
    hint: 'ALTER DATABASE … SET READ_COMMITTED_SNAPSHOT ON; it is on by default in Azure SQL Database.',
  });
}

/** The driver's words for encryption: https://learn.microsoft.com/sql/connect/odbc/dsn-connection-string-attribute, https://www.freetds.org/userguide/odbcconnattr.html */
function encryption(isFreeTds: boolean, isOn: boolean): readonly ConnectionPart[] {
  if (!isFreeTds)
    return [
      ['Encrypt', isOn ? 'yes' : 'no'],
      ['TrustServerCertificate', 'no'],
    ];
  if (!isOn) return [['Encryption', 'off']];
  throw new ConfigError('Ferry cannot tell FreeTDS which authorities to trust.', {
    hint: "Use Microsoft's driver (msodbcsql18), or tls: { mode: disable } in a network that you trust.",
  });
}

/** SQL Server, from its documentation: none was available for the tests. */
export const sqlServerProfile: OdbcProfile = {
  packages: { debian: 'tdsodbc (or msodbcsql18 of Microsoft)', file: 'libtdsodbc.so' },
  connectionParts({ host, port, username, password, database }, { mode }, driver) {
    const isFreeTds = /tds/i.test(driver);
    return [
      ...(isFreeTds
        ? ([
            ['Server', host],
            ['Port', String(port)],
            ['TDS_Version', '7.4'],
            ['ClientCharset', 'UTF-8'],
          ] as const)
        : ([
            ['Server', `tcp:${host},${port}`],
            // Answers come one after the other, on one connection.
            ['MARS_Connection', 'no'],
          ] as const)),
      ['Database', database],
      ['UID', username],
      ['PWD', password],
      ...encryption(isFreeTds, mode !== 'disable'),
      ['APP', 'ferry'],
      ['ApplicationIntent', 'ReadOnly'],
    ];
  },
  firstStatements: [],
  lettersProbe: {
    letters: 'ü漢🐘',
    sql: (letters) => `SELECT CONVERT(varchar(50), CONVERT(varbinary(20), N'${letters}'), 2), N'${letters}'`,
    encoding: 'utf16le',
  },
  // The driver itself keeps the transaction: a BEGIN TRANSACTION in a prepared statement is an error (266).
  transaction: { begin: [] },
  describeServer: ({ version }) => `SQL Server ${version}`,
  defaultPort: 1433,
  lexicalRules: () => lexicalRules,
  defaultSchema: () => 'dbo',
  tablesNamed: () => {
    throw new Error('A duckdbQuery cannot read SQL Server.');
  },
  serverFacts: `SELECT CONVERT(varchar(20), @@SPID) AS id, CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')) AS version, '' AS mode, NULL AS read_only, CASE WHEN IS_SRVROLEMEMBER('sysadmin') = 1 THEN 'sysadmin' END AS superuser`,
  // It takes a right that a login for reading should not have (ALTER ANY CONNECTION).
  cancel: async () => {},
  describe,
  planColumns: async (_ask, _query, columns) => {
    const names = columns.map(({ name }) => name);
    return columns.map(({ name, type }, index) =>
      planSqlServerColumn({ name, declared: type }, reference(names, index)),
    );
  },
  selectFrom(query, expressions, columns) {
    const list = expressions.map(({ sql, alias }) => `${sql} AS ${alias}`).join(', ');
    const names = columns.map((_, index) => `c${index}`).join(', ');
    return `SELECT ${list} FROM (${query}\n) AS q (${names})`;
  },
  reference,
  quoteName: quoteSqlServerName,
  asText: (value, _type, name) => sqlServerText(value, name),
  async assertChangesNothing(ask) {
    await assertSnapshots(ask);
  },
  estimateRows: async () => undefined,
  async findWritePrivileges(ask) {
    const { rows } = await ask(
      `SELECT DISTINCT CONVERT(nvarchar(128), permission_name) AS permission FROM fn_my_permissions(NULL, 'DATABASE')
       WHERE permission_name IN ('INSERT', 'UPDATE', 'DELETE', 'ALTER', 'CONTROL', 'EXECUTE', 'CREATE TABLE')`,
    );
    return rows.length === 0
      ? []
      : [`has ${rows.map(([permission]) => permission).join(', ')} on the database`];
  },
  async describeEncryption(ask) {
    const { rows } = await ask(
      'SELECT CONVERT(varchar(40), encrypt_option) AS encrypted FROM sys.dm_exec_connections WHERE session_id = @@SPID',
    );
    return rows[0]?.[0] === 'TRUE' ? 'TLS' : undefined;
  },
  findSnapshotGap: async () => undefined,
  errorPatterns: sqlServerErrorPatterns,
};
