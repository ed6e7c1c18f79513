import pg from 'pg';
import type { PostgresServer } from './postgres-server.ts';

/** Runs statements as the superuser in another database of a server. */
export async function queryDatabase(server: PostgresServer, database: string, sql: string): Promise<void> {
  const { host, port, user, password } = server;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
