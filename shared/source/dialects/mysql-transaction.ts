import type { SourceClient } from '../dialect.ts';

/**
 * What a connection does before anything else, in this order; one that cannot is not made. DuckDB's client begins a transaction on
 * the connection of its table scans only, and without a snapshot; a query is sent on a connection of its own, which commits each
 * statement (https://github.com/duckdb/duckdb-mysql/blob/v1.5-variegata/src/mysql_scanner.cpp).
 */
const firstStatements = [
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  // Time-outs of the session, which would end a transaction that reads for long or waits for its reader; those of MariaDB only in a
  // comment that MySQL skips. A lock is waited for as long as a try may take, not for a day. Messages are recognized in English.
  "SET SESSION lc_messages = 'en_US', wait_timeout = 28800, net_write_timeout = 3600, lock_wait_timeout = 30 /*M!100300 , idle_transaction_timeout = 0, idle_readonly_transaction_timeout = 0 */",
  'START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT',
  // A savepoint outlives its statement inside a transaction only: elsewhere the second statement fails, and the connection with it.
  'SAVEPOINT ferry',
  'RELEASE SAVEPOINT ferry',
];

const CONNECT_TIMEOUT_SECONDS = 10;

/**
 * The host in the form in which MariaDB's client library, which DuckDB's client stands on, takes more than a host
 * (https://github.com/mariadb-corporation/mariadb-connector-c/blob/3.4/libmariadb/mariadb_lib.c, parse_connection_string).
 *
 * @param host a host name or an address: nothing that could end the braces
 */
export function beginningOn(host: string): string {
  if (/[{};]/.test(host)) throw new Error('Not a host name.');
  const options = [
    ['host', host],
    ['connect-timeout', String(CONNECT_TIMEOUT_SECONDS)],
    ...firstStatements.map((statement) => ['init-command', statement]),
  ];
  return options.map(([name, value]) => `${name}={${value}}`).join(';');
}

/** Behind it a message of the client repeats the host, and with it what {@link beginningOn} put there. */
export const attemptedHost = / (?:First attempted|Attempted) host: [\s\S]*$/;

/**
 * Settings under which a connection keeps the transaction that it began with. From a pool it would come back reset; with transactions
 * of its own the client would end that one, and begin another without a snapshot.
 */
export const transactionSettings = [
  'SET GLOBAL mysql_pool_size=0',
  'SET GLOBAL mysql_enable_transactions=false',
];

const QUESTION = 'DROP TEMPORARY TABLE ferry_asks_whether_this_transaction_only_reads';

/**
 * Whether the server says that the current transaction only reads: it refuses to drop a temporary table that there is not. Any login
 * may ask that, and it changes nothing where the answer is that there is no such table. What @@transaction_read_only says is the next
 * transaction's default.
 *
 * It must be the last statement of a transaction, as DuckDB takes none after one that failed.
 */
export async function refusesToWrite(run: SourceClient['run']): Promise<boolean> {
  try {
    await run(`SELECT * FROM mysql_query('db', '${QUESTION}', stream_results=false)`);
    return false;
  } catch (error) {
    const said = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
    return /in a READ ONLY transaction/.test(said);
  }
}

/** A text as SQL that reads the same whatever sql_mode makes of a backslash. */
export const quoteText = (text: string) => `_utf8mb4 X'${Buffer.from(text).toString('hex')}'`;

/** A comment before a statement, by which another connection finds the one that runs it. */
export const markOf = (session: string) => `/* ferry ${session} */ `;

/**
 * Ends the statements of a session: each that carries its mark, and whatever its last known connection runs. All of them belong to
 * this login, so that it sees them and may end them.
 */
export async function cancelStatements(
  { ask, run }: SourceClient,
  { connectionId, session }: { connectionId: string; session: string },
): Promise<void> {
  const { rows } = await ask(
    `SELECT CONCAT(id) FROM information_schema.processlist
     WHERE command <> 'Sleep' AND (id = ${Number(connectionId)} OR info LIKE '${markOf(session)}%')`,
  );
  for (const [id] of rows) await run(`CALL mysql_execute('db', 'KILL QUERY ${Number(id)}')`).catch(() => {});
}
