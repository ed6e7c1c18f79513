import type { MysqlServer } from './mysql-server.ts';

/** One connection of the login `ferry`, by the server's own log. */
export interface LoggedConnection {
  id: number;
  /** SQL in the order in which it ran; what was only prepared stands in {@link prepared}. */
  ran: string[];
  prepared: string[];
}

/** Has the server write down each statement of every connection. */
export async function startGeneralLog(server: MysqlServer): Promise<void> {
  await server.query("SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 1");
}

/** How many rows of a server's log have been read: to truncate it would lock it against those who write. */
const read = new WeakMap<MysqlServer, number>();

/** What the connections over TCP have sent since the last call. */
export async function takeGeneralLog(server: MysqlServer): Promise<LoggedConnection[]> {
  const before = read.get(server) ?? 0;
  const rows = await server.query(
    `SELECT thread_id AS id, command_type AS kind, CONVERT(argument USING utf8mb4) AS argument FROM mysql.general_log
     LIMIT 18446744073709551615 OFFSET ${before}`,
  );
  read.set(server, before + rows.length);
  const connections = new Map<number, LoggedConnection>();
  for (const { id, kind, argument } of rows) {
    const text = String(argument);
    if (kind === 'Connect' && text.includes('TCP/IP'))
      connections.set(Number(id), { id: Number(id), ran: [], prepared: [] });
    const connection = connections.get(Number(id));
    if (kind === 'Query' || kind === 'Execute') connection?.ran.push(text);
    if (kind === 'Prepare') connection?.prepared.push(text);
  }
  return [...connections.values()];
}
