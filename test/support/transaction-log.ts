import { readFileSync } from 'node:fs';
import type { MysqlServer } from './mysql-server.ts';
import type { PostgresServer } from './postgres-server.ts';

/** A statement that reached a server, and whether the server was then in a transaction that only reads one moment. */
export interface LoggedStatement {
  connection: string;
  sql: string;
  inSnapshot: boolean;
}

/** What a MySQL or MariaDB is started with for {@link mysqlLog}. */
export const mysqlLogSettings = { general_log: '1', log_output: 'TABLE' };

/** Each statement since the last call that came over TCP, by the general log: `settings` and what begins a transaction left out. */
export async function mysqlLog(server: MysqlServer): Promise<LoggedStatement[]> {
  const rows = await server.query(
    'SELECT thread_id AS connection, command_type AS command, CONVERT(argument USING utf8mb4) AS text FROM mysql.general_log',
  );
  await server.query('TRUNCATE mysql.general_log');
  const open = new Map<string, boolean>();
  const statements: LoggedStatement[] = [];
  for (const { connection, command, text } of rows) {
    if (command === 'Connect' && String(text).includes('TCP/IP')) open.set(connection, false);
    if (!open.has(connection) || !['Query', 'Prepare', 'Execute'].includes(command)) continue;
    const sql = String(text).replace(/\s+/g, ' ');
    if (/^START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT$/.test(sql)) open.set(connection, true);
    else if (/^(START|BEGIN|COMMIT|ROLLBACK(?! TO)|SET (SESSION )?autocommit)/i.test(sql))
      open.set(connection, false);
    else if (!/^(SET (SESSION|NAMES|TIME_ZONE)|SAVEPOINT|RELEASE)/.test(sql))
      statements.push({ connection, sql, inSnapshot: open.get(connection) === true });
  }
  return statements;
}

/** What a Postgres is started with for {@link postgresLog}. */
export const postgresLogSettings = { log_statement: 'all', log_line_prefix: '%p ferry=%a ' };

/** What DuckDB's client says by itself when it opens, checks and cleans a connection. */
const housekeeping =
  /^(SELECT 1|DISCARD ALL|SELECT version\(\), \(SELECT COUNT.*'rds%'\)|SELECT to_regclass\('duckdb_secrets'\))$/;

/** Each statement of Ferry's in the server's log so far; what begins and ends a transaction left out. */
export function postgresLog({ logFile }: PostgresServer): LoggedStatement[] {
  const open = new Map<string, boolean>();
  const statements: LoggedStatement[] = [];
  const lines = readFileSync(logFile, 'utf8').matchAll(
    /^(\d+) ferry=ferry LOG: {2}(?:statement|execute [^:]*): (.*(?:\n\t.*)*)/gm,
  );
  for (const [, connection = '', text = ''] of lines) {
    const sql = text.replace(/\s+/g, ' ');
    if (/^BEGIN\b/.test(sql)) open.set(connection, /REPEATABLE READ/.test(sql) && /READ ONLY/.test(sql));
    if (/^(COMMIT|ROLLBACK|END)\b/.test(sql)) open.set(connection, false);
    if (/^(BEGIN|COMMIT|ROLLBACK|END)\b/.test(sql) || housekeeping.test(sql)) continue;
    statements.push({ connection, sql, inSnapshot: open.get(connection) === true });
  }
  return statements;
}
