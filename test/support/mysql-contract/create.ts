import { readFileSync } from 'node:fs';
import { type MysqlServer, startMysql } from '../servers/mysql-server.ts';

const readSql = (file: string) => readFileSync(new URL(`./sql/${file}`, import.meta.url), 'utf8');

/**
 * A server with a catalog that was written from the contract alone, in an odd time zone, with modes that change what quotes and
 * backslashes mean, and with no room for GROUP_CONCAT.
 */
export async function startContractMysql(flavor: MysqlServer['flavor']): Promise<MysqlServer> {
  const server = await startMysql({
    flavor,
    settings: { default_time_zone: '+05:45', event_scheduler: 'OFF' },
  });
  try {
    await server.query('SET GLOBAL log_bin_trust_function_creators = 1');
    for (const file of ['common', flavor, 'logins']) await server.query(readSql(`${file}.sql`));
    await server.query(`SET DEFAULT ROLE looks ${flavor === 'mysql' ? 'TO' : 'FOR'} by_role`);
    await server.query(
      `SET GLOBAL sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,ONLY_FULL_GROUP_BY'; SET GLOBAL group_concat_max_len = 4`,
    );
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}
