import { readFileSync } from 'node:fs';
import { type MysqlOptions, type MysqlServer, startMysql } from '../servers/mysql-server.ts';

export const FLAVORS = ['mariadb', 'mysql'] as const;

/** Logins of logins.sql, besides the server's own, which may do everything. */
export const STRANGER = { username: 'stranger', password: 'stranger' };
export const READER = { username: 'reader', password: 'reader' };
export const MIRRORED = { username: 'mirrored', password: 'mirrored' };

const readSql = (file: string) => readFileSync(new URL(`./sql/${file}`, import.meta.url), 'utf8');

/** Starts a server with the torture catalog. */
export async function startTortureMysql(options: MysqlOptions): Promise<MysqlServer> {
  const server = await startMysql(options);
  try {
    for (const file of ['common', server.flavor, 'logins', `mirror-${server.flavor}`])
      await server.query(readSql(`${file}.sql`));
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}
