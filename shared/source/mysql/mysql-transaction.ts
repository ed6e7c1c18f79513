import { asksForSharedLocks, mysqlLexicalRules } from '../../duckdb/sql-text.ts';
import { ExactnessError, FerryError, QueryError } from '../../errors.ts';
import type { AskSource, RunningStatements, ServerFacts, SourceClient, SourceTable } from '../dialect.ts';
import { engineMessage } from '../engine-message.ts';
import { findDefinitions, settingLeftChanged } from './mysql-definitions.ts';
import { quoteMysqlText } from './mysql-types.ts';

/**
 * The settings that each connection begins with. From then on the server's messages are in English, whatever its own language is,
 * because the client passes on only the text of an error, without its number. A session's own limits would end a long
 * run: the server closes a connection that is idle while another one reads, and one whose rows are taken slowly. And
 * three cut off a result without an error: its rows, the texts of GROUP_CONCAT, the steps of a recursive WITH (MariaDB).
 * Their values are the largest that servers take: a strict sql_mode (STRICT_ALL_TABLES) refuses a larger one. No text is
 * longer than 1 GB anyway, the most of max_allowed_packet.
 * MySQL reads the MariaDB parts as comments.
 */
export const mysqlSessionSettings = [
  "SET SESSION lc_messages = 'en_US'",
  `SET SESSION wait_timeout = 86400, net_write_timeout = 3600, lock_wait_timeout = CAST(LEAST(@@lock_wait_timeout, 30) AS UNSIGNED),
    sql_select_limit = 18446744073709551615, group_concat_max_len = 1073741824
    /*M!100202 , max_recursive_iterations = 4294967295 */ /*M!100309 , idle_transaction_timeout = 0, idle_readonly_transaction_timeout = 0 */`,
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
];

const firstStatements = [
  ...mysqlSessionSettings,
  'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
  // Fails, and the connection with it, if the server did not begin one.
  '/*M!100000 DO IF(@@in_transaction = 1, 0, (SELECT 1 UNION SELECT 2)) */',
];

/**
 * What follows for questions about the catalog:
 *
 * - MySQL counts a table's rows anew, and writes nothing into its cache; both end a question that takes too long. A
 *   login's own, shorter limit stays.
 * - Where somebody else holds a lock on a table, MySQL waits at most a second. MariaDB opens every table: it would wait for
 *   each, but skips it, with a warning, for a session that holds a lock itself, because that could be a deadlock. So the
 *   session takes one that nobody else wants.
 */
const catalogStatements = [
  // In some modes an empty text is NULL, or `||` is another operator. The server takes its catalog for a large one.
  "SET SESSION sql_mode = '', sql_big_selects = 1",
  `/*!80000 SET SESSION information_schema_stats_expiry = 0, lock_wait_timeout = 1,
    max_execution_time = CAST(IF(@@max_execution_time = 0, 900000, LEAST(@@max_execution_time, 900000)) AS UNSIGNED) */`,
  `/*M!100101 SET SESSION lock_wait_timeout = 1, max_statement_time = IF(@@max_statement_time = 0, 900, LEAST(@@max_statement_time, 900)) */`,
  "/*M!100000 DO GET_LOCK(CONCAT('ferry ', CONNECTION_ID()), 0) */",
];

/**
 * A host whose connections each begin with a read-only transaction of one snapshot. DuckDB's client sends no BEGIN
 * before a query in the source's own SQL, and has no option for it. But MariaDB's library below it accepts a connection
 * string instead of a host, with statements to run first:
 * https://mariadb.com/docs/connectors/mariadb-connector-c/mariadb-connector-c-guide
 *
 * @param host a name or an address, which contains none of the string's special characters (hostName of the config's
 *   schema)
 * @param ofCatalog whether the questions are about the catalog
 * @example beginningReadOnly('db.example.org') // 'host={db.example.org};init-command={…};init-command={…}'
 */
export function beginningReadOnly(host: string, ofCatalog = false): string {
  if (/[{};=]/.test(host)) throw new Error('A host name cannot contain { } ; or =.');
  const statements = ofCatalog ? [...firstStatements, ...catalogStatements] : firstStatements;
  return [`host={${host}}`, ...statements.map((sql) => `init-command={${sql}}`)].join(';');
}

/** A temporary table that does not exist. */
const NO_TABLE = 'ferry_is_this_read_only';

/**
 * Whether the server keeps a connection's transaction read-only, according to its answer to a statement that would
 * change nothing otherwise: error 1792 in a read-only transaction, error 1051 (unknown table) elsewhere.
 * `@@transaction_read_only` is only the session's default.
 */
export async function proveMysqlReadOnly({ ask }: SourceClient): Promise<boolean> {
  const refusal: unknown = await ask(`DROP TEMPORARY TABLE ${NO_TABLE}`).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refusal instanceof FerryError && refusal.retryable) throw refusal;
  const said = engineMessage(refusal);
  // In every language of the server's messages, in capitals.
  return /READ[ -]ONLY|1792/.test(said);
}

/** SQL for the pairs of schema and name. */
const namesOf = (tables: readonly SourceTable[]) =>
  tables.map(({ schema, table }) => `(${quoteMysqlText(schema)}, ${quoteMysqlText(table)})`).join(', ');

/**
 * Why a transaction does not show these tables at one moment: their engine has no snapshots.
 *
 * @param tables by the source's names
 */
export async function findMysqlSnapshotGap(
  ask: AskSource,
  tables: readonly SourceTable[],
): Promise<string | undefined> {
  const { rows } = await ask(
    `SELECT t.table_name AS name, t.engine AS engine FROM information_schema.tables AS t
     JOIN information_schema.engines AS e ON e.engine = t.engine
     WHERE (t.table_schema, t.table_name) IN (${namesOf(tables)}) AND e.transactions <> 'YES'`,
  );
  const [[name, engine] = []] = rows;
  return name === undefined
    ? undefined
    : `the table ${name} uses ${engine}, which does not support transactions`;
}

const locking = (what: string) =>
  new QueryError(`${what} locks the rows that it reads, so that others wait for Ferry.`, {
    hint: 'Leave out LOCK IN SHARE MODE or FOR SHARE: Ferry reads one snapshot without them, and with them a later moment.',
  });

/**
 * A read-only transaction refuses FOR UPDATE, but allows shared locks. And nobody can ask a connection whose rows have
 * been read whether a function has changed how it prints values. So the query is searched for both, with the views that
 * it reads and the functions that it calls, as far as the login may see their SQL.
 *
 * @throws QueryError for a lock, ExactnessError for a setting
 */
export async function assertMysqlChangesNothing(
  ask: AskSource,
  query: string | undefined,
  tables: readonly SourceTable[],
  { sqlMode, version }: ServerFacts,
): Promise<void> {
  const rules = mysqlLexicalRules(sqlMode);
  if (query !== undefined && asksForSharedLocks(query, rules)) throw locking('The query');
  for (const { kind, name, sql } of await findDefinitions(ask, query, tables, rules)) {
    if (asksForSharedLocks(sql, rules)) throw locking(`The ${kind} ${name}`);
    const setting = kind === 'view' ? undefined : settingLeftChanged(sql, rules);
    // MySQL decides before the first row which character set it sends.
    if (setting === undefined || (setting !== 'time_zone' && !/mariadb/i.test(version))) continue;
    throw new ExactnessError(
      `The ${kind} ${name}, which the query calls, changes the setting ${setting} of the session, and values of the query may depend on it.`,
      {
        hint: 'Remove it from the query, or have it set back what it has changed: SET time_zone = old_value.',
      },
    );
  }
}

/** Cancels what a session's connections do: the one of its transaction, and those with its mark. */
export async function cancelMysql({ ask, run }: SourceClient, running: RunningStatements): Promise<void> {
  const { rows } = await ask(
    `SELECT CONCAT(id) AS id FROM information_schema.processlist
     WHERE info LIKE '/* ${running.mark} */%'${running.connectionId === undefined ? '' : ` OR id = ${Number(running.connectionId)}`}`,
  );
  for (const [id] of rows) await run(`CALL mysql_execute('db', 'KILL QUERY ${Number(id)}')`);
}
